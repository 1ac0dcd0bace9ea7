"""The one exception tree of CardioV.

Every error that a user can cause derives from :class:`CardioVError`: its message says what is wrong, with the
value that was seen, and its hint says what to do next. The command line and the pages print both; anything else
that escapes is a bug.
"""

import logging
import re
import traceback


def log_unforeseen(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log a bug by its kinds and places; never its message, which may quote a file, and so a patient.

    Parameters
    ----------
    logger : logging.Logger
        Of the module that noticed it.
    what : str
        What was under way.
    error : BaseException
        The bug, with what led to it.
    """
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        lines += [f"{type(seen).__name__}\n", *traceback.format_tb(seen.__traceback__)]
        seen = seen.__cause__ or seen.__context__
    logger.error("%s %s", what, "".join(lines))


class CardioVError(Exception):
    """Root of all errors that CardioV raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, naming the file or the lead and the value seen.
    hint : str
        What to do next.

    Attributes
    ----------
    message, hint : str
        As given.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """What kind of error it is, for programs: 'record_not_found' of a `RecordNotFoundError`."""
        return re.sub(
            r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__.replace("CardioV", "Unknown").removesuffix("Error")
        ).lower()

    @property
    def sentences(self) -> str:
        """Message and hint as running text."""
        return f"{self.message.rstrip('.')}. {self.hint}"

    def __reduce__(self) -> tuple[type["CardioVError"], tuple[str, str]]:
        """Pickle with both arguments, so that errors cross process boundaries whole."""
        return type(self), (self.message, self.hint)


class RecordError(CardioVError):
    """A record could not be turned into an ECG."""


class RecordNotFoundError(RecordError):
    """A file of the record does not exist: the record itself, its header or its signal file."""


class RecordFormatError(RecordError):
    """A file is damaged, empty, truncated, or not what it claims to be."""


class RecordUnsupportedError(RecordError):
    """The file is whole, but the ECG in it cannot be analysed: rate, leads, units or length."""


class NoRoomError(RecordError):
    """No file can be read now, this one no less than any other: there is no room for temporary files."""


class MissingMetadataError(RecordError):
    """The file does not say its sampling rate, units or leads, and nobody else did.

    Attributes
    ----------
    fields : tuple of str
        What is missing: any of ``"sampling_rate"``, ``"units"`` and ``"leads"``.
    """

    def __init__(self, message: str, hint: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.fields = fields

    def __reduce__(self) -> tuple[type[CardioVError], tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]
        """Pickle with the fields as well."""
        return type(self), (self.message, self.hint, self.fields)


class ArchiveError(RecordError):
    """An archive is too large, nested, encrypted, or has members that leave its folder."""


class NotAnEcgError(RecordError):
    """The file does not claim to be an ECG: a table, notes, an annotation file."""


class ManifestError(RecordError):
    """A row of a list of records, or the list itself, cannot be used."""


class DuplicateIdError(ManifestError):
    """A list of records gives two of them the same id."""


class ProcessLostError(RecordError):
    """The process that worked on a record ended, twice."""


class TimeLimitError(RecordError):
    """A record took longer than it may."""


class OutputError(CardioVError):
    """Results cannot be written: the disk is full, or the place cannot be written to."""


class RequestError(CardioVError):
    """The service was asked for something in a way that it does not understand."""


class RequestTooLargeError(RequestError):
    """The files of a request are larger, or more, than the service takes."""


class UnknownClientError(RequestError):
    """The token of a request is missing or none that the service knows."""


class ServiceBusyError(RequestError):
    """More requests wait than the service takes; the same one may be sent again."""


class LabelError(CardioVError):
    """A statement, a likelihood or a level that does not exist."""


class DatasetError(CardioVError):
    """A data set is absent or incomplete."""


class WeightsError(CardioVError):
    """A grader's files cannot be used."""


class WeightsIntegrityError(WeightsError):
    """A weights file's checksum is not the one its model card states."""


class WeightsMismatchError(WeightsError):
    """Weights and network, or card and weights, do not fit each other."""


class ModelCardError(WeightsError):
    """A model card lacks a field or has one that makes no sense."""


class ConfigurationError(CardioVError):
    """A recipe, an option or an environment variable has a value that is not allowed."""


class TrainingError(CardioVError):
    """Training cannot start or go on: too few records of a level, a checkpoint of another recipe."""


class ExplanationError(CardioVError):
    """An explanation was asked for that this grader cannot give."""


class DifferentPatientsError(CardioVError):
    """Two ECGs do not state that they are of one patient, and nobody else did."""


class ReviewError(CardioVError):
    """The review could not do what was asked."""


class StoreUnavailableError(ReviewError):
    """The database of the review is locked, read-only, full or unreachable; nothing of the change was written."""


class NotAllowedError(ReviewError):
    """A step out of turn, or by somebody who may not take it: a second read, a reveal before the commit."""


class CaseNotFoundError(ReviewError):
    """There is no such case, read or study, or the waveform of the case was deleted."""


class ExchangeError(ReviewError):
    """A file of cases or reads is not what the review exchanges."""
