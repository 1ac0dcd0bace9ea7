"""The values that flow through CardioV: frozen dataclasses without I/O.

file -> EcgRecord -> Quality -> prepared input -> network -> Prediction -> page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

STANDARD_LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The twelve leads in the order of the paper ECG, spelled as everywhere in CardioV."""

LIMB_LEADS: tuple[str, ...] = STANDARD_LEADS[:6]
CHEST_LEADS: tuple[str, ...] = STANDARD_LEADS[6:]

Sex = Literal["male", "female"]


class Severity(IntEnum):
    """Critical value of an ECG; the order is the order of risk (paper, Eq. 1)."""

    NO_RISK = 0
    LOW_RISK = 1
    MEDIUM_RISK = 2
    HIGH_RISK = 3

    @property
    def title(self) -> str:
        """The level in words, sentence case: 'No risk' ... 'High risk'."""
        return f"{self.name.split('_', maxsplit=1)[0].capitalize()} risk"


class QualityVerdict(StrEnum):
    """Verdict of the quality gate (three states)."""

    ACCEPTABLE = "acceptable"
    LIMITED = "limited"
    NOT_ANALYSABLE = "not analysable"


@dataclass(frozen=True)
class Provenance:
    """Where a record came from.

    Attributes
    ----------
    path : str
        The path or upload name that was opened.
    format : str
        'WFDB', 'CSV', 'NPY', 'NPZ', 'MAT' or 'synthetic'.
    files : tuple of str
        Names of all files read.
    sha256 : str
        SHA-256 over the bytes of the files read, in the order of `files`.
    gains_per_mv : tuple of float or None
        Digital units per mV a recorded lead, in the order of the file, where the format has them.
    gain_factor : float
        Factor that a reader confirmed and that `signal` already contains; 1.0 = the file's own gain.
    """

    path: str
    format: str
    files: tuple[str, ...] = ()
    sha256: str = ""
    gains_per_mv: tuple[float, ...] | None = None
    gain_factor: float = 1.0


@dataclass(frozen=True, eq=False)
class EcgRecord:
    """One ECG: named leads, mV, Hz. From here on nobody asks about file formats.

    Attributes
    ----------
    signal : numpy.ndarray
        float32, shape ``(n_leads, n_samples)``, in mV; NaN where the file has no valid sample.
    leads : tuple of str
        Lead names in CardioV's spelling, in the order of the rows; standard leads first, in standard order.
    sampling_rate : float
        In Hz.
    record_id : str
        The file's stem.
    age : float or None
        In years, as read (PTB-XL codes ages over 89 as 300).
    sex : {"male", "female"} or None
        As stated.
    recorded_at : datetime.datetime or None
        Recording time as stated, naive where the file has no zone.
    patient_id, device : str or None
        As stated.
    comments : tuple of str
        Free text of the header.
    derived_leads : tuple of str
        Limb leads that were not recorded but computed.
    provenance : Provenance
        Files, format, checksum.
    warnings : tuple of str
        What the reader of this record should know, in whole sentences.
    """

    signal: FloatArray
    leads: tuple[str, ...]
    sampling_rate: float
    record_id: str
    provenance: Provenance
    age: float | None = None
    sex: Sex | None = None
    recorded_at: datetime | None = None
    patient_id: str | None = None
    device: str | None = None
    comments: tuple[str, ...] = ()
    derived_leads: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n_samples(self) -> int:
        """Samples a lead."""
        return int(self.signal.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sampling_rate

    @property
    def missing_leads(self) -> tuple[str, ...]:
        """Standard leads that the record lacks."""
        return tuple(lead for lead in STANDARD_LEADS if lead not in self.leads)

    def lead(self, name: str) -> FloatArray:
        """Return one lead's samples, shape ``(n_samples,)`` in mV.

        Raises
        ------
        KeyError
            If the record has no lead of that name.
        """
        if name not in self.leads:
            raise KeyError(name)
        row: FloatArray = self.signal[self.leads.index(name)]
        return row


@dataclass(frozen=True)
class InputContract:
    """What a network wants to be fed; comes out of the model card, so that no filter can be mispaired.

    Attributes
    ----------
    leads : tuple of str
        Order of the input channels.
    sampling_rate_hz : float
        Rate of the input.
    n_samples : int
        Length of the input.
    band_hz : tuple of float
        Edges of the zero-phase Butterworth band-pass, low and high.
    filter_order : int
        Order of the Butterworth prototype, applied forward and backward.
    normalisation : {"none", "global_std"}
        'none': mV as they are; 'global_std': divided by the record's standard deviation over all leads.
    """

    leads: tuple[str, ...]
    sampling_rate_hz: float
    n_samples: int
    band_hz: tuple[float, float]
    filter_order: int
    normalisation: Literal["none", "global_std"]

    @property
    def duration_s(self) -> float:
        """Length of the input in seconds."""
        return self.n_samples / self.sampling_rate_hz


@dataclass(frozen=True)
class Window:
    """The stretch of a record that was analysed, in seconds of the record's own time axis.

    Attributes
    ----------
    start_s, end_s : float
        Limits; ``0 <= start_s < end_s <= duration_s``.
    """

    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class PreparedInput:
    """A record as one network wants it.

    Attributes
    ----------
    values : numpy.ndarray
        float32, ``(n_leads, n_samples)`` by the contract.
    window : Window
        The part of the record that `values` shows.
    pad_left, pad_right : int
        Zeros added on each side, in input samples.
    notes : tuple of str
        What was done to the record, in sentences fit for a reader ('resampled 257 -> 500 Hz').
    """

    values: FloatArray
    window: Window
    pad_left: int = 0
    pad_right: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeadQuality:
    """Quality of one lead: verdict and the reasons for it."""

    lead: str
    verdict: QualityVerdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quality:
    """Quality of a record.

    Attributes
    ----------
    verdict : QualityVerdict
        'not analysable' withholds the level.
    leads : tuple of LeadQuality
        One for each standard lead, missing ones included.
    reasons : tuple of str
        Why the record as a whole is not acceptable, in whole sentences.
    suggested_gain_factor : float or None
        Factor that would bring a wrong gain right (``signal * factor``); applied only when a reader confirms it.
    """

    verdict: QualityVerdict
    leads: tuple[LeadQuality, ...]
    reasons: tuple[str, ...] = ()
    suggested_gain_factor: float | None = None


@dataclass(frozen=True)
class Prediction:
    """A critical value with its probabilities.

    Attributes
    ----------
    severity : Severity
        Argmax of `probabilities`.
    probabilities : tuple of float
        Four, one a level, >= 0, sum 1.
    exceedance : tuple of float
        Three, P(level > 0), P(> 1), P(> 2), after the repair: never rising.
    rank_violation : float
        How far the raw exceedances rose (largest repaired amount), 0 where they did not.
    model_name, model_sha256 : str
        The grader and its weights' checksum.
    window : Window
        The part of the record that was analysed.
    notes : tuple of str
        What was done to the record on the way in.
    out_of_fold : bool
        True where the record trained the grader and this is its shipped out-of-fold prediction.
    prediction_set : tuple of Severity or None
        90 % conformal set where the grader has one.
    """

    severity: Severity
    probabilities: tuple[float, float, float, float]
    exceedance: tuple[float, float, float]
    rank_violation: float
    model_name: str
    model_sha256: str
    window: Window
    notes: tuple[str, ...] = ()
    out_of_fold: bool = False
    prediction_set: tuple[Severity, ...] | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a network looked (Grad-CAM), on the record's own time axis.

    Attributes
    ----------
    model_name : str
        The network.
    target : str
        'level 2' or 'above low'.
    stages : mapping of int to numpy.ndarray
        Stage 1-7 -> attention, float32, shape ``(n_samples,)`` of the record, 0..1, NaN outside the window.
    window : Window
        The part of the record that was analysed.
    """

    model_name: str
    target: str
    stages: Mapping[int, FloatArray]
    window: Window


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that CardioV says of one record.

    Attributes
    ----------
    record : EcgRecord
        The record as read.
    quality : Quality
        The verdict of the gate.
    prediction : Prediction or None
        None where the level is withheld.
    withheld : tuple of str
        Why, in whole sentences; empty where there is a prediction.
    warnings : tuple of str
        Warnings of the record, the quality gate, the scope and the way in, without repetition.
    """

    record: EcgRecord
    quality: Quality
    prediction: Prediction | None
    withheld: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
