"""Conduction within the ventricles: bundle branches, fascicles, pre-excitation, and Sgarbossa's criteria."""

from collections.abc import Iterator, Mapping

from cardiov_core.domain import Finding, listed
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer, beyond
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import WIDE_QRS_MS, Evidence
from cardiov_core.signals.wave.lead_waves import LeadWaves

BLOCK_QRS_MS = 120.0
"""Complete bundle branch block from here on (Surawicz et al. 2009)."""

INCOMPLETE_QRS_MS = 90.0
"""Incomplete right bundle branch block with R' in V1 from here up to 120 ms. The source begins at 110 ms, where one in
eight of those lies that PTB-XL's readers call so (docs/method/findings.md)."""

DELAY_QRS_MS = 110.0
"""Intraventricular delay from here on, as some texts have it (docs/clinical.md, 29)."""

LAFB_AXIS_DEG = (-90.0, -30.0)
"""Axis in left anterior fascicular block. The source begins at -45 degrees, where a third of those lie that PTB-XL's
readers call so; with rS in II, too, -30 degrees leaves 0.97 of the others (docs/method/findings.md)."""

LPFB_AXIS_DEG = (90.0, 180.0)
"""Axis in left posterior fascicular block (the same source)."""

LATE_R_MS = 60.0
"""R peak in V5 or V6 later than this in left bundle branch block (the same source)."""

PRE_EXCITED_PR_MS, PRE_EXCITED_QRS_MS = 120.0, 110.0
"""PR under and QRS over these in pre-excitation (the same source)."""

CONCORDANT_MV = 0.1
"""Concordant ST elevation, or depression in V1 to V3 (Sgarbossa et al. 1996, doi:10.1056/NEJM199602223340801)."""

EXCESSIVE_RATIO = -0.25
"""ST over S at or below this is too much discordance (Smith et al. 2012, doi:10.1016/j.annemergmed.2012.07.119)."""

QRS_SPREAD_MS = 8.0
"""Standard deviation of QRS against carts and marks, for the confidence of a limit (docs/method/measurements.md)."""

_MIN_SLURRED_S_MS = 40.0
_SMALL_MV = 0.1
_SMALL_END = 0.15
_BROAD_R_MS = 85.0
_LATE_R_SHARE = 0.3  # of the height of the QRS, as for an R' behind an S
_NO_Q_SHARE = 0.05  # of R: a smaller q is none, however tall the QRS


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look at conduction."""
    yield answer(ROWS["wide_qrs"], evidence, _wide)
    own = _ventricles_alone(evidence, findings)
    for code, judge in (
        ("right_bundle_branch_block", _rbbb),
        ("incomplete_right_bundle_branch_block", _irbbb),
        ("left_bundle_branch_block", _lbbb),
        ("intraventricular_conduction_delay", _ivcd),
        ("left_anterior_fascicular_block", _lafb),
        ("left_posterior_fascicular_block", _lpfb),
        ("delta_wave", _pre_excitation),
        ("sgarbossa", _sgarbossa),
    ):
        yield answer(ROWS[code], evidence, judge if own is None else lambda _: own)


def _ventricles_alone(evidence: Evidence, findings: Mapping[str, Finding]) -> Unmeasurable | None:
    """Say that the beats may come from the ventricles themselves: a wide tachycardia, a wide escape rhythm."""
    for code, words in (("wide_complex_tachycardia", "tachycardia"), ("av_block_3", "escape rhythm")):
        if evidence.wide and code in findings and findings[code].state == "present":
            return Unmeasurable(f"the beats of a wide {words} may come from the ventricles themselves")
    return None


def _qrs(evidence: Evidence) -> float | Unmeasurable:
    value = evidence.measured.qrs_ms
    return Unmeasurable(evidence.missing("qrs_ms")) if value is None else value


def _wide(evidence: Evidence) -> Seen | Unmeasurable:
    qrs = _qrs(evidence)
    if isinstance(qrs, Unmeasurable):
        return qrs
    is_wide = round(qrs) >= WIDE_QRS_MS
    sure = beyond(qrs, WIDE_QRS_MS, QRS_SPREAD_MS, over=is_wide)
    return Seen(is_wide, f"QRS {qrs:.0f} ms; present from {WIDE_QRS_MS:g} ms", {"qrs_ms": qrs}, sure)


def right_form(waves: Mapping[str, LeadWaves]) -> tuple[str, ...]:
    """Return the leads that show a delayed right ventricle: a late R in V1 or V2, a broad late S in I and V6."""
    late = tuple(lead for lead in ("V1", "V2") if lead in waves and _late_r(waves[lead]))
    lateral = tuple(lead for lead in ("I", "V6") if lead in waves and _late_s(waves[lead]))
    return (*late, *lateral) if late and lateral else ()


def _late_r(lead: LeadWaves) -> bool:
    """Tell whether a lead ends in an R' or is one broad R."""
    if lead.r2_mv >= _SMALL_MV and lead.r2_mv >= min(lead.r1_mv, _LATE_R_SHARE * lead.height_mv):
        return True
    # A small last S, as the end of the QRS often leaves one, does not make a broad late R narrow.
    ends_up = lead.last_mv > 0 or lead.s_mv < _SMALL_END * lead.r_mv
    # Behind a deep Q or QS, as in left bundle branch block, a small R ends the QRS and is no late activation.
    tall = lead.r_mv > lead.s_mv and lead.r_mv >= _LATE_R_SHARE * lead.height_mv
    return ends_up and tall and lead.r_peak_ms > LATE_R_MS


def _late_s(lead: LeadWaves) -> bool:
    return lead.s_mv > lead.r_mv or lead.s_ms >= _MIN_SLURRED_S_MS


def left_form(waves: Mapping[str, LeadWaves]) -> tuple[str, ...]:
    """Return the leads that show a delayed left ventricle: V1 negative, a broad R without q in I, aVL, V5 or V6."""
    if "V1" not in waves or waves["V1"].r_mv > 0.5 * max(waves["V1"].s_mv, waves["V1"].q_mv):
        return ()
    lateral = [lead for lead in ("I", "aVL", "V5", "V6") if lead in waves]
    broad = tuple(lead for lead in lateral if _broad_r(waves[lead]))
    return ("V1", *broad) if len(broad) >= 2 or "V6" in broad else ()


def _broad_r(lead: LeadWaves) -> bool:
    return (
        lead.r_mv > lead.s_mv
        and lead.q_mv < max(_SMALL_MV / 2, _NO_Q_SHARE * lead.r_mv)
        and (lead.r_peak_ms >= LATE_R_MS or lead.notched or lead.r_ms >= _BROAD_R_MS)
        and lead.r_ms >= LATE_R_MS
    )


def _rbbb(evidence: Evidence) -> Seen | Unmeasurable:
    return _block(
        evidence, right_form(evidence.waves), ("V1", "I", "V6"), "R' or a late R in V1 or V2 and broad S in I or V6"
    )


def _lbbb(evidence: Evidence) -> Seen | Unmeasurable:
    return _block(
        evidence, left_form(evidence.waves), ("V1", "I", "V6"), "V1 negative and broad R without q in I, aVL, V5, V6"
    )


def _block(evidence: Evidence, form: tuple[str, ...], needed: tuple[str, ...], what: str) -> Seen | Unmeasurable:
    qrs = _qrs(evidence)
    if isinstance(qrs, Unmeasurable):
        return qrs
    if any(lead not in evidence.waves for lead in needed[:1]):
        return Unmeasurable(f"lead {needed[0]} cannot be used")
    is_wide = round(qrs) >= BLOCK_QRS_MS
    where = f"seen in {listed(form)}" if form else "not seen"
    reason = f"QRS {qrs:.0f} ms; {what}: {where}; present from {BLOCK_QRS_MS:g} ms with that form"
    sure = beyond(qrs, BLOCK_QRS_MS, QRS_SPREAD_MS, over=is_wide) if form else 0.95
    return Seen(is_wide and bool(form), reason, {"qrs_ms": qrs}, sure, leads=form)


def _irbbb(evidence: Evidence) -> Seen | Unmeasurable:
    qrs = _qrs(evidence)
    if isinstance(qrs, Unmeasurable):
        return qrs
    if "V1" not in evidence.waves:
        return Unmeasurable("lead V1 cannot be used")
    form = tuple(lead for lead in ("V1", "V2") if lead in evidence.waves and evidence.waves[lead].r2_mv >= _SMALL_MV)
    fits = INCOMPLETE_QRS_MS <= round(qrs) < BLOCK_QRS_MS and "V1" in form
    where = f"in {listed(form)}" if form else "not seen"
    reason = (
        f"QRS {qrs:.0f} ms, R' {where}; present from {INCOMPLETE_QRS_MS:g} to under {BLOCK_QRS_MS:g} ms with R' in V1"
    )
    return Seen(fits, reason, {"qrs_ms": qrs, "V1_r2_mv": evidence.waves["V1"].r2_mv}, None, leads=form)


def _ivcd(evidence: Evidence) -> Seen | Unmeasurable:
    qrs = _qrs(evidence)
    if isinstance(qrs, Unmeasurable):
        return qrs
    right, left = right_form(evidence.waves), left_form(evidence.waves)
    is_there = round(qrs) >= DELAY_QRS_MS and not right and not left
    clause = (
        "the form of right bundle branch block" if right else "that of left bundle branch block" if left else "neither"
    )
    reason = f"QRS {qrs:.0f} ms with {clause} form; present from {DELAY_QRS_MS:g} ms with neither bundle branch's form"
    return Seen(is_there, reason, {"qrs_ms": qrs}, beyond(qrs, DELAY_QRS_MS, QRS_SPREAD_MS, over=is_there))


def _lafb(evidence: Evidence) -> Seen | Unmeasurable:
    return _fascicle(evidence, LAFB_AXIS_DEG, "qR in aVL, rS in II, III and aVF", _lafb_form(evidence.waves))


def _lpfb(evidence: Evidence) -> Seen | Unmeasurable:
    return _fascicle(evidence, LPFB_AXIS_DEG, "rS in I and aVL, qR in III and aVF", _lpfb_form(evidence.waves))


def _fascicle(evidence: Evidence, axes: tuple[float, float], what: str, form: tuple[str, ...]) -> Seen | Unmeasurable:
    axis, qrs = evidence.measured.qrs_axis_deg, _qrs(evidence)
    if isinstance(qrs, Unmeasurable):
        return qrs
    if axis is None:
        return Unmeasurable(evidence.missing("qrs_axis_deg"))
    low, high = axes
    fits = low <= round(axis) <= high and round(qrs) < BLOCK_QRS_MS and bool(form)
    where = f"in {listed(form)}" if form else "not seen"
    reason = (
        f"QRS axis {axis:.0f} degrees, {what} {where}; present from {low:g} to {high:g} degrees with that form and QRS "
        f"under {BLOCK_QRS_MS:g} ms"
    )
    return Seen(fits, reason, {"qrs_axis_deg": axis, "qrs_ms": qrs}, None, leads=form)


def _lafb_form(waves: Mapping[str, LeadWaves]) -> tuple[str, ...]:
    needed = ("aVL", "II", "III", "aVF")
    if any(lead not in waves for lead in needed):
        return ()
    down = all(waves[lead].s_mv > waves[lead].r_mv for lead in needed[1:])
    return needed if waves["aVL"].r_mv > waves["aVL"].s_mv and down else ()


def _lpfb_form(waves: Mapping[str, LeadWaves]) -> tuple[str, ...]:
    needed = ("I", "aVL", "III", "aVF")
    if any(lead not in waves for lead in needed):
        return ()
    down = all(waves[lead].s_mv > waves[lead].r_mv for lead in ("I", "aVL"))
    up = all(waves[lead].r_mv > waves[lead].s_mv and waves[lead].q_mv > 0 for lead in ("III", "aVF"))
    return needed if down and up else ()


def _pre_excitation(evidence: Evidence) -> Seen | Unmeasurable:
    qrs, pr = _qrs(evidence), evidence.measured.pr_ms
    if isinstance(qrs, Unmeasurable):
        return qrs
    if pr is None:
        return Unmeasurable(evidence.missing("pr_ms"))
    slurred = slurred_onset(evidence)
    fits = round(pr) < PRE_EXCITED_PR_MS and round(qrs) > PRE_EXCITED_QRS_MS and len(slurred) >= 3
    reason = (
        f"PR {pr:.0f} ms, QRS {qrs:.0f} ms, slurred onset in {len(slurred)} leads; present under "
        f"{PRE_EXCITED_PR_MS:g} ms with QRS over {PRE_EXCITED_QRS_MS:g} ms and a slurred onset in three leads"
    )
    numbers = {"pr_ms": pr, "qrs_ms": qrs, "n_slurred_leads": float(len(slurred))}
    return Seen(fits, reason, numbers, None, leads=slurred)


def slurred_onset(evidence: Evidence) -> tuple[str, ...]:
    """Return the leads whose QRS begins slowly: a delta wave, or a long way to a late R."""
    beat = evidence.measured.median_beat
    if beat is None or beat.qrs is None:
        return ()
    fs = beat.sampling_rate
    first = max(0, beat.r_index + round(beat.qrs.onset_s * fs))
    last = beat.r_index + round(beat.qrs.offset_s * fs)
    step = max(1, round(0.01 * fs))
    slurred = []
    for lead in evidence.waves:
        row = beat.signal[beat.leads.index(lead), first : last + 1]
        if row.size < 5 * step:
            continue
        early = abs(float(row[3 * step] - row[0]))
        slope = float(abs(row[step:] - row[:-step]).max())
        # A steady rise of 30 ms, yet under half as steep as the steepest 10 ms.
        rising = all((row[(k + 1) * step] - row[k * step]) * (row[3 * step] - row[0]) > 0 for k in range(3))
        if rising and early >= _SMALL_MV / 2 and early / 3.0 < 0.5 * slope and early > 0.05 * slope * 3:
            slurred.append(lead)
    return tuple(slurred)


def _sgarbossa(evidence: Evidence) -> Seen | Unmeasurable:
    paced = evidence.paced_ventricles
    left = round(evidence.measured.qrs_ms or 0.0) >= BLOCK_QRS_MS and bool(left_form(evidence.waves))
    if not (paced or left):
        return Seen(False, "No left bundle branch block and no paced QRS, for which the criteria are meant", {}, 1.0)
    with_qrs, v1_to_v3, excess = [], [], []
    numbers: dict[str, float] = {}
    for lead, waves in evidence.waves.items():
        if lead == "aVR" or not waves.st_mv:
            continue
        numbers[f"{lead}_j_mv"] = waves.j_mv
        depth = max(waves.s_mv, waves.q_mv)
        if waves.r_mv > depth and round(waves.j_mv, 2) >= CONCORDANT_MV and evidence.holds_in_half(lead, CONCORDANT_MV):
            with_qrs.append(lead)
        if depth > waves.r_mv and lead in ("V1", "V2", "V3") and round(waves.j_mv, 2) <= -CONCORDANT_MV:
            v1_to_v3.append(lead)
        if depth > waves.r_mv and waves.j_mv >= CONCORDANT_MV and waves.j_mv / -depth <= EXCESSIVE_RATIO:
            excess.append(lead)
    parts = [
        f"concordant elevation in {listed(with_qrs)}" if with_qrs else "",
        f"concordant depression in {listed(v1_to_v3)}" if v1_to_v3 else "",
        f"ST/S at or below {EXCESSIVE_RATIO:g} in {listed(excess)}" if excess else "",
    ]
    clause = ", ".join(part for part in parts if part) or "none of the criteria"
    what = "a paced QRS" if paced else "left bundle branch block"
    reason = f"In {what}: {clause}; present with any"
    leads = tuple(dict.fromkeys((*with_qrs, *v1_to_v3, *excess)))
    levels = {lead: evidence.waves[lead].j_mv for lead in evidence.waves if evidence.waves[lead].st_mv}
    return Seen(bool(leads), reason, numbers, None, leads=leads, j_mv=levels)
