"""One record with everything that is found out about it, each thing once, whoever asks first."""

from dataclasses import dataclass, field
from functools import cached_property

from cardiov_core.domain import (
    EcgRecord,
    Finding,
    InputContract,
    Measurements,
    PreparedInput,
    Quality,
    QualityVerdict,
    Reason,
    ReasonCode,
    Window,
)
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.preprocessing import part_of, prepare
from cardiov_core.signals.beat.beats import Beats, find_beats
from cardiov_core.signals.findings import find_findings
from cardiov_core.signals.measurements import MAX_MEASURED_S, measure
from cardiov_core.signals.quality import assess_quality


@dataclass(frozen=True, eq=False)
class Examination:
    """A record under examination: what graders take, so that nothing is measured twice.

    Everything is computed when it is first asked for and kept. Two threads that ask at once may both compute it, to
    the same result.

    Attributes
    ----------
    record : EcgRecord
        As read.
    """

    record: EcgRecord
    _parts: dict[Window, "Examination"] = field(default_factory=dict, init=False, repr=False)
    _prepared: dict[tuple[InputContract, float], PreparedInput] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def measured_before(cls, record: EcgRecord, measurements: Measurements, quality: Quality) -> "Examination":
        """Return the examination of a record whose measurements and quality were kept.

        Parameters
        ----------
        record : EcgRecord
            The record, whole.
        measurements, quality : Measurements, Quality
            Of just these samples.
        """
        known = cls(record)
        known.__dict__.update(measurements=measurements, quality=quality)
        return known

    @property
    def fingerprint(self) -> str:
        """Checksum of the samples, by which training records are known again."""
        return self.record.fingerprint

    @cached_property
    def _beats(self) -> Beats | None:
        """The beats of the whole record; None where it is sampled too slowly, or only parts of it are looked at."""
        if self.record.duration_s > MAX_MEASURED_S:
            return None
        try:
            return find_beats(self.record)
        except RecordUnsupportedError:
            return None

    @cached_property
    def quality(self) -> Quality:
        """Verdict of the quality gate; too slow a sampling rate is a reason like others, not an error."""
        try:
            return assess_quality(self.record, self._beats)
        except RecordUnsupportedError as error:
            reason = Reason(ReasonCode.SAMPLING_RATE_UNSUPPORTED, error.sentences)
            return Quality(QualityVerdict.NOT_ANALYSABLE, (), (reason,))

    @cached_property
    def measurements(self) -> Measurements:
        """Everything that can be measured."""
        return measure(self.record, self._beats)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is found on it, one per row of the table."""
        return find_findings(self.record, self.measurements, self.quality)

    def within(self, window: Window) -> "Examination":
        """Return the examination of a stretch by itself; this one where the stretch is all of the record.

        Parameters
        ----------
        window : Window
            Of this record.
        """
        if window not in self._parts:
            part = part_of(self.record, window)
            self._parts[window] = self if part is self.record else Examination(part)
        return self._parts[window]

    def prepared(self, contract: InputContract, start_s: float | None = None) -> PreparedInput:
        """Return the record as one network wants it; arguments and errors as in `preprocessing.prepare`."""
        key = contract, start_s or 0.0
        if key not in self._prepared:
            self._prepared[key] = prepare(self.record, contract, start_s)
        return self._prepared[key]


def examined(record: EcgRecord | Examination) -> Examination:
    """Return the examination of a record, a new one where there is none yet."""
    return record if isinstance(record, Examination) else Examination(record)
