"""What a training asks of records with labels, whether they come from a tree or from a cache of one."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.datasets.ptbxl.ptbxl_table import Person, PreparedRecords
from cardiov_core.datasets.ptbxl.tree import PtbXl
from cardiov_core.domain import EcgRecord, InputContract, Severity
from cardiov_core.errors import DatasetError
from cardiov_core.statements import LabelRule

if TYPE_CHECKING:
    import pandas as pd


class LabelledRecords(Protocol):
    """Records with labels, people and folds, ready for a network.

    `PtbXl` reads and prepares them, `cardiov_core.datasets.PtbXlCache` has them prepared. Who needs whole records asks
    `whole_records` for the tree.
    """

    @property
    def source_name(self) -> str:
        """Name of the tree, for cards and messages."""

    @property
    def corrected(self) -> CorrectedLabels | None:
        """Levels that count instead of those of the statements."""

    @property
    def table(self) -> "pd.DataFrame":
        """Rows of ``ptbxl_database.csv`` by ``ecg_id``."""

    def ecg_ids(self, folds: Iterable[int]) -> list[int]:
        """Return the records of some folds, in the order of the table."""

    def scp_codes(self, ecg_id: int) -> dict[str, float]:
        """Return a record's statements with their likelihoods in per cent, in the record's own order."""

    def label(self, ecg_id: int, rule: LabelRule = "highest_likelihood") -> Severity:
        """Return a record's critical value: the corrected one where there is one and no other rule is asked for."""

    def own_label(self, ecg_id: int) -> Severity:
        """Return a record's critical value by its statements, whoever corrected it."""

    def fold(self, ecg_id: int) -> int:
        """Return a record's fold, 1..10."""

    def person(self, ecg_id: int) -> Person:
        """Return what is known of a record's patient and recording."""

    def prepared(
        self, ecg_ids: Sequence[int], contract: InputContract, each: Callable[[int, EcgRecord], None] | None = None
    ) -> PreparedRecords:
        """Return what a network is fed of some records; every record is read once.

        Parameters
        ----------
        ecg_ids : sequence of int
            The records.
        contract : InputContract
            The recipe's.
        each : callable, optional
            Gets every record whole while it is read: what else is to be measured of it, is measured there.
        """


def whole_records(records: LabelledRecords) -> PtbXl:
    """Return the tree of whole records.

    Raises
    ------
    DatasetError
        If the records are a cache, which has none.
    """
    if isinstance(records, PtbXl):
        return records
    raise no_whole_records(records.source_name)


def no_whole_records(source_name: str) -> DatasetError:
    """Return the error for whoever asks a cache of the tree `source_name` for whole records."""
    return DatasetError(
        f"What was named is a cache of prepared windows of {source_name}: whole records are not in it.",
        f"Only networks train on a cache; name the PTB-XL tree itself ({source_name}) for everything else.",
    )
