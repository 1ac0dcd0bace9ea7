"""What a network is fed: the contract of its model card, and a record prepared by it."""

from dataclasses import dataclass
from typing import Literal

from cardiov_core.domain.arrays import FloatArray
from cardiov_core.domain.reasons import Reason

Normalisation = Literal["none", "global_std", "z_score", "lead_mean"]
"""What is done to the size of a signal."""

FilterKind = Literal["butterworth", "fir", "none"]
"""What a signal is filtered with."""


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
        Edges of the band-pass, low and high.
    filter_order : int
        Order of the Butterworth prototype, applied forward and backward; of an FIR filter one less than its taps, even.
    normalisation : {"none", "global_std", "z_score", "lead_mean"}
        'none': mV as they are; 'global_std': divided by the record's standard deviation over all leads; 'z_score': so
        divided after the mean over all leads was taken away; 'lead_mean': each lead's own mean taken away.
    filter : {"butterworth", "fir", "none"}
        Zero-phase Butterworth band-pass; a linear-phase FIR filter whose delay is taken away; or none.
    """

    leads: tuple[str, ...]
    sampling_rate_hz: float
    n_samples: int
    band_hz: tuple[float, float]
    filter_order: int
    normalisation: Normalisation
    filter: FilterKind = "butterworth"

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
    notes : tuple of Reason
        What was done to the record, fit for a reader ('Resampled 257 -> 500 Hz ...').
    """

    values: FloatArray
    window: Window
    pad_left: int = 0
    pad_right: int = 0
    notes: tuple[Reason, ...] = ()


_AGE_MEAN, _AGE_SD, _OLDEST = 60.0, 17.0, 90.0


def person_numbers(age: float | None, sex: str | None) -> tuple[float, float]:
    """Return age and sex as a network takes them, NaN where unknown.

    Parameters
    ----------
    age : float or None
        Years; PTB-XL's 300 for everybody over 89 counts as 90.
    sex : str or None
        'male' or 'female'.

    Returns
    -------
    tuple of float
        Age less 60 over 17 years, about PTB-XL's mean and standard deviation; 1 for men and -1 for women.
    """
    years = float("nan") if age is None else (min(float(age), _OLDEST) - _AGE_MEAN) / _AGE_SD
    return years, {"male": 1.0, "female": -1.0}.get(sex or "", float("nan"))
