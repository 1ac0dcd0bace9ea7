"""One ECG: leads, mV, Hz, and where it came from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Concatenate, Literal, ParamSpec, TypeVar

from cardiov_core.domain.arrays import FloatArray
from cardiov_core.domain.fingerprint import INDEPENDENT_LEADS, signal_fingerprint

STANDARD_LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The twelve leads in the order of the paper ECG, spelled as everywhere in CardioV."""

LIMB_LEADS: tuple[str, ...] = STANDARD_LEADS[:6]
CHEST_LEADS: tuple[str, ...] = STANDARD_LEADS[6:]

OLDEST_STATED_AGE = 89.0
"""Older people are so few that an age could name one: PTB-XL publishes every age above as `AGE_OVER_89`."""

AGE_OVER_89 = 300.0
"""What stands for every age above `OLDEST_STATED_AGE`."""

Sex = Literal["male", "female"]

_Owner = TypeVar("_Owner")
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")
_KEPT = "found out once"


@dataclass(frozen=True)
class Provenance:
    """Where a record came from.

    Attributes
    ----------
    path : str
        The path or upload name that was opened.
    format : str
        'WFDB', 'CSV', 'NPY', 'NPZ', 'MAT', 'DICOM', 'HL7 aECG', 'GE MUSE XML', 'Philips Sierra XML', 'Mortara XML',
        'SCP-ECG', 'EDF', 'EDF+', 'ISHNE', 'MFER', 'Kardia JSON' or 'synthetic'.
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


@dataclass(frozen=True)
class MachineReading:
    """What the cart itself measured and stated, as its file holds it. Nothing of it is CardioV's.

    Attributes
    ----------
    source : str
        Who measured: the device where it is named, otherwise the format.
    measurements : mapping of str to float
        Name -> value. Names are those of `Measurements` where they are the same thing ('pr_ms', 'qrs_axis_deg');
        beside them 'qtc_ms', a corrected QT whose formula the file does not state, 'atrial_rate_bpm' and 'pp_ms'.
        Bpm, ms and degrees as the name ends. What the machine did not measure is absent.
    statements : tuple of str
        The machine's own statements, in its language.
    confirmed_statements : tuple of str
        Statements that a physician edited or confirmed in the file.
    severity : str
        The machine's overall verdict ('ABNORMAL'); empty where there is none.
    """

    source: str
    measurements: Mapping[str, float] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    confirmed_statements: tuple[str, ...] = ()
    severity: str = ""


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
    machine : MachineReading or None
        What the cart itself measured and stated; None where the file holds nothing of it.
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
    machine: MachineReading | None = None

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

    @cached_property
    def fingerprint(self) -> str:
        """Checksum of the samples of all twelve leads, whatever the file's format."""
        return signal_fingerprint(self, STANDARD_LEADS)

    @cached_property
    def independent_fingerprint(self) -> str:
        """The same of the eight leads from which the others are computed, for files that store no more."""
        return signal_fingerprint(self, INDEPENDENT_LEADS)

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


def once(
    compute: Callable[Concatenate[_Owner, _Given], _Found], owner: _Owner, *given: _Given.args, **named: _Given.kwargs
) -> _Found:
    """Return what a function finds out about a value, computed when it is first asked for and kept with the value.

    Parameters
    ----------
    compute : callable
        Of the value and what else is given; a module's own function.
    owner : object
        A record or another dataclass; `dataclasses.replace` makes one of which nothing is known.
    *given, **named
        What else it depends on, told apart by identity.

    Returns
    -------
    object
        Shared by all who ask: not to be changed.
    """
    kept: dict[tuple[object, ...], tuple[object, _Found]] = vars(owner).setdefault(_KEPT, {})
    key = (compute, *map(id, given), *named.items())
    if key not in kept:
        # What was given is held, so that its identity stays its own.
        kept[key] = given, compute(owner, *given, **named)
    return kept[key][1]


def over_89(age: float | None) -> bool:
    """Tell whether an age is one of those that are not told apart, stated or masked."""
    return age is not None and age > OLDEST_STATED_AGE
