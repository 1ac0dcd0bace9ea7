"""T waves, QT and Brugada's pattern."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from cardiov_core.domain import Finding, listed
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer, beyond
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, contiguous_groups, region_of
from cardiov_core.signals.findings.st import present
from cardiov_core.signals.wave.lead_waves import LeadWaves

INVERTED_MV = -0.1
"""T inverted by more than this in two contiguous leads with prominent R (Fourth Universal Definition of MI 2018)."""

LONG_QTC_MS: Mapping[str, float] = {"male": 450.0, "female": 460.0}
"""QTc is prolonged from here on (Rautaharju et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191096)."""

FOUND_QTC_MS: Mapping[str, float] = {"male": 465.0, "female": 475.0}
"""The finding begins here: at 450 and 460 ms it would be seen in more than one of 20 records of PTB-XL without a long
QT (docs/method/findings.md)."""

BLOCK_SHARE = 0.485
"""Share of a wide QRS that is taken off QT (Bogossian et al. 2014, Heart Rhythm 11:2273)."""

CRITICAL_QTC_MS = 500.0
"""QTc is critical from here on (docs/clinical.md, 20)."""

SHORT_QTC_MS = 340.0
"""QTc is short up to here (docs/clinical.md, 31)."""

TALL_T_MV: Mapping[str, float] = {"limb": 0.5, "chest": 1.0}
"""T is tall over these: 5 mm in limb leads, 10 mm in chest leads (a usual definition)."""

BRUGADA_MV = 0.2
"""J of a coved ST segment in V1 or V2 from here on (Priori et al. 2013, doi:10.1016/j.hrthm.2013.05.014)."""

QTC_SPREAD_MS = 14.0
_T_SPREAD_MV = 0.03
_NO_QT = "in a wide-complex tachycardia one beat's T wave runs into the next beat"
_PROMINENT_R_TO_S = 1.0


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look at T waves and QT."""
    yield answer(ROWS["t_inversion"], evidence, lambda e: _inversion(e, findings))
    yield answer(ROWS["tall_t"], evidence, _tall)
    for code, judge in (("long_qtc", _long_qtc), ("critical_qtc", _critical_qtc), ("short_qtc", _short_qtc)):
        fast = present(findings, "wide_complex_tachycardia")
        yield answer(ROWS[code], evidence, judge if not fast else lambda _: Unmeasurable(_NO_QT))
    yield answer(ROWS["brugada_type_1"], evidence, lambda e: _brugada(e, findings))


def _inverted(waves: LeadWaves) -> bool:
    return round(waves.t_min_mv, 2) < INVERTED_MV and abs(waves.t_min_mv) > abs(waves.t_max_mv)


def _inversion(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    for code, words in (("left_bundle_branch_block", "left"), ("right_bundle_branch_block", "right")):
        if present(findings, code) and words == "left":
            return Unmeasurable("left bundle branch block turns T by itself")
    right = present(findings, "right_bundle_branch_block")
    ignored = {"aVR", "V1"} | ({"V2", "V3"} if right else set())
    fits = frozenset(
        lead
        for lead, waves in evidence.waves.items()
        if (lead not in ignored and _inverted(waves) and waves.r_mv > _PROMINENT_R_TO_S * waves.s_mv)
        or (lead in ("V2", "V3", "V4") and lead not in ignored and _inverted(waves))
    )
    groups = contiguous_groups(fits)
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups))
    numbers = {f"{lead}_t_mv": waves.t_mv for lead, waves in evidence.waves.items()}
    if not leads:
        clause = f"inverted in {listed(sorted(fits))} alone" if fits else "not inverted where R is prominent"
        return Seen(False, f"T {clause}; present under {INVERTED_MV:g} mV in two contiguous leads", numbers)
    against = []
    if present(findings, "lvh"):
        against.append("Voltages of left ventricular hypertrophy: T may be turned by strain.")
    if evidence.wide:
        against.append(f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms), which turns T by itself.")
    sizes = ", ".join(f"{lead} {evidence.waves[lead].t_min_mv:+.2f}" for lead in leads)
    sure = min(sorted(beyond(-evidence.waves[lead].t_min_mv, -INVERTED_MV, _T_SPREAD_MV) for lead in leads)[-2:])
    region = region_of(frozenset(leads))
    title = f"T inversion, {region}" if region else "T inversion"
    reason = f"T {sizes} mV; present under {INVERTED_MV:g} mV in two contiguous leads with prominent R"
    return Seen(True, reason, numbers, sure, tuple(against), leads, title=title)


def _tall(evidence: Evidence) -> Seen | Unmeasurable:
    fits = frozenset(lead for lead, waves in evidence.waves.items() if _is_tall(lead, waves))
    groups = contiguous_groups(fits)
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups))
    numbers = {f"{lead}_t_mv": evidence.waves[lead].t_mv for lead in evidence.waves}
    where = listed(leads) if leads else "no two contiguous leads"
    reason = (
        f"T over {TALL_T_MV['limb']:g} mV in limb or {TALL_T_MV['chest']:g} mV in chest leads, narrow and pointed, in "
        f"{where}; present in two"
    )
    return Seen(bool(leads), reason, numbers, None, leads=leads)


def _is_tall(lead: str, waves: LeadWaves) -> bool:
    limit = TALL_T_MV["chest" if lead.startswith("V") else "limb"]
    return waves.t_mv > limit and waves.t_width_ms < 120.0 and lead != "aVR"


def _qtc(evidence: Evidence) -> tuple[float, str] | Unmeasurable:
    """Return QTc with the words for it; of a wide QRS without the share by which it lengthens QT."""
    measured = evidence.measured
    value = measured.qtc_fridericia_ms
    if value is None:
        return Unmeasurable(evidence.missing("qtc_fridericia_ms"))
    if not evidence.wide or measured.qrs_ms is None or not measured.qt_ms:
        return value, f"QTc (Fridericia) {value:.0f} ms"
    narrow = value * (measured.qt_ms - BLOCK_SHARE * measured.qrs_ms) / measured.qt_ms
    return narrow, f"QTc (Fridericia) {value:.0f} ms, {narrow:.0f} ms without {100 * BLOCK_SHARE:g} % of the wide QRS"


def _wide_words(evidence: Evidence) -> tuple[str, ...]:
    if not evidence.wide:
        return ()
    return (f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms), which lengthens QT by itself.",)


def _long_qtc(evidence: Evidence) -> Seen | Unmeasurable:
    measured = _qtc(evidence)
    if isinstance(measured, Unmeasurable):
        return measured
    qtc, words = measured
    sex = evidence.record.sex
    limit = max(FOUND_QTC_MS.values()) if sex is None else FOUND_QTC_MS[sex]
    whose = {"male": " for men", "female": " for women"}.get(
        sex or "", ", the limit of either sex, since the sex is not stated (465 ms for men)"
    )
    is_long = round(qtc) >= limit
    reason = f"{words}; present from {limit:.0f} ms{whose}"
    sure = beyond(qtc, limit, QTC_SPREAD_MS, over=is_long)
    return Seen(
        is_long, reason, {"qtc_fridericia_ms": evidence.measured.qtc_fridericia_ms or qtc}, sure, _wide_words(evidence)
    )


def _critical_qtc(evidence: Evidence) -> Seen | Unmeasurable:
    measured = _qtc(evidence)
    if isinstance(measured, Unmeasurable):
        return measured
    qtc, words = measured
    is_long = round(qtc) >= CRITICAL_QTC_MS
    reason = f"{words}; present from {CRITICAL_QTC_MS:.0f} ms"
    sure = beyond(qtc, CRITICAL_QTC_MS, QTC_SPREAD_MS, over=is_long)
    return Seen(
        is_long, reason, {"qtc_fridericia_ms": evidence.measured.qtc_fridericia_ms or qtc}, sure, _wide_words(evidence)
    )


def _short_qtc(evidence: Evidence) -> Seen | Unmeasurable:
    measured = _qtc(evidence)
    if isinstance(measured, Unmeasurable):
        return measured
    qtc, words = measured
    is_short = round(qtc) <= SHORT_QTC_MS
    reason = f"{words}; present up to {SHORT_QTC_MS:.0f} ms"
    sure = beyond(qtc, SHORT_QTC_MS, QTC_SPREAD_MS, over=not is_short)
    return Seen(is_short, reason, {"qtc_fridericia_ms": evidence.measured.qtc_fridericia_ms or qtc}, sure)


def _brugada(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    if present(findings, "left_bundle_branch_block"):
        return Unmeasurable("left bundle branch block raises ST in V1 and V2 by itself")
    fits = tuple(lead for lead in ("V1", "V2") if lead in evidence.waves and _coved(evidence.waves[lead]))
    levels = {lead: evidence.waves[lead].j_mv for lead in ("V1", "V2") if lead in evidence.waves}
    if not levels:
        return Unmeasurable("leads V1 and V2 cannot be used")
    numbers = {f"{lead}_j_mv": level for lead, level in levels.items()}
    clause = f"coved in {listed(fits)}" if fits else "not coved"
    sizes = ", ".join(f"{lead} {level:+.2f}" for lead, level in levels.items())
    reason = f"J level {sizes} mV, ST {clause}; present from {BRUGADA_MV:g} mV, falling into a negative T"
    against = ("Right bundle branch block.",) if present(findings, "right_bundle_branch_block") else ()
    return Seen(bool(fits), reason, numbers, None, against, fits, j_mv=levels)


def _coved(waves: LeadWaves) -> bool:
    levels = waves.st_mv
    return (
        len(levels) == 5
        and round(levels[0], 2) >= BRUGADA_MV
        and all(later <= earlier + 0.01 for earlier, later in pairwise(levels))
        and waves.t_min_mv < 0
        and abs(waves.t_min_mv) > 0.05
        and waves.t_mv < 0
    )
