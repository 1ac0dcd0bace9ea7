"""Rates, pauses, regularity and PR: what needs no more than the times of beats and P waves."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from cardiov_core.domain import Finding
from cardiov_core.signals.beat.rhythm import BETWEEN_BEATS, IRREGULAR_SHARE, longest_silence
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer, beyond
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence

BRADYCARDIA_BPM = 60.0
"""Bradycardia below this, the lower end of the usual 60 to 100 (ACC/AHA/HRS 2018 begin at 50, for treatment)."""

FOUND_BRADYCARDIA_BPM = 54.0
"""The finding begins below this: readers of PTB-XL seldom write bradycardia above it, and 0.95 of the others lie over
it (docs/method/findings.md)."""

TACHYCARDIA_BPM = 100.0
"""Tachycardia above this, the upper end of the usual 60 to 100."""

CRITICAL_RATES_BPM = (40.0, 150.0)
"""A heart rate below or above is critical (docs/clinical.md, 20)."""

CRITICAL_PAUSE_MS = 3000.0
"""A longer time without a beat is critical (docs/clinical.md, 20)."""

PROLONGED_PR_MS = 200.0
"""A longer PR interval is prolonged (docs/clinical.md, 19)."""

FOUND_PR_MS = 214.0
"""The finding begins above this: at 200 ms it would be seen in one of eleven records of PTB-XL without AV block, at 210
in more than one of 20 of LUDB (docs/method/findings.md)."""

_RATE_SPREAD_BPM = 1.0
_PR_SPREAD_MS = 8.0
_FEWEST_BEATS = 4


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Judge rates and intervals; `findings` holds the rhythm, without which PR means nothing."""
    for code, limit, over in (
        ("bradycardia", FOUND_BRADYCARDIA_BPM, False),
        ("tachycardia", TACHYCARDIA_BPM, True),
        ("severe_bradycardia", CRITICAL_RATES_BPM[0], False),
        ("severe_tachycardia", CRITICAL_RATES_BPM[1], True),
    ):
        yield answer(ROWS[code], evidence, lambda e, limit=limit, over=over: _rate(e, limit, over=over))  # type: ignore[misc]
    yield answer(ROWS["pause"], evidence, _pause)
    yield answer(ROWS["irregular_rhythm"], evidence, _irregular)
    yield answer(ROWS["prolonged_pr"], evidence, lambda e: _prolonged_pr(e, findings))


def _rate(evidence: Evidence, limit: float, *, over: bool) -> Seen | Unmeasurable:
    rate = evidence.measured.heart_rate_bpm
    if rate is None:
        return Unmeasurable(evidence.missing("heart_rate_bpm"))
    # What is printed decides: 99.7 reads 100, and must not be called slower than 100.
    is_there = round(rate) > limit if over else round(rate) < limit
    side = "over" if over else "under"
    sure = beyond(rate, limit, _RATE_SPREAD_BPM, over=over is is_there)
    reason = f"Heart rate {rate:.0f}/min; present {side} {limit:.0f}/min"
    return Seen(is_there, reason, {"heart_rate_bpm": rate}, sure)


def _pause(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    if not measured.beats and measured.longest_pause_ms is None:
        return Unmeasurable(evidence.missing("longest_pause_ms"))
    times = [beat.r_s for beat in measured.beats]
    silence = longest_silence(times, measured.measured_s, measured.gaps_s)
    longest, where = measured.longest_pause_ms or 0.0, BETWEEN_BEATS
    # At an edge a time without a beat is told only where it is a pause: every record begins and ends between beats.
    if silence is not None and silence.ms > longest and (not silence.at_least or silence.ms > CRITICAL_PAUSE_MS):
        longest, where = silence.ms, f"{silence.where}, at least" if silence.at_least else silence.where
    is_there = longest > CRITICAL_PAUSE_MS
    reason = (
        f"Longest time without a beat {longest / 1000:.2f} s ({where}); present over {CRITICAL_PAUSE_MS / 1000:g} s"
    )
    long = [
        index for index, (one, next_one) in enumerate(pairwise(times)) if 1000.0 * (next_one - one) >= longest - 1.0
    ]
    beats = (long[0], long[0] + 1) if is_there and long else ()
    return Seen(is_there, reason, {"longest_pause_ms": longest}, None, beats=beats)


def _irregular(evidence: Evidence) -> Seen | Unmeasurable:
    measured = evidence.measured
    mean_ms, sd_ms = measured.rr_mean_ms, measured.rr_sd_ms
    if measured.regular is None or not mean_ms or sd_ms is None:
        return Unmeasurable(evidence.missing("regular"))
    numbers = {"rr_mean_ms": mean_ms, "rr_sd_ms": sd_ms}
    span = ""
    if measured.rr_min_ms is not None and measured.longest_pause_ms is not None:
        numbers |= {"rr_min_ms": measured.rr_min_ms, "rr_max_ms": measured.longest_pause_ms}
        span = f" ({measured.rr_min_ms:.0f} to {measured.longest_pause_ms:.0f} ms)"
    reason = (
        f"RR intervals{span} vary with a standard deviation of {sd_ms:.0f} ms, {100 * sd_ms / mean_ms:.1f} % of their "
        f"mean; present over {100 * IRREGULAR_SHARE:g} %"
    )
    return Seen(not measured.regular, reason, numbers)


def _prolonged_pr(evidence: Evidence, findings: Mapping[str, Finding]) -> Seen | Unmeasurable:
    for code in ("atrial_fibrillation", "atrial_flutter", "av_block_3", "wide_complex_tachycardia"):
        if code in findings and findings[code].state == "present":
            return Unmeasurable(f"there is no PR interval in {findings[code].title.lower()}")
    pr = evidence.measured.pr_ms
    if pr is None:
        return Unmeasurable(evidence.missing("pr_ms"))
    if 0 < evidence.measured.n_beats < _FEWEST_BEATS:
        return Unmeasurable(f"there are only {evidence.measured.n_beats} beats to tell whether each follows its P wave")
    is_long = round(pr) > FOUND_PR_MS
    sure = beyond(pr, FOUND_PR_MS, _PR_SPREAD_MS, over=is_long)
    reason = f"PR {pr:.0f} ms; present over {FOUND_PR_MS:.0f} ms (over {PROLONGED_PR_MS:.0f} ms by definition)"
    return Seen(is_long, reason, {"pr_ms": pr}, sure)
