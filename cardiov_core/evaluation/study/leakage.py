"""Leakage: which PTB-XL records a grader learned from; what is graded by it must not be among them."""

from collections.abc import Iterable
from dataclasses import dataclass

from cardiov_core.errors import ConfigurationError
from cardiov_core.weights import ModelCard, out_of_fold_table

ALL_FOLDS = range(1, 11)
"""PTB-XL's folds; no patient is in two of them."""


@dataclass(frozen=True)
class TrainedOn:
    """What a grader was made from, as its card and its out-of-fold table say."""

    grader: str
    folds: frozenset[int]  # folds whose records trained it
    # Folds that its training looked at without learning from them: they chose its epoch or stopped it.
    chosen_on: frozenset[int]
    ecg_ids: frozenset[int]  # records with an out-of-fold prediction; empty where the grader has none
    patients: frozenset[str]  # of these records
    has_table: bool  # whether the grader has out-of-fold predictions at all

    def trained_blindly(self, folds: Iterable[int]) -> bool:
        """Tell whether one of these folds trained the grader and has no out-of-fold predictions."""
        return not self.has_table and bool(self.folds & set(folds))

    def check_folds(self, folds: tuple[int, ...]) -> None:
        """Refuse folds whose records trained the grader and have no out-of-fold prediction."""
        if not self.trained_blindly(folds):
            return
        known = sorted(self.folds & set(folds))
        unseen = [str(fold) for fold in ALL_FOLDS if fold not in self.folds | self.chosen_on]
        also = "".join(f", or {fold}, on which it was chosen" for fold in sorted(self.chosen_on))
        raise ConfigurationError(
            f"{self.grader} was trained on fold {', '.join(map(str, known))} of PTB-XL and has no out-of-fold "
            "predictions of it: figures there would praise its memory.",
            f"Name folds that it has not seen: {', '.join(unseen) or 'there is none'}{also}.",
        )

    def objection(self, ecg_id: int, patient_id: str | None) -> str | None:
        """Say why a record without an out-of-fold prediction must not be graded by the weights; None if it may."""
        if ecg_id in self.ecg_ids:
            return f"it trained {self.grader}, but its samples are not those that did: restore the file."
        if patient_id is not None and patient_id in self.patients:
            return f"another ECG of patient {patient_id} trained {self.grader}."
        return None


def trained_on(card: ModelCard) -> TrainedOn:
    """Return what a grader was made from, of PTB-XL."""
    training = card.stated.training
    of_ptbxl = training.dataset.startswith("PTB-XL")
    table = out_of_fold_table(card)
    return TrainedOn(
        grader=card.name,
        folds=frozenset(training.folds) if of_ptbxl else frozenset(),
        chosen_on=frozenset(training.validation_folds) if of_ptbxl else frozenset(),
        ecg_ids=frozenset() if table is None else frozenset(map(int, table["ecg_id"])),
        patients=frozenset() if table is None else frozenset(map(str, table["patient_id"].dropna())),
        has_table=table is not None,
    )
