"""Q waves, R progression, and the pattern of an infarct as a trained detector sees it."""

from collections.abc import Iterator, Mapping

from cardiov_core.domain import Finding, listed
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, contiguous_groups, limit_of, probability, region_of
from cardiov_core.signals.findings.st import present
from cardiov_core.signals.wave.lead_waves import LeadWaves

Q_MS, Q_MV = 30.0, 0.1
"""A Q wave counts from here on, or a QS, in two contiguous of I, II, aVL, aVF, V4-V6 (Fourth Universal Definition of
MI 2018)."""

Q_V2_V3_MS = 20.0
"""In V2 and V3 a Q of this width, or a QS, counts (the same source)."""

POOR_R_MV = 0.2
"""R in V3 up to here is poor progression. The usual 0.3 mV would be seen in more than one of 20 records of PTB-XL
without an infarct (docs/method/findings.md)."""

TALL_R_MS = 40.0
"""R in V1 that is so broad and at least as tall as S, with upright T, may be the back wall's Q turned round (the same
source, which has V2, too: R is as tall as S there in six of 100 of PTB-XL's records without an infarct)."""


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look for what an infarct leaves."""
    yield answer(ROWS["q_waves"], evidence, lambda e: _q_waves(e, findings))
    yield answer(ROWS["infarct_pattern"], evidence, lambda e: _pattern(e, findings))
    yield answer(ROWS["poor_r_progression"], evidence, lambda e: _poor_r(e, findings))
    yield answer(ROWS["tall_r_v1"], evidence, lambda e: _tall_r(e, findings))


def _blocked(evidence: Evidence, findings: Mapping[str, Finding]) -> Unmeasurable | None:
    if present(findings, "left_bundle_branch_block"):
        return Unmeasurable("left bundle branch block hides or feigns Q waves")
    if present(findings, "delta_wave"):
        return Unmeasurable("a delta wave feigns Q waves")
    if present(findings, "wide_complex_tachycardia") or (evidence.wide and present(findings, "av_block_3")):
        return Unmeasurable("where the ventricles may beat by themselves Q waves mean nothing")
    return None


def _counts(lead: str, waves: LeadWaves) -> bool:
    if lead in ("V2", "V3"):
        return (waves.is_qs and waves.q_mv >= Q_MV) or (
            waves.q_ms >= Q_V2_V3_MS and waves.q_mv >= Q_MV / 2 and waves.r_mv > 0
        )
    return waves.q_mv >= Q_MV and (waves.is_qs or waves.q_ms >= Q_MS)


def _q_waves(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    seen = frozenset(
        lead for lead, waves in evidence.waves.items() if lead not in ("aVR", "V1") and _counts(lead, waves)
    )
    groups = [
        group for group in contiguous_groups(seen) if set(group) & {"I", "II", "aVF", "V2", "V3", "V4", "V5", "V6"}
    ]
    leads = tuple(lead for lead in evidence.waves if any(lead in group for group in groups))
    numbers: dict[str, float] = {}
    for lead in leads:
        numbers |= {f"{lead}_q_mv": evidence.waves[lead].q_mv, f"{lead}_q_ms": evidence.waves[lead].q_ms}
    if not leads:
        clause = f"in {listed(sorted(seen))} alone" if seen else "in no lead"
        return Seen(False, f"Pathological Q {clause}; present in two contiguous leads", numbers)
    sizes = ", ".join(
        f"{lead} QS" if evidence.waves[lead].is_qs else f"{lead} {evidence.waves[lead].q_ms:.0f} ms" for lead in leads
    )
    against = []
    if evidence.wide:
        against.append(f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms).")
    if present(findings, "lvh") and {"V2", "V3"} & set(leads):
        against.append("Voltages of left ventricular hypertrophy: R in V1 to V3 may be lost without an infarct.")
    if present(findings, "left_anterior_fascicular_block"):
        against.append("Left anterior fascicular block may feign Q waves.")
    region = region_of(frozenset(leads))
    title = f"Q waves, {region}" if region else "Q waves"
    reason = (
        f"Q {sizes}; present from {Q_MS:g} ms and {Q_MV:g} mV, or QS, in two contiguous leads ({Q_V2_V3_MS:g} ms or QS "
        "in V2 and V3)"
    )
    return Seen(True, reason, numbers, None, tuple(against), leads, title=title)


def _poor_r(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    if "V3" not in evidence.waves:
        return Unmeasurable("lead V3 cannot be used")
    height = evidence.waves["V3"].r_mv
    poor = round(height, 2) <= POOR_R_MV
    against = ("Left ventricular hypertrophy may hide R in V1 to V3.",) if present(findings, "lvh") else ()
    reason = f"R in V3 {height:.2f} mV; present up to {POOR_R_MV:g} mV"
    return Seen(poor, reason, {"V3_r_mv": height}, None, against, ("V3",) if poor else ())


def _tall_r(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    for code, words in (
        ("right_bundle_branch_block", "right bundle branch block makes R in V1 tall by itself"),
        (
            "incomplete_right_bundle_branch_block",
            "an incomplete right bundle branch block makes R in V1 tall by itself",
        ),
        ("right_ventricular_hypertrophy", "right ventricular hypertrophy makes R in V1 tall by itself"),
    ):
        if present(findings, code):
            return Unmeasurable(words)
    if "V1" not in evidence.waves:
        return Unmeasurable("lead V1 cannot be used")
    waves = evidence.waves["V1"]
    upright = waves.t_max_mv > abs(waves.t_min_mv)
    tall = waves.r_mv >= max(waves.s_mv, Q_MV) and waves.r_ms >= TALL_R_MS and upright
    t = "upright" if upright else "not upright"
    reason = (
        f"R in V1 {waves.r_mv:.2f} mV and {waves.r_ms:.0f} ms, S {waves.s_mv:.2f} mV, T {t}; present from "
        f"{TALL_R_MS:g} ms where R is at least as tall as S and T upright"
    )
    numbers = {"V1_r_mv": waves.r_mv, "V1_s_mv": waves.s_mv, "V1_r_ms": waves.r_ms}
    against = ("R in V1 may be tall where the chest electrodes sit too high, and in the young.",) if tall else ()
    return Seen(tall, reason, numbers, None, against, ("V1",) if tall else ())


def _pattern(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    blocked = _blocked(evidence, findings)
    if blocked is not None:
        return blocked
    if evidence.signs is None:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats")
    chance = probability(evidence, "infarct_pattern")
    if chance is None:
        return Unmeasurable("the trained detectors are not installed")
    limit = limit_of("infarct_pattern")
    is_there = chance >= limit
    against = []
    if evidence.wide:
        against.append(f"QRS is wide ({evidence.measured.qrs_ms:.0f} ms).")
    if present(findings, "lvh"):
        against.append("Voltages of left ventricular hypertrophy.")
    clause = f"the detector gives {100 * chance:.0f} %, present from {100 * limit:.0f} %"
    reason = f"Q, R, ST and T of all leads together: {clause}"
    return Seen(is_there, reason, {"probability": chance}, chance if is_there else 1.0 - chance, tuple(against))
