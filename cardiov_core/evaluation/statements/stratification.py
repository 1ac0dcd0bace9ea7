"""Hidden stratification: groups of records within a statement that a network is much worse at than at the rest.

The records with a statement are clustered by the network's outputs, and each cluster is held against all records
without the statement (the benchmark's section IV-B; Oakden-Rayner et al. 2020, doi:10.1145/3368555.3384468).
"""

from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.metrics import area_under_curve
from cardiov_core.evaluation.statements.multilabel import BoolMatrix


@dataclass(frozen=True, eq=False)
class Stratum:
    """One cluster of the records with a statement."""

    records: IntArray
    auc: float  # of the cluster's records against all without the statement
    n_together: int  # how many of them have the other statement, too


def hidden_strata(
    labels: BoolMatrix,
    scores: Float64Array,
    statement: int,
    together: int | None = None,
    *,
    n_clusters: int = 2,
    seed: int = 0,
) -> tuple[Stratum, ...]:
    """Cluster the records with a statement by k-means of all outputs.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (n_records, n_classes)
        What each record has, and probabilities.
    statement : int
        Column that is looked into.
    together : int, optional
        Column whose presence is counted in each cluster.
    n_clusters : int
        How many.
    seed : int
        Of the clustering.

    Returns
    -------
    tuple of Stratum
        The one with the lowest AUC first.

    Raises
    ------
    LabelError
        If fewer records than clusters have the statement, or all have.
    """
    rows = np.flatnonzero(labels[:, statement])
    if len(rows) < n_clusters or len(rows) == len(labels):
        raise LabelError(
            f"{len(rows)} of {len(labels)} records have the statement: nothing to split into {n_clusters} clusters.",
            "Choose a statement that more records have, and not all.",
        )
    from sklearn.cluster import KMeans

    clusters = KMeans(n_clusters, random_state=seed, n_init=10).fit_predict(scores[rows])
    without = ~labels[:, statement]
    strata = []
    for number in range(n_clusters):
        own = rows[clusters == number]
        judged = np.concatenate([own, np.flatnonzero(without)])
        area = area_under_curve(np.arange(len(judged)) < len(own), scores[judged, statement])
        n_together = 0 if together is None else int(labels[own, together].sum())
        strata.append(Stratum(own, area, n_together))
    return tuple(sorted(strata, key=lambda stratum: stratum.auc))
