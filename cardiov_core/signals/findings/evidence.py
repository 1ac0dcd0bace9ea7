"""What findings are made of: a record with its measurements, the waves of each lead, and what forbids a judgement."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from cardiov_core.domain import (
    EcgRecord,
    Float64Array,
    Measurements,
    OperatingFigures,
    Quality,
    QualityVerdict,
    ReasonCode,
    first_of,
    listed,
)
from cardiov_core.signals.beat.rhythm_signs import RhythmSigns, rhythm_signs
from cardiov_core.signals.wave.lead_waves import LeadWaves, lead_waves

if TYPE_CHECKING:
    from cardiov_core.weights import FindingWeights


Need = Literal["adult", "electrodes", "places", "gain", "beat", "unpaced", "slow", "fast sampling"]
"""What a finding rests on: limits of adults, limb electrodes in their places, all electrodes in theirs, a gain that is
right, a median beat with a QRS, ventricles that no pacemaker drives, beats that leave room for the waves between them,
200 samples a second."""

ADULT_YEARS = 18
"""Limits of rate, intervals, axis and voltages are those of adults."""

WIDE_QRS_MS = 120.0
"""QRS is wide from here on (Surawicz et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191095)."""

CONTIGUOUS: tuple[tuple[str, ...], ...] = (
    ("aVL", "I", "aVR-", "II", "aVF", "III"),
    ("V1", "V2", "V3", "V4", "V5", "V6"),
)
"""Leads in anatomical order: limb leads as in Cabrera's circle (-aVR between I and II), chest leads from right to left.
Neighbours are contiguous, and so are I and aVL with V5 and V6 (docs/clinical.md)."""

REGIONS: Mapping[str, tuple[str, ...]] = {
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
    "septal": ("V1", "V2"),
    "anterior": ("V3", "V4"),
}
"""Walls by leads; 'anteroseptal' and the like are joined from these."""

_NOISE = frozenset({ReasonCode.MUSCLE_NOISE, ReasonCode.NOISE_BURST, ReasonCode.MAINS_HUM, ReasonCode.DRIFT})
_FASTEST_BPM = 150.0
_SLOWEST_SAMPLING_HZ = 200.0
_SPIKED_BEATS = 0.5
_LEVEL_S = 0.02
_BEAT_LEVEL_S = 0.016


@dataclass(frozen=True, eq=False)
class Evidence:
    """A record, what was measured on it, and the verdict of the quality gate."""

    record: EcgRecord
    measured: Measurements
    quality: Quality | None = None

    @cached_property
    def waves(self) -> Mapping[str, LeadWaves]:
        """The waves of each lead that can be used, on the median beat."""
        beat = self.measured.median_beat
        if beat is None:
            return {}
        return {lead: waves for lead, waves in lead_waves(beat).items() if lead not in self.rejected_leads}

    @cached_property
    def rejected_leads(self) -> frozenset[str]:
        """Leads that the gate rejects."""
        if self.quality is None:
            return frozenset()
        return frozenset(item.lead for item in self.quality.leads if item.verdict is QualityVerdict.NOT_ANALYSABLE)

    @cached_property
    def signs(self) -> RhythmSigns | None:
        """Signs of rhythm; None with fewer than four beats."""
        return rhythm_signs(self.record, self.measured)

    @cached_property
    def numbers(self) -> Mapping[str, float] | None:
        """All numbers that trained detectors are fed with; None with fewer than four beats."""
        if self.signs is None:
            return None
        return {**self.signs.numbers, **_wave_numbers(self), **_person(self)}

    @cached_property
    def figures(self) -> Mapping[str, OperatingFigures]:
        """How findings did on labelled records, by code."""
        return operating_figures()

    def noisy(self, lead: str) -> bool:
        """Tell whether the gate calls a lead noisy or drifting, so that its smallest waves mean nothing."""
        leads = () if self.quality is None else self.quality.leads
        return any(reason.code in _NOISE for item in leads if item.lead == lead for reason in item.reasons)

    @property
    def wide(self) -> bool:
        """Whether the QRS is wide."""
        return round(self.measured.qrs_ms or 0.0) >= WIDE_QRS_MS

    @property
    def paced_ventricles(self) -> bool:
        """Whether most beats follow a spike and are wide, so that their form is the pacemaker's."""
        spikes = self.measured.pacing_spikes_s
        return self.wide and len(spikes) >= _SPIKED_BEATS * max(1, self.measured.n_beats)

    def doubt(self, need: Need) -> str | None:
        """Return why a finding that rests on something cannot be judged; None where nothing forbids it."""
        if need not in self._doubts:
            self._doubts[need] = self._doubt(need)
        return self._doubts[need]

    @cached_property
    def _doubts(self) -> dict[Need, str | None]:
        return {}

    def _doubt(self, need: Need) -> str | None:
        match need:
            case "adult":
                age = self.record.age
                young = age is not None and age < ADULT_YEARS
                return f"the limits are those of adults, and the patient is {age:g} years old" if young else None
            case "electrodes":
                return self._swap
            case "places":
                return self._swap or self._chest_swap
            case "gain":
                return self._gain
            case "beat":
                return None if self.waves else self._no_beat
            case "unpaced":
                return "the ventricles are paced, which decides their form" if self.paced_ventricles else None
            case "slow":
                rate = self.measured.heart_rate_bpm
                fast = rate is not None and rate > _FASTEST_BPM
                return f"at {rate:.0f}/min the waves of one beat run into the next" if fast else None
            case "fast sampling":
                rate = self.record.sampling_rate
                return f"{rate:g} samples a second are too few" if rate < _SLOWEST_SAMPLING_HZ else None

    @property
    def _swap(self) -> str | None:
        if self.quality is None:
            return None
        swap = self.quality.limb_swap or first_of(self.quality.reasons, {ReasonCode.LIMB_LEADS_CONTRADICT})
        return None if swap is None else swap.text.rstrip(".")

    @property
    def _chest_swap(self) -> str | None:
        reasons = () if self.quality is None else self.quality.reasons
        swap = first_of(reasons, {ReasonCode.CHEST_LEADS_INTERCHANGED})
        return None if swap is None else swap.text.rstrip(".")

    @property
    def _gain(self) -> str | None:
        quality = self.quality
        if (
            quality is not None
            and quality.suggested_gain_factor is not None
            and quality.verdict is QualityVerdict.NOT_ANALYSABLE
        ):
            return f"the stated gain is probably wrong by a factor of {quality.suggested_gain_factor:g}"
        beat = self.measured.median_beat
        # A wrong gain, or one of its own for each lead: no amplitude means anything.
        return None if beat is None or beat.qrs is None else self.measured.not_measurable.get("r_mv")

    @property
    def _no_beat(self) -> str:
        missing = self.measured.not_measurable
        return missing.get("qrs_ms") or missing.get("heart_rate_bpm") or "no heart beat with a QRS was found"

    def missing(self, field: str) -> str:
        """Return why a measurement has no number."""
        return self.measured.not_measurable.get(field, "too few heart beats were found")

    @cached_property
    def j_by_beat(self) -> Mapping[str, Float64Array]:
        """Lead -> J level of each beat of the dominant shape in mV, against its own level before the QRS."""
        fs = self.record.sampling_rate
        after, before = max(1, round(_BEAT_LEVEL_S * fs)), max(1, round(_LEVEL_S * fs))
        waves = [beat.qrs for beat in self.measured.beats if beat.dominant and beat.qrs is not None]
        onset, j = (
            np.array([round(edge_s * fs) for edge_s in edges_s], dtype=np.int64)
            for edges_s in ([qrs.onset_s for qrs in waves], [qrs.offset_s for qrs in waves])
        )
        whole = (onset >= before) & (j + after < self.record.n_samples)
        rows = self.record.signal[[self.record.leads.index(lead) for lead in self.waves]]
        behind, ahead = (
            np.take(rows, at[whole, np.newaxis] + np.arange(first, last), axis=1).mean(axis=2)
            for at, first, last in ((j, 0, after + 1), (onset, -before, 0))
        )
        return dict(zip(self.waves, (behind - ahead).astype(np.float64), strict=True))

    def holds_in_half(self, lead: str, limit_mv: float) -> bool:
        """Tell whether J lies beyond a limit in at least half of the beats; a negative limit is a depression."""
        levels = self.j_by_beat.get(lead)
        if levels is None or not levels.size:
            return False
        levels = levels[np.isfinite(levels)]
        beyond = levels >= limit_mv if limit_mv > 0 else levels <= limit_mv
        return bool(levels.size) and float(beyond.mean()) >= 0.5


def _wave_numbers(evidence: Evidence) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for lead, waves in evidence.waves.items():
        numbers |= {
            f"{lead}_q_mv": waves.q_mv,
            f"{lead}_q_ms": waves.q_ms,
            f"{lead}_q_to_r": waves.q_mv / max(waves.r_mv, 0.05),
            f"{lead}_r_mv": waves.r_mv,
            f"{lead}_r_ms": waves.r_ms,
            f"{lead}_s_mv": waves.s_mv,
            f"{lead}_r_to_s": (waves.r_mv + 0.05) / (max(waves.s_mv, waves.q_mv if waves.is_qs else 0.0) + 0.05),
            f"{lead}_r_peak_ms": waves.r_peak_ms,
            f"{lead}_j_mv": waves.j_mv,
            f"{lead}_st60_mv": waves.st_mv[3] if len(waves.st_mv) > 3 else float("nan"),
            f"{lead}_t_mv": waves.t_mv,
            f"{lead}_t_min_mv": waves.t_min_mv,
        }
    measured = evidence.measured
    for name in ("qrs_axis_deg", "t_axis_deg", "qtc_fridericia_ms"):
        value = getattr(measured, name)
        numbers[name] = float("nan") if value is None else float(value)
    return numbers


def _person(evidence: Evidence) -> dict[str, float]:
    age, sex = evidence.record.age, evidence.record.sex
    return {
        "age": float("nan") if age is None else min(float(age), 90.0),
        "male": float("nan") if sex is None else float(sex == "male"),
    }


def contiguous_groups(leads: frozenset[str]) -> list[tuple[str, ...]]:
    """Return the groups of two or more contiguous leads among some, in anatomical order.

    Returns runs of neighbours; I, aVL, V5 and V6 count as neighbours of one another.
    """
    groups: list[tuple[str, ...]] = []
    for order in CONTIGUOUS:
        run: list[str] = []
        for lead in (*order, ""):
            if lead in leads:
                run.append(lead)
                continue
            if len(run) > 1:
                groups.append(tuple(run))
            run = []
    lateral = tuple(lead for lead in REGIONS["lateral"] if lead in leads)
    if len(lateral) > 1 and not any(set(lateral) <= set(group) for group in groups):
        groups.append(lateral)
    return groups


def region_of(leads: frozenset[str]) -> str:
    """Name the walls that some leads look at: 'inferior', 'anteroseptal', 'inferior, anteroseptal and lateral' ..."""
    walls = [
        wall for wall, group in REGIONS.items() if sum(lead in leads for lead in group) >= (2 if len(group) > 2 else 1)
    ]
    named = {"septal": "antero", "anterior": "anterior"}
    if "septal" in walls and "anterior" in walls:
        walls = [wall for wall in walls if wall not in named] + ["anteroseptal"]
    if "lateral" in walls and ("anterior" in walls or "anteroseptal" in walls):
        front = "anterior" if "anterior" in walls else "anteroseptal"
        walls = [wall for wall in walls if wall not in ("lateral", front)]
        walls += ["anterolateral"] if front == "anterior" else ["anteroseptal", "lateral"]
    return listed(walls)


def trained() -> "FindingWeights | None":
    """Return the trained detectors, opened once; None where the weights folder holds none."""
    from cardiov_core.weights import weights_folder

    return _opened(weights_folder())


@lru_cache(maxsize=2)
def _opened(folder: Path) -> "FindingWeights | None":
    from cardiov_core.weights import NAME, load_findings

    return load_findings(folder / NAME)


def probability(evidence: Evidence, code: str) -> float | None:
    """Return a trained detector's probability for a record; None without weights or without enough beats."""
    weights = trained()
    if weights is None or code not in weights.detectors:
        return None
    numbers = evidence.numbers
    if numbers is None:
        return None
    return weights.detectors[code].probability(numbers, weights.fold_of.get(evidence.record.fingerprint))


def limit_of(code: str) -> float:
    """Return the probability from which on a trained finding is present."""
    weights = trained()
    return 1.0 if weights is None else weights.detectors[code].limit


def operating_figures() -> Mapping[str, OperatingFigures]:
    """Return how findings did on labelled records, by code; without those of which none were labelled or counted."""
    from cardiov_core.weights import weights_folder

    return _figures(weights_folder())


@lru_cache(maxsize=2)
def _figures(folder: Path) -> Mapping[str, OperatingFigures]:
    from cardiov_core.weights import NAME, load_figures

    table = load_figures(folder / NAME)
    return {
        code: OperatingFigures(table.source, row.n_with, row.n_without, row.sensitivity, row.specificity)
        for code, row in table.findings.items()
    }
