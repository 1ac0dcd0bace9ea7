"""How far a record lies from those that a grader learned from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """A record's distance from the training records.

    Attributes
    ----------
    distance : float
        >= 0, in standard deviations over all directions together.
    limit : float
        Beyond it a record counts as outside: few of the held-out training records lie there.
    farther_share : float
        Share of the held-out training records that lie at least as far out, 0..1.
    n_records : int
        How many these are.
    """

    distance: float
    limit: float
    farther_share: float
    n_records: int

    @property
    def outside(self) -> bool:
        """Whether the record is unlike those that the grader learned from."""
        return self.distance > self.limit
