"""The evaluation that lies beside a grader's weights, for pages: made by ``cardiov evaluate --ship``, never by hand."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from cardiov_core.domain import JsonObject, Severity, fault_of
from cardiov_core.errors import WeightsError
from cardiov_core.evaluation.study.evaluation_document import EvaluationDocument
from cardiov_core.evaluation.study.figures import P_COLUMNS
from cardiov_core.evaluation.study.run import METRICS_NAME, PREDICTIONS_NAME, Evaluation, write_evaluation
from cardiov_core.statements import STATEMENTS, Statement
from cardiov_core.weights import ModelCard

_FOLDER = "evaluations"
_HINT = "Make it again: cardiov evaluate --data DIR --folds 1-9 --ship"


@dataclass(frozen=True, eq=False)
class ShippedEvaluation:
    """An evaluation as it lies in a folder.

    Attributes
    ----------
    document : dict
        ``metrics.json`` as it stands.
    figures : EvaluationDocument
        The same, typed.
    predictions : pandas.DataFrame
        As in ``predictions.csv``.
    """

    document: JsonObject
    figures: EvaluationDocument
    predictions: pd.DataFrame

    def belongs_to(self, card: ModelCard) -> bool:
        """Tell whether these very weights were evaluated, and not others of the same name."""
        return self.figures.model.sha256 == card.sha256


@dataclass(frozen=True)
class CellCase:
    """A record of one cell of the confusion matrix.

    Attributes
    ----------
    ecg_id : int
        PTB-XL's number.
    label, level : Severity
        The cardiologists' level and the grader's.
    probabilities : tuple of float
        Of the four levels.
    statement : Statement or None
        The one that decided the label; None where the evaluation does not say.
    out_of_fold : bool
        Whether it trained the grader and counts with its out-of-fold prediction.
    """

    ecg_id: int
    label: Severity
    level: Severity
    probabilities: tuple[float, ...]
    statement: Statement | None
    out_of_fold: bool

    @property
    def certainty(self) -> float:
        """Probability of the level that was given."""
        return self.probabilities[self.level]


def cases_of_cell(predictions: pd.DataFrame, label: Severity, level: Severity) -> tuple[CellCase, ...]:
    """Return the records of one cell of the confusion matrix, the surest grades first.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of an evaluation.
    label, level : Severity
        The cell: its row and its column.
    """
    rows = predictions[(predictions["label"] == int(label)) & (predictions["level"] == int(level))]
    cases = [
        CellCase(
            ecg_id=int(row["ecg_id"]),
            label=label,
            level=level,
            probabilities=tuple(float(row[name]) for name in P_COLUMNS),
            statement=STATEMENTS.get(str(row.get("statement"))),
            out_of_fold=bool(row["out_of_fold"]),
        )
        for row in rows.to_dict("records")
    ]
    return tuple(sorted(cases, key=lambda case: (-case.certainty, case.ecg_id)))


def shipped_folder(card: ModelCard) -> Path:
    """Return where the evaluation of a grader lies: ``evaluations/<name>`` beside its card."""
    return card.path.parent / _FOLDER / card.name


def ship_evaluation(evaluation: Evaluation, card: ModelCard) -> Path:
    """Write an evaluation beside the weights and return its folder.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    folder = shipped_folder(card)
    write_evaluation(evaluation, folder)
    return folder


def load_evaluation(folder: Path) -> ShippedEvaluation | None:
    """Read what `write_evaluation` or `ship_evaluation` wrote.

    Parameters
    ----------
    folder : pathlib.Path
        Of one evaluation.

    Returns
    -------
    ShippedEvaluation or None
        None where there is none.

    Raises
    ------
    WeightsError
        If its files are damaged or of another layout.
    """
    path = folder / METRICS_NAME
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        predictions = pd.read_csv(folder / PREDICTIONS_NAME, dtype={"patient_id": str})
    except (OSError, ValueError) as error:
        raise WeightsError(f"The evaluation in {folder} cannot be read: {error}.", _HINT) from error
    try:
        figures = EvaluationDocument.of(document)
    except ValidationError as error:
        fault = fault_of(error)
        wrong = f" lacks {fault.field}" if fault.value is None else f": {fault.words()}"
        raise WeightsError(f"{path}{wrong}.", _HINT) from error
    return ShippedEvaluation(document, figures, predictions)
