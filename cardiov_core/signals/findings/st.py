"""ST elevation and depression, with what else raises or lowers ST segments."""

from collections.abc import Iterator, Mapping

from cardiov_core.domain import Finding, listed
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer, beyond
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, contiguous_groups, region_of

ELEVATION_MV = 0.1
"""Elevation in two contiguous leads other than V2 and V3 (Fourth Universal Definition of MI 2018)."""

ELEVATION_V2_V3_MV: Mapping[str, float] = {"men from 40 years": 0.2, "men under 40": 0.25, "women": 0.15}
"""Elevation in V2 and V3 (the same source)."""

DEPRESSION_MV = 0.05
"""Depression, horizontal or down-sloping, in two contiguous leads (the same source)."""

_MIDDLE_AGE = 40.0
_J_SPREAD_MV = 0.025
_RECIPROCAL_MV = -0.05
_STRAIN_SHARE = 0.25
_DEPRESSED_LEADS = 6
_POSTERIOR_R_TO_S = 0.8
_NOTCH_MV = 0.1
_WIDESPREAD = 6
_PR_DEPRESSION_MV = 0.03
_OPPOSITE: Mapping[str, tuple[str, ...]] = {
    "inferior": ("aVL", "I"),
    "lateral": ("III", "aVF", "II"),
    "anterior": ("III", "aVF", "II"),
}


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look for everything that an ST segment tells."""
    repolarised = answer(ROWS["early_repolarisation"], evidence, lambda e: _early_repolarisation(e, findings))
    widespread = answer(ROWS["pericarditis"], evidence, lambda e: _pericarditis(e, findings))
    known = {**findings, repolarised.code: repolarised, widespread.code: widespread}
    yield answer(ROWS["st_elevation"], evidence, lambda e: _elevation(e, known))
    yield answer(ROWS["st_depression"], evidence, lambda e: _depression(e, known))
    yield answer(ROWS["posterior_st_depression"], evidence, lambda e: _posterior(e, known))
    yield answer(ROWS["avr_elevation"], evidence, lambda e: _avr(e, known))
    yield repolarised
    yield widespread


def elevation_limit(lead: str, evidence: Evidence) -> float:
    """Return the limit of ST elevation in a lead; of an unknown sex or age the highest that may hold."""
    if lead not in ("V2", "V3"):
        return ELEVATION_MV
    sex, age = evidence.record.sex, evidence.record.age
    if sex == "female":
        return ELEVATION_V2_V3_MV["women"]
    return ELEVATION_V2_V3_MV["men from 40 years" if age is not None and age >= _MIDDLE_AGE else "men under 40"]


def present(findings: Mapping[str, Finding], code: str) -> bool:
    """Tell whether a finding was made before."""
    return code in findings and findings[code].state == "present"


def _blocked(evidence: Evidence, findings: Mapping[str, Finding]) -> Unmeasurable | None:
    if present(findings, "left_bundle_branch_block"):
        return Unmeasurable("left bundle branch block moves the ST segment by itself; see the criteria of Sgarbossa")
    if evidence.paced_ventricles:
        return Unmeasurable("a paced QRS moves the ST segment by itself; see the criteria of Sgarbossa")
    if present(findings, "wide_complex_tachycardia"):
        return Unmeasurable("in a wide-complex tachycardia there is no ST segment to judge")
    return None


def _j_levels(evidence: Evidence) -> dict[str, float]:
    return {lead: waves.j_mv for lead, waves in evidence.waves.items() if waves.st_mv}


def _elevation(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    levels = _j_levels(evidence)
    large = _hypertrophied(findings)
    raised = frozenset(
        lead
        for lead, level in levels.items()
        if lead != "aVR" and _is_raised(evidence, lead, level) and not (large and _secondary(evidence, lead))
    )
    groups = contiguous_groups(raised)
    numbers = {f"{lead}_j_mv": level for lead, level in levels.items()}
    if not groups:
        tallest = max((lead for lead in levels if lead != "aVR"), key=lambda lead: levels[lead], default=None)
        if tallest is None:
            return Unmeasurable("the beats end before the ST segment")
        limit = elevation_limit(tallest, evidence)
        sure = 1.0 - beyond(levels[tallest], limit, _J_SPREAD_MV)
        reason = (
            f"Largest J level {levels[tallest]:+.2f} mV in {tallest}; present from {limit:g} mV in two contiguous leads"
        )
        return Seen(False, reason, numbers, max(sure, 0.5), j_mv=levels)
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups))
    region = region_of(frozenset(leads))
    depressed = _reciprocal(levels, region)
    against = _against_elevation(evidence, findings, leads, depressed)
    if against is None:
        numbers_text = ", ".join(f"{lead} {levels[lead]:+.2f}" for lead in leads)
        reason = f"J level {numbers_text} mV, which early repolarisation explains: concave ST after a notched J point"
        return Seen(False, reason, numbers, 0.6, leads=leads, j_mv=levels)
    sure = min(sorted(beyond(levels[lead], elevation_limit(lead, evidence), _J_SPREAD_MV) for lead in leads)[-2:])
    reason = f"J level {', '.join(f'{lead} {levels[lead]:+.2f}' for lead in leads)} mV"
    if depressed:
        reason += f", with reciprocal depression in {listed(depressed)}"
    limits = sorted({elevation_limit(lead, evidence) for lead in leads})
    reason += f"; present from {' and '.join(f'{limit:g}' for limit in limits)} mV in two contiguous leads"
    title = f"ST elevation, {region}" if region else "ST elevation"
    return Seen(True, reason, numbers, sure, against, leads, j_mv=levels, title=title)


def _is_raised(evidence: Evidence, lead: str, level: float) -> bool:
    limit = elevation_limit(lead, evidence)
    return round(level, 2) >= limit and evidence.holds_in_half(lead, limit)


def _secondary(evidence: Evidence, lead: str) -> bool:
    """Tell whether a deep S explains the elevation: under a quarter of it (Armstrong et al. 2012)."""
    waves = evidence.waves[lead]
    depth = max(waves.s_mv, waves.q_mv if waves.is_qs else 0.0)
    return lead in ("V1", "V2", "V3") and waves.j_mv < _STRAIN_SHARE * max(depth, 0.0)


def _reciprocal(levels: Mapping[str, float], region: str) -> tuple[str, ...]:
    opposite = next((leads for wall, leads in _OPPOSITE.items() if wall in region), ())
    return tuple(lead for lead in opposite if levels.get(lead, 0.0) <= _RECIPROCAL_MV)


def _against_elevation(
    evidence: Evidence, findings: Mapping[str, Finding], leads: tuple[str, ...], depressed: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return what speaks against an infarct; None where early repolarisation explains everything."""
    against = []
    if present(findings, "early_repolarisation") and not depressed:
        if all(_concave(evidence, lead) for lead in leads):
            return None
        against.append("The J point is notched or slurred as in early repolarisation.")
    if present(findings, "pericarditis") and not depressed:
        against.append("The elevation is widespread with PR depression, as in pericarditis.")
    if _hypertrophied(findings):
        against.append("Voltages of left ventricular hypertrophy, which raises ST where S is deep.")
    if evidence.wide:
        against.append(f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms), which moves the ST segment by itself.")
    if present(findings, "q_waves") and not depressed:
        against.append("Q waves in place: an old infarct may keep its ST raised.")
    return tuple(against)


def _hypertrophied(findings: Mapping[str, Finding]) -> bool:
    return any(present(findings, code) for code in ("lvh", "lvh_voltage_sokolow_lyon", "lvh_voltage_cornell"))


def _concave(evidence: Evidence, lead: str) -> bool:
    """Tell whether ST sags under the straight line from J to 80 ms after it, before an upright T."""
    levels = evidence.waves[lead].st_mv
    if len(levels) < 5 or evidence.waves[lead].t_mv <= 0:
        return False
    return levels[2] < (levels[0] + levels[4]) / 2.0 and levels[4] > levels[0] - 0.02


def _early_repolarisation(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    if evidence.wide:
        return Unmeasurable("QRS is wide")
    levels = _j_levels(evidence)
    notched = {
        lead: waves.j_mv
        for lead, waves in evidence.waves.items()
        if lead not in ("aVR", "V1", "V2", "V3") and waves.r_mv > waves.s_mv and waves.j_mv >= _NOTCH_MV
    }
    fits = frozenset(lead for lead in notched if _concave(evidence, lead))
    groups = contiguous_groups(fits)
    depressed = [lead for lead, level in levels.items() if lead != "aVR" and level <= _RECIPROCAL_MV]
    is_there = bool(groups) and not depressed
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups)) if is_there else ()
    where = listed(leads) if leads else "no two contiguous leads"
    reason = (
        f"J at 0.1 mV or more with concave ST and upright T in {where}; present in two without depression elsewhere"
    )
    return Seen(is_there, reason, {f"{lead}_j_mv": levels[lead] for lead in leads}, None, leads=leads, j_mv=levels)


def _pericarditis(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    levels = _j_levels(evidence)
    raised = tuple(lead for lead, level in levels.items() if lead not in ("aVR", "V1") and level >= DEPRESSION_MV)
    strong = [lead for lead in raised if levels[lead] >= ELEVATION_MV]
    depressed = [lead for lead, level in levels.items() if lead not in ("aVR", "V1") and level <= _RECIPROCAL_MV]
    pr_mv = _pr_depression(evidence, raised)
    if pr_mv is None:
        return Unmeasurable("no P wave, before which a PR depression is measured")
    is_there = len(raised) >= _WIDESPREAD and len(strong) >= 2 and not depressed and pr_mv >= _PR_DEPRESSION_MV
    reason = (
        f"ST raised by {DEPRESSION_MV:g} mV in {len(raised)} leads, PR depressed by {max(pr_mv, 0.0):.2f} mV in their "
        f"median; present from {_WIDESPREAD} leads and {_PR_DEPRESSION_MV:g} mV without depression elsewhere"
    )
    numbers = {"n_raised_leads": float(len(raised)), "pr_depression_mv": pr_mv}
    return Seen(is_there, reason, numbers, None, leads=raised if is_there else (), j_mv=levels)


def _pr_depression(evidence: Evidence, leads: tuple[str, ...]) -> float | None:
    """Return how far the level before P lies over the one before QRS, the median over some leads."""
    beat = evidence.measured.median_beat
    if beat is None or beat.p is None:
        return None
    stop = beat.r_index + round(beat.p.onset_s * beat.sampling_rate)
    start = stop - round(0.02 * beat.sampling_rate)
    if start < 0:
        return None
    levels = sorted(float(beat.signal[beat.leads.index(lead), start:stop].mean()) for lead in leads)
    return levels[len(levels) // 2] if levels else 0.0


def _depression(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    levels = _j_levels(evidence)
    numbers = {f"{lead}_j_mv": level for lead, level in levels.items()}
    late = {lead: waves.st_mv[1] for lead, waves in evidence.waves.items() if len(waves.st_mv) > 1}
    low = frozenset(lead for lead in levels if lead != "aVR" and _is_depressed(evidence, lead))
    groups = contiguous_groups(low)
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups))
    if not leads:
        deepest = min((lead for lead in late if lead != "aVR"), key=lambda lead: late[lead], default=None)
        if deepest is None:
            return Unmeasurable("the beats end before the ST segment")
        reason = (
            f"Lowest level 20 ms after J {late[deepest]:+.2f} mV in {deepest}; present from "
            f"{-DEPRESSION_LIMIT_MV:g} mV, horizontal or down-sloping, in two contiguous leads"
        )
        return Seen(False, reason, numbers, beyond(late[deepest], -DEPRESSION_LIMIT_MV, _J_SPREAD_MV), j_mv=levels)
    against = []
    if present(findings, "lvh"):
        against.append("Voltages of left ventricular hypertrophy: ST may be lowered by strain.")
    if evidence.wide:
        against.append(f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms), which moves the ST segment by itself.")
    if present(findings, "atrial_fibrillation") or present(findings, "tachycardia"):
        against.append("A fast or fibrillating rhythm lowers ST without ischaemia.")
    sure = min(sorted(beyond(-late[lead], DEPRESSION_LIMIT_MV, _J_SPREAD_MV) for lead in leads)[-2:])
    reason = (
        f"20 ms after J {', '.join(f'{lead} {late[lead]:+.2f}' for lead in leads)} mV, horizontal or down-sloping; "
        f"present from {-DEPRESSION_LIMIT_MV:g} mV in two contiguous leads"
    )
    region = region_of(frozenset(leads))
    title = f"ST depression, {region}" if region else "ST depression"
    return Seen(True, reason, numbers, sure, tuple(against), leads, j_mv=levels, title=title)


DEPRESSION_LIMIT_MV = 0.06
"""The finding begins here, 20 ms after J: at 0.05 mV it would be seen in more than one of 20 records of PTB-XL without
a related statement (docs/method/findings.md)."""

_FLAT_MV, _HALF_OF_BEATS_MV = 0.02, 0.03


def _is_depressed(evidence: Evidence, lead: str) -> bool:
    levels = evidence.waves[lead].st_mv
    if len(levels) < 5:
        return False
    # Horizontal or falling: 60 ms later it has not come back. What ends the QRS still bends the level at J itself.
    return (
        round(levels[1], 2) <= -DEPRESSION_LIMIT_MV
        and levels[4] <= levels[1] + _FLAT_MV
        and evidence.holds_in_half(lead, -_HALF_OF_BEATS_MV)
    )


def _posterior(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    if present(findings, "right_bundle_branch_block"):
        return Unmeasurable("right bundle branch block lowers ST in V1 to V3 by itself")
    chest = [lead for lead in ("V1", "V2", "V3") if lead in evidence.waves]
    fits = tuple(
        lead
        for lead in chest
        if _is_depressed(evidence, lead)
        and evidence.waves[lead].t_max_mv > abs(evidence.waves[lead].t_min_mv)
        and evidence.waves[lead].r_mv > _POSTERIOR_R_TO_S * evidence.waves[lead].s_mv
    )
    is_there = len(fits) >= 2
    clause = listed(fits) if fits else "none of V1 to V3"
    reason = f"ST depression with upright T and tall R in {clause}; present in two of V1 to V3"
    levels = _j_levels(evidence)
    numbers = {f"{lead}_j_mv": levels[lead] for lead in chest if lead in levels}
    return Seen(is_there, reason, numbers, None, leads=fits, j_mv=levels)


def _avr(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    levels = _j_levels(evidence)
    if "aVR" not in levels:
        return Unmeasurable("lead aVR cannot be used")
    low = tuple(lead for lead in levels if lead != "aVR" and _is_depressed(evidence, lead))
    raised = round(levels["aVR"], 2) >= DEPRESSION_MV
    is_there = raised and len(low) >= _DEPRESSED_LEADS
    reason = (
        f"J level {levels['aVR']:+.2f} mV in aVR, ST depression in {len(low)} leads; present from {DEPRESSION_MV:g} mV "
        f"with depression in {_DEPRESSED_LEADS}"
    )
    numbers = {"aVR_j_mv": levels["aVR"], "n_depressed_leads": float(len(low))}
    return Seen(is_there, reason, numbers, None, leads=("aVR", *low) if is_there else (), j_mv=levels)
