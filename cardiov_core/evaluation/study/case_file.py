"""The list of cases that ``cardiov cases`` writes and the review takes in: JSON or CSV, with the way to each waveform.

docs/use/evaluate.md describes it, field by field. Version 2 added ``statements``, ``distortions`` and ``graders``
to a case and ``distorted`` to the JSON; lists of version 1 are read as before.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from cardiov_core.domain import JsonObject, Prediction, QualityVerdict, Reason, Severity, Window
from cardiov_core.errors import ExchangeError
from cardiov_core.inference import disagreement

FORMAT, VERSION = "cardiov-cases", 2
_VERSIONS = (1, VERSION)
_SEPARATOR = " | "
_P, _E = ("p0", "p1", "p2", "p3"), ("e0", "e1", "e2")
_COLUMNS = (
    "record_id", "dataset", "ecg_id", "path", "label", "level", "error", *_P, *_E, "rank_violation", "prediction_set",
    "out_of_fold", "window_start_s", "window_end_s", "quality", "quality_reasons", "statement", "reasons", "model",
    "model_sha256",
)  # fmt: skip
_SINCE_2 = ("statements", "distortions", "graders")
_LISTS = ("prediction_set", "quality_reasons", "reasons", *_SINCE_2)
# What the predictions.csv of `cardiov evaluate` has.
_PREDICTION_COLUMNS = frozenset({"ecg_id", "label", "level", *_P, "out_of_fold"})
_SUM_TOLERANCE = 1e-3
_SHA_LENGTH = 64
_CaseRow = Mapping[str, JsonValue]
_QUALITY_POINTS = {QualityVerdict.ACCEPTABLE: 0, QualityVerdict.LIMITED: 1, QualityVerdict.NOT_ANALYSABLE: 2}


@dataclass(frozen=True)
class FoundCase:
    """A graded record with its label, and where its waveform lies.

    Attributes
    ----------
    record_id : str
        The file's stem.
    dataset, ecg_id, path : str
        'ptb-xl', the record's number there, and its path relative to the data set without suffix.
    label : Severity
        The original label.
    prediction : Prediction
        The grade.
    quality : QualityVerdict or None
        Of the gate; None where the file does not say.
    quality_reasons : tuple of str
        What the gate says.
    statement : str
        The statement that decided the label, with its likelihood in per cent.
    reasons : tuple of str
        What is to know of the case, in sentences.
    statements : tuple of str
        The statements behind the label, each as 'IMI 35 3 decides': code, likelihood in per cent, critical value, and
        'decides', 'overruled' (a higher value that did not count) or 'beside'.
    distortions : tuple of str
        What distorts the signal as a whole, as in :func:`~cardiov_core.signals.distortions`.
    graders : tuple of str
        What other graders say, each as 'measurements 2 0.413': name, level and its probability.
    """

    record_id: str
    dataset: str
    ecg_id: str
    path: str
    label: Severity
    prediction: Prediction
    quality: QualityVerdict | None
    quality_reasons: tuple[str, ...] = ()
    statement: str = ""
    reasons: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    distortions: tuple[str, ...] = ()
    graders: tuple[str, ...] = ()

    @property
    def error(self) -> int:
        """Levels between label and grade."""
        return abs(int(self.label) - int(self.prediction.severity))

    @property
    def disagreement(self) -> Reason | None:
        """Who says what, where graders differ by a level or more; None where they do not, or only one was asked."""
        grade = self.prediction
        return disagreement(((grade.model_name, grade.severity), *map(_grader_level, self.graders)))


@dataclass(frozen=True)
class CaseList:
    """All that a list of cases holds.

    Attributes
    ----------
    model_name, model_sha256 : str
        The grader.
    folds : tuple of int
        What was graded.
    n_graded : int
        Records with a grade, those that are no case included.
    cases : tuple of FoundCase
        The cases.
    skipped : tuple of str
        Records without a grade, each with the reason.
    distorted : mapping of int to tuple of int
        Levels between label and grade -> how many records carry drift or noise, and how many there are; of all graded
        records, so that a share among the misses stands beside that among the rest.
    """

    model_name: str
    model_sha256: str
    folds: tuple[int, ...]
    n_graded: int
    cases: tuple[FoundCase, ...]
    skipped: tuple[str, ...] = ()
    distorted: Mapping[int, tuple[int, int]] = field(default_factory=dict)


def priority_of(label: Severity | None, prediction: Prediction | None, verdict: QualityVerdict) -> int:
    """Return how early a case should be looked at: far misses, then wide sets, rank violations, low quality.

    Parameters
    ----------
    label : Severity or None
        The original label.
    prediction : Prediction or None
        The grade.
    verdict : QualityVerdict
        Of the quality gate.

    Returns
    -------
    int
        Digits by rank, so that no lower reason outweighs a higher one: levels between label and grade, levels in the
        prediction set beyond the first, 1 for a rank violation, quality 0 (acceptable) to 2 (not analysable).
    """
    miss = width = violated = 0
    if prediction is not None:
        miss = 0 if label is None else abs(int(label) - int(prediction.severity))
        width = max(len(prediction.prediction_set or ()) - 1, 0)
        violated = int(prediction.rank_violation > 0.0)
    return 1000 * miss + 100 * width + 10 * violated + _QUALITY_POINTS[verdict]


def write_cases(cases: CaseList, path: Path) -> None:
    """Write a list of cases; the suffix decides, ``.csv`` or ``.json``.

    Raises
    ------
    ExchangeError
        If the suffix is another one or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".json"}:
        raise ExchangeError(f"{path.name} is neither .json nor .csv.", "Choose one of the two.")
    rows = [_row(case) for case in cases.cases]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, (*_COLUMNS, *_SINCE_2))
                writer.writeheader()
                writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
            return
        document = {
            "format": FORMAT,
            "version": VERSION,
            "model": {"name": cases.model_name, "sha256": cases.model_sha256},
            "folds": list(cases.folds),
            "n_graded": cases.n_graded,
            "skipped": list(cases.skipped),
            "distorted": {str(gap): list(counts) for gap, counts in sorted(cases.distorted.items())},
            "cases": rows,
        }
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ExchangeError(f"{path} cannot be written: {error.strerror}.", "Name another file.") from error


def _row(case: FoundCase) -> JsonObject:
    grade = case.prediction
    return {
        "record_id": case.record_id,
        "dataset": case.dataset,
        "ecg_id": case.ecg_id,
        "path": case.path,
        "label": int(case.label),
        "level": int(grade.severity),
        "error": case.error,
        **dict(zip(_P, (round(value, 6) for value in grade.probabilities), strict=True)),
        **dict(zip(_E, (round(value, 6) for value in grade.exceedance), strict=True)),
        "rank_violation": round(grade.rank_violation, 6),
        "prediction_set": None if grade.prediction_set is None else [int(level) for level in grade.prediction_set],
        "out_of_fold": grade.out_of_fold,
        "window_start_s": grade.window.start_s,
        "window_end_s": grade.window.end_s,
        "quality": None if case.quality is None else case.quality.value,
        "quality_reasons": list(case.quality_reasons),
        "statement": case.statement,
        "reasons": list(case.reasons),
        **{name: list(getattr(case, name)) for name in _SINCE_2},
        "model": grade.model_name,
        "model_sha256": grade.model_sha256,
    }


def _cell(value: JsonValue) -> JsonValue:
    return _SEPARATOR.join(map(str, value)) if isinstance(value, list) else value


def read_cases(path: Path) -> tuple[tuple[FoundCase, ...], tuple[ExchangeError, ...]]:
    """Read a list of cases, or the ``predictions.csv`` of ``cardiov evaluate`` with the ``metrics.json`` beside it.

    Parameters
    ----------
    path : pathlib.Path
        JSON or CSV.

    Returns
    -------
    cases : tuple of FoundCase
        The rows that are right.
    errors : tuple of ExchangeError
        One for each row that is not; its message begins with the row's number.

    Raises
    ------
    ExchangeError
        If the file as a whole cannot be read, or is none of these.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{path.name} cannot be read: {error}.", "Name a file that cardiov cases wrote.") from error
    rows = _json_rows(text, path) if text.lstrip().startswith("{") else _csv_rows(text, path)
    cases: list[FoundCase] = []
    errors: list[ExchangeError] = []
    for number, row in enumerate(rows, start=1):
        try:
            cases.append(_case(row))
        except (KeyError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            errors.append(ExchangeError(f"Row {number}: {what}.", "Write the list again with cardiov cases."))
    return tuple(cases), tuple(errors)


def _json_rows(text: str, path: Path) -> Sequence[_CaseRow]:
    try:
        document = json.loads(text)
        if document["format"] != FORMAT or document["version"] not in _VERSIONS:
            raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
        rows = document["cases"]
        if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise TypeError("'cases' is no list of objects")
    except (ValueError, KeyError, TypeError) as error:
        raise ExchangeError(
            f"{path.name} is no list of cases: {error}.", "Name a file that cardiov cases wrote."
        ) from error
    return rows


def _csv_rows(text: str, path: Path) -> Sequence[_CaseRow]:
    reader = csv.DictReader(io.StringIO(text))
    columns = set(reader.fieldnames or ())
    if set(_COLUMNS) <= columns:
        return [_lists(row) for row in reader]
    if columns >= _PREDICTION_COLUMNS:
        model = _model_beside(path)
        return [{"dataset": "ptb-xl", "record_id": "", "path": "", **row, **model} for row in reader]
    missing = ", ".join(sorted(set(_COLUMNS) - columns))
    raise ExchangeError(f"{path.name} lacks the columns {missing}.", "Name a file that cardiov cases wrote.")


def _lists(row: Mapping[str, str]) -> _CaseRow:
    cells: JsonObject = {**row}
    for name in _LISTS:
        text = row.get(name)
        cells[name] = [*text.split(_SEPARATOR)] if text else []
    cells["prediction_set"] = cells["prediction_set"] or None
    return cells


def _model_beside(path: Path) -> dict[str, str]:
    beside = path.with_name("metrics.json")
    try:
        model = json.loads(beside.read_text(encoding="utf-8"))["model"]
        return {"model": str(model["name"]), "model_sha256": str(model["sha256"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExchangeError(
            f"{path.name} does not say which grader made it, and no metrics.json beside it does.",
            "Name the predictions.csv in the folder that cardiov evaluate wrote.",
        ) from error


def _case(row: _CaseRow) -> FoundCase:
    """Check and take one row."""
    shares = [_number(row, name) for name in _P]
    if min(shares) < 0.0 or abs(sum(shares) - 1.0) > _SUM_TOLERANCE:
        raise ValueError(f"p0 to p3 are no probabilities: {shares}")
    above = [_number(row, name) for name in _E] if row.get("e0") not in {None, ""} else _exceedance(shares)
    chosen = _list(row, "prediction_set")
    if len(str(row["model_sha256"])) > _SHA_LENGTH:
        raise ValueError("model_sha256 is no checksum")
    prediction = Prediction(
        severity=_level(row["level"]),
        probabilities=(shares[0], shares[1], shares[2], shares[3]),
        exceedance=(above[0], above[1], above[2]),
        rank_violation=_number(row, "rank_violation", 0.0),
        model_name=str(row["model"]),
        model_sha256=str(row["model_sha256"]),
        window=Window(_number(row, "window_start_s", 0.0), _number(row, "window_end_s", 0.0)),
        out_of_fold=str(row["out_of_fold"]).lower() in {"true", "1"},
        prediction_set=None if not chosen else tuple(_level(level) for level in chosen),
    )
    verdict = row.get("quality")
    case = FoundCase(
        record_id=str(row["record_id"]),
        dataset=str(row["dataset"]),
        ecg_id=str(row["ecg_id"]),
        path=str(row["path"]),
        label=_level(row["label"]),
        prediction=prediction,
        quality=QualityVerdict(str(verdict)) if verdict else None,
        quality_reasons=_texts(row, "quality_reasons"),
        statement=str(row.get("statement") or ""),
        reasons=_texts(row, "reasons"),
        **{name: _texts(row, name) for name in _SINCE_2},
    )
    for text in case.graders:
        _grader_level(text)
    return case


def _grader_level(text: str) -> tuple[str, Severity]:
    """Read name and level of 'measurements 2 0.413'."""
    try:
        name, level, _ = text.rsplit(" ", 2)
        return name, _level(level)
    except ValueError as error:
        raise ValueError(f"graders holds {text!r}, which is no name with a level and a probability") from error


def _exceedance(shares: Sequence[float]) -> list[float]:
    return [sum(shares[above:]) for above in (1, 2, 3)]


def _list(row: _CaseRow, name: str) -> list[JsonValue]:
    value = row.get(name) or []
    if not isinstance(value, list):
        raise TypeError(f"{name} is {value!r} and no list")
    return value


def _texts(row: _CaseRow, name: str) -> tuple[str, ...]:
    return tuple(map(str, _list(row, name)))


def _number(row: _CaseRow, name: str, default: float | None = None) -> float:
    value = row.get(name)
    if value is None or value == "":
        if default is None:
            raise KeyError(name)
        return default
    if isinstance(value, list | dict):
        raise TypeError(f"{name} is {value!r} and no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value}")
    return number


def _level(value: JsonValue) -> Severity:
    if value is None or isinstance(value, list | dict):
        raise TypeError(f"{value!r} is no level")
    return Severity(int(value))
