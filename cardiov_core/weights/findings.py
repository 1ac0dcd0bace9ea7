"""Weights of the trained finding detectors: boosted trees as plain arrays, as many of each as folds.

A new record is judged by the mean over all folds; a record that trained them is known again by its fingerprint and is
judged by the trees that never saw it, so that no memory is ever taken for skill. Beside them lies a table of figures:
how each finding did on labelled records.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from cardiov_core.domain import Document, JsonObject, fault_of
from cardiov_core.errors import WeightsMismatchError
from cardiov_core.weights.cards.card import folder_of
from cardiov_core.weights.files import (
    Array,
    StampedCard,
    checked_as,
    read_json,
    read_tensors,
    stamped,
    tensor_bytes,
    write_with_card,
)

NAME = "findings"
FIGURES_NAME = "figures.json"
_HINT = "Run `cardiov train-findings`, or restore the file from the repository."
_PARTS = ("feature", "threshold", "missing_left", "left", "right", "value", "roots")


Nodes = npt.NDArray[np.generic]
"""One property of each node: which feature decides, the threshold, ..."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted regression trees of one fold; all nodes of all trees in one row.

    Attributes
    ----------
    feature : numpy.ndarray
        int64 ``(n_nodes,)``: column that decides; -1 in a leaf.
    threshold : numpy.ndarray
        float64: a value up to it goes to the left.
    missing_left : numpy.ndarray
        bool: whether a missing value goes to the left.
    left, right : numpy.ndarray
        int64: the children.
    value : numpy.ndarray
        float64: what a leaf adds to the log odds.
    roots : numpy.ndarray
        int64 ``(n_trees,)``: first node of each tree.
    base : float
        Log odds before any tree.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    missing_left: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int64]
    base: float

    def log_odds(self, row: npt.NDArray[np.float64]) -> float:
        """Return the log odds of one row of features; NaN where a number is missing."""
        return self.base + float(self.value[self.leaves(row)].sum())

    def leaves(self, row: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the leaf of each tree that a row of features reaches."""
        node = self.roots
        while True:
            column = self.feature[node]
            inner = column >= 0
            if not inner.any():
                return node
            values = row[np.maximum(column, 0)]
            to_left = np.where(np.isnan(values), self.missing_left[node], values <= self.threshold[node])
            node = np.where(inner, np.where(to_left, self.left[node], self.right[node]), node)


@dataclass(frozen=True, eq=False)
class Detector:
    """A trained detector.

    Attributes
    ----------
    features : tuple of str
        Names of its columns.
    limit : float
        Probability from which on the finding is present.
    calibration : tuple of float
        Slope and shift that turn log odds into those of the records that had no part in training.
    folds : tuple of Trees
        One per fold.
    """

    features: tuple[str, ...]
    limit: float
    calibration: tuple[float, float]
    folds: tuple[Trees, ...]

    def probability(self, numbers: Mapping[str, float], fold: int | None = None) -> float:
        """Return the probability of the finding.

        Parameters
        ----------
        numbers : mapping of str to float
            By name of the feature; what is absent counts as missing.
        fold : int, optional
            The only fold to ask, for a record that trained the others.

        Returns
        -------
        float
            0..1, the mean over the folds in log odds.
        """
        row = np.array([numbers.get(name, float("nan")) for name in self.features])
        log_odds = self._log_odds(row) if fold is None else [self.folds[fold].log_odds(row)]
        slope, shift = self.calibration
        return float(1.0 / (1.0 + np.exp(-(slope * np.mean(log_odds) + shift))))

    @cached_property
    def _together(self) -> Trees:
        """The trees of all folds side by side, so that one way down asks them all."""
        first = np.cumsum([0, *(len(trees.feature) for trees in self.folds)])[:-1].tolist()
        pairs = list(zip(self.folds, first, strict=True))
        return Trees(
            feature=np.concatenate([trees.feature for trees in self.folds]),
            threshold=np.concatenate([trees.threshold for trees in self.folds]),
            missing_left=np.concatenate([trees.missing_left for trees in self.folds]),
            left=np.concatenate([trees.left + begin for trees, begin in pairs]),
            right=np.concatenate([trees.right + begin for trees, begin in pairs]),
            value=np.concatenate([trees.value for trees in self.folds]),
            roots=np.concatenate([trees.roots + begin for trees, begin in pairs]),
            base=0.0,
        )

    def _log_odds(self, row: npt.NDArray[np.float64]) -> list[float]:
        """Return the log odds of each fold's trees."""
        added = self._together.value[self._together.leaves(row)]
        ends = np.cumsum([len(trees.roots) for trees in self.folds])[:-1]
        parts = np.split(added, ends)
        return [trees.base + float(part.sum()) for trees, part in zip(self.folds, parts, strict=True)]


class OutOfFoldFigures(Document):
    """What a detector reached on records that it had not seen, `n_with` of them with the finding's label."""

    n_with: int
    n_without: int
    auc: float
    sensitivity: float
    specificity: float


class TrainedPart(Document):
    """What a detector was trained for: statements that assert it, related ones, the wanted specificity, its figures."""

    labels: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    specificity_wanted: float | None = None
    out_of_fold: OutOfFoldFigures | None = None


class DetectorPart(TrainedPart):
    """One detector: the fields of `Detector` beside, and the log odds before any tree, one per fold."""

    features: tuple[str, ...]
    limit: float
    calibration: tuple[float, float]
    base: tuple[float, ...]


class NewFindingsCard(Document):
    """The card of the detectors as their training makes it; ``folds`` are fingerprints of records.

    Its fields stand in the file in this order.
    """

    name: str = NAME
    title: str = ""
    data: str = ""
    recipe: JsonObject = Field(default_factory=dict)
    detectors: dict[str, TrainedPart] = Field(default_factory=dict)
    licence: str = ""
    folds: tuple[tuple[str, ...], ...]


class FindingsCard(StampedCard):
    """What is needed of the card to open the weights."""

    detectors: dict[str, DetectorPart]
    folds: tuple[tuple[str, ...], ...]


class FindingFigures(Document):
    """How one finding did on labelled records; a share of no record is None."""

    n_with: int
    n_without: int
    sensitivity: float | None
    specificity: float | None


class FindingsTable(Document):
    """How the findings did, by code, on the labels of one source."""

    source: str = ""
    n_records: int = 0
    findings: dict[str, FindingFigures] = Field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FindingWeights:
    """All detectors.

    Attributes
    ----------
    detectors : mapping of str to Detector
        By code of the finding.
    fold_of : mapping of str to int
        Fingerprint of a training record -> the fold that never saw it.
    card : FindingsCard
        Their card.
    """

    detectors: Mapping[str, Detector]
    fold_of: Mapping[str, int]
    card: FindingsCard


def load_findings(folder: Path | None = None) -> FindingWeights | None:
    """Open the detectors.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Where ``findings.json`` lies: by default ``findings`` in the weights folder.

    Returns
    -------
    FindingWeights or None
        None where the folder holds no card.

    Raises
    ------
    ModelCardError
        If the card is no JSON, is of another schema, or lacks a field.
    WeightsError
        If the weights file is missing or is no safetensors file.
    WeightsIntegrityError
        If its checksum is not the card's.
    WeightsMismatchError
        If weights and card do not fit each other.
    """
    path = folder_of(NAME, folder) / f"{NAME}.json"
    if not path.is_file():
        return None
    raw = read_json(path, _HINT)
    # Exchanged weights are refused before anything else of the card is looked at.
    stamp = checked_as(StampedCard, raw, path, _HINT)
    tensors = read_tensors(path.with_suffix(".safetensors"), stamp.sha256)
    try:
        card = FindingsCard.of(raw)
        detectors = {code: _detector(tensors, code, part) for code, part in card.detectors.items()}
    except ValidationError as error:
        raise WeightsMismatchError(f"The weights do not fit {path.name}: {fault_of(error).words()}.", _HINT) from error
    except (KeyError, ValueError) as error:
        raise WeightsMismatchError(f"The weights do not fit {path.name}: {error!r}.", _HINT) from error
    fold_of = {mark: fold for fold, marks in enumerate(card.folds) for mark in marks}
    return FindingWeights(detectors, fold_of, card)


def save_findings(detectors: Mapping[str, Detector], card: NewFindingsCard, folder: Path) -> Path:
    """Write the detectors with their card.

    Parameters
    ----------
    detectors : mapping of str to Detector
        By code.
    card : NewFindingsCard
        What a reader should know; version, checksum and numbers of the detectors are filled in here.
    folder : pathlib.Path
        Made where it is missing.

    Returns
    -------
    pathlib.Path
        The card.
    """
    state = {
        f"{code}.{fold}.{part}": _stored(getattr(trees, part))
        for code, detector in detectors.items()
        for fold, trees in enumerate(detector.folds)
        for part in _PARTS
    }
    content = tensor_bytes(state, "float32")
    parts: JsonObject = {
        code: {
            **card.detectors.get(code, TrainedPart()).as_json(),
            "features": list(detector.features),
            "limit": detector.limit,
            "calibration": list(detector.calibration),
            "base": [trees.base for trees in detector.folds],
        }
        for code, detector in detectors.items()
    }
    path = folder / f"{NAME}.json"
    raw = stamped({**card.as_json(), "detectors": parts}, content, FindingsCard.reads)
    checked_as(FindingsCard, raw, path, _HINT)
    return write_with_card(path, raw, content, indent=1)


def load_figures(folder: Path | None = None) -> FindingsTable:
    """Read how each finding did on labelled records; empty where the file is not there.

    Raises
    ------
    ModelCardError
        If the file is no JSON, or lacks a field.
    """
    path = folder_of(NAME, folder) / FIGURES_NAME
    return checked_as(FindingsTable, read_json(path, _HINT), path, _HINT) if path.is_file() else FindingsTable()


def save_figures(figures: FindingsTable, folder: Path | None = None) -> Path:
    """Write how each finding did on labelled records beside the detectors."""
    target = folder_of(NAME, folder)
    target.mkdir(parents=True, exist_ok=True)
    path = target / FIGURES_NAME
    path.write_text(json.dumps(figures.as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def join_trees(trees: Sequence[Mapping[str, Nodes]], base: float) -> Trees:
    """Put the nodes of single trees, each with children counted from its own first node, into one row."""
    shifts = np.cumsum([0, *(len(tree["feature"]) for tree in trees)])
    joined = {
        part: np.concatenate([np.asarray(tree[part]) for tree in trees])
        for part in ("feature", "threshold", "missing_left", "value")
    }
    left, right = (
        np.concatenate(
            [np.asarray(tree[part], dtype=np.int64) + shift for tree, shift in zip(trees, shifts, strict=False)]
        )
        for part in ("left", "right")
    )
    return Trees(
        feature=joined["feature"].astype(np.int64),
        # As they are stored, so that what is tested is what ships.
        threshold=joined["threshold"].astype(np.float32).astype(np.float64),
        missing_left=joined["missing_left"].astype(np.bool_),
        left=left,
        right=right,
        value=joined["value"].astype(np.float32).astype(np.float64),
        roots=shifts[:-1].astype(np.int64),
        base=float(base),
    )


def _detector(tensors: Mapping[str, Array], code: str, part: DetectorPart) -> Detector:
    folds = tuple(_trees(tensors, f"{code}.{fold}", base) for fold, base in enumerate(part.base))
    return Detector(part.features, part.limit, part.calibration, folds)


def _trees(tensors: Mapping[str, Array], name: str, base: float) -> Trees:
    parts = {part: tensors[f"{name}.{part}"] for part in _PARTS}
    feature, left, right, roots = (parts[part].astype(np.int64) for part in ("feature", "left", "right", "roots"))
    children = np.concatenate([left, right, roots])
    if not children.size or children.min() < 0 or children.max() >= feature.size:
        raise ValueError(f"{name} has a node that leads nowhere")
    inner = feature >= 0
    own = np.arange(feature.size)
    if not ((left > own) & (right > own))[inner].all():
        raise ValueError(f"{name} has a node that leads back")
    return Trees(
        feature=feature,
        threshold=parts["threshold"].astype(np.float64),
        missing_left=parts["missing_left"].astype(np.bool_),
        left=left,
        right=right,
        value=parts["value"].astype(np.float64),
        roots=roots,
        base=base,
    )


def _stored(values: Nodes) -> Nodes:
    if values.dtype == np.float64:
        return values.astype(np.float32)
    return values.astype(np.int32) if values.dtype == np.int64 else values
