"""Whether a record looks like those that a grader learned from: a distance, and how many of those lie as far out.

Numbers of the signal itself are compared, not of the network: size, spectrum and shape of the leads, and how alike
they are. What a network has made of a record knows hardly anything of it any more (docs/method/uncertainty.md has the
comparison), and its view of its own training records is no view of records at all. Labels play no part.

The distance is Mahalanobis' on principal components with 95 % of the variance; what they leave over counts once, by
its mean square, so that a record that differs in a new way is far out, too.
"""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import (
    INDEPENDENT_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    Float64Array,
    InputContract,
    Reason,
    ReasonCode,
    Scope,
)
from cardiov_core.errors import ConfigurationError
from cardiov_core.filtering import mean_power
from cardiov_core.inference.uncertainty.prediction_sets import COVERAGE
from cardiov_core.signals import Examination, examined
from cardiov_core.weights import KnownRange

CONTRACT = InputContract(
    leads=STANDARD_LEADS,
    sampling_rate_hz=100.0,
    n_samples=1000,
    band_hz=(0.5, 45.0),
    filter_order=3,
    normalisation="none",
)
"""How a record is prepared for its numbers, whatever the grader itself is fed."""

SHARE_INSIDE = 0.98
"""Share of held-out training records that lie within the limit: 1 in 50 ordinary ECGs is flagged."""

_BANDS_HZ = ((0.5, 2.0), (2.0, 4.0), (4.0, 7.0), (7.0, 11.0), (11.0, 16.0), (16.0, 25.0), (25.0, 45.0))
_SEGMENT_S = 2.0
_VARIANCE_KEPT = 0.95
# A tenth of a microvolt, far below what a converter tells apart: keeps logarithms of flat leads finite.
_SMALLEST_MV = 1e-4
_SMALLEST_POWER = 1e-12
_LARGEST_CORRELATION = 0.99
_SMALLEST_MOMENT = 1e-3
_FEWEST_RECORDS = 50


def signature_of(record: EcgRecord | Examination, start_s: float | None = None) -> Float64Array:
    """Return the numbers by which records are compared.

    Parameters
    ----------
    record : EcgRecord or Examination
        At least 5 s with all twelve leads.
    start_s : float, optional
        Where the window of 10 s begins; the beginning by default.

    Returns
    -------
    numpy.ndarray, shape (71,)
        Log of the standard deviation a lead in mV (12); log shares of the power in seven bands over all independent
        leads (7); Fisher's z of the correlations between independent leads (28); log of the fourth and cube root of
        the third standardised moment a lead (24). Finite, also for flat leads.

    Raises
    ------
    RecordUnsupportedError
        If the record is too short or a lead is missing.
    """
    prepared = examined(record).prepared(CONTRACT, start_s)
    values = prepared.values[:, prepared.pad_left : CONTRACT.n_samples - prepared.pad_right].astype(np.float64)
    centred = values - values.mean(axis=1, keepdims=True)
    sd = values.std(axis=1) + _SMALLEST_MV
    scaled = centred / sd[:, np.newaxis]
    independent = [STANDARD_LEADS.index(lead) for lead in INDEPENDENT_LEADS]
    # Products, since a power of an array takes ten times as long.
    squared = scaled * scaled
    third, fourth = (squared * scaled).mean(axis=1), (squared * squared).mean(axis=1)
    moments = np.log(_SMALLEST_MOMENT + fourth), np.cbrt(third)
    return np.concatenate([np.log(sd), _spectrum(values[independent]), _similarity(scaled[independent]), *moments])


def fit_range(signatures: npt.ArrayLike, folds: npt.ArrayLike) -> KnownRange:
    """Fit where training records lie, and how far out each lies from the others.

    Parameters
    ----------
    signatures : array_like, shape (n, n_numbers)
        From `signature_of`.
    folds : array_like, shape (n,)
        Folds with no patient in two of them: the distance of a record is measured from a range that was fitted
        without its fold.

    Returns
    -------
    KnownRange
        Of all records.

    Raises
    ------
    ConfigurationError
        If there are fewer than 50 records or only one fold.
    """
    rows, parts = np.asarray(signatures, dtype=np.float64), np.asarray(folds)
    names = np.unique(parts)
    if len(rows) < _FEWEST_RECORDS or len(names) == 1:
        raise ConfigurationError(
            f"{len(rows)} records in {len(names)} folds are too few to know a range.",
            f"Give at least {_FEWEST_RECORDS} records in two folds.",
        )
    held_out = np.concatenate([distances(fitted(rows[parts != name]), rows[parts == name]) for name in names])
    return fitted(rows, np.sort(held_out))


def fitted(rows: Float64Array, held_out: Float64Array | None = None) -> KnownRange:
    """Fit where records lie.

    Parameters
    ----------
    rows : numpy.ndarray, shape (n, n_numbers)
        From `signature_of`.
    held_out : numpy.ndarray, optional
        For `KnownRange.held_out`; none by default.

    Returns
    -------
    KnownRange
        Components with 95 % of the variance of the standardised numbers.
    """
    mean, sd = rows.mean(axis=0), np.maximum(rows.std(axis=0), _SMALLEST_MOMENT)
    scaled = (rows - mean) / sd
    _, sizes, directions = np.linalg.svd(scaled, full_matrices=False)
    explained = np.cumsum(sizes**2) / np.sum(sizes**2)
    kept = int(np.searchsorted(explained, _VARIANCE_KEPT)) + 1
    left = scaled - scaled @ directions[:kept].T @ directions[:kept]
    return KnownRange(
        mean=mean,
        sd=sd,
        components=directions[:kept],
        spread=np.asarray(sizes[:kept] / np.sqrt(len(rows)), dtype=np.float64),
        rest=np.array([np.sqrt((left**2).sum(axis=1).mean()) + _SMALLEST_MOMENT]),
        held_out=np.zeros(0) if held_out is None else held_out,
    )


def distances(known: KnownRange, signatures: npt.ArrayLike) -> Float64Array:
    """Return how far records lie from the middle of the known range.

    Parameters
    ----------
    known : KnownRange
        From `fit_range`.
    signatures : array_like, shape (n, n_numbers)
        From `signature_of`.

    Returns
    -------
    numpy.ndarray, shape (n,)
        In standard deviations over all directions together, >= 0; the root of the number of components is usual.
    """
    rows = (np.asarray(signatures, dtype=np.float64) - known.mean) / known.sd
    along = rows @ known.components.T
    left = ((rows - along @ known.components) ** 2).sum(axis=1)
    squared = ((along / known.spread) ** 2).sum(axis=1) + left / known.rest[0] ** 2
    return np.asarray(np.sqrt(squared), dtype=np.float64)


def limit_of(known: KnownRange) -> float:
    """Return the distance within which `SHARE_INSIDE` of the held-out training records lie."""
    return float(np.quantile(known.held_out, SHARE_INSIDE))


def scope_of(known: KnownRange, record: EcgRecord | Examination, start_s: float | None = None) -> Scope:
    """Tell how far a record lies out.

    Returns with the limit and the share of the held-out training records that lie as far out.
    """
    distance = float(distances(known, signature_of(record, start_s)[np.newaxis])[0])
    n_records = len(known.held_out)
    farther = n_records - int(np.searchsorted(known.held_out, distance, side="left"))
    return Scope(distance=distance, limit=limit_of(known), farther_share=farther / n_records, n_records=n_records)


def unlike_training(scope: Scope | None) -> Reason | None:
    """Say for the reader that a record lies outside; None where it does not, or nobody knows."""
    if scope is None or not scope.outside:
        return None
    farther = round(scope.farther_share * scope.n_records)
    lying = "lies" if farther == 1 else "lie"
    text = (
        f"This ECG is unlike the {scope.n_records} ECGs that the grader learned from: "
        f"{farther or 'none'} of them {lying if farther else 'lies'} as far out. "
        f"Neither its probabilities nor the {100 * COVERAGE:.0f} % of its sets are promised here."
    )
    return Reason(ReasonCode.UNLIKE_TRAINING, text)


def _spectrum(values: Float64Array) -> Float64Array:
    n_segment = min(round(_SEGMENT_S * CONTRACT.sampling_rate_hz), values.shape[1])
    at_hz, power = mean_power(values, CONTRACT.sampling_rate_hz, n_segment)
    bands = np.array([power[:, (at_hz >= low) & (at_hz < high)].sum() for low, high in _BANDS_HZ]) + _SMALLEST_POWER
    return np.asarray(np.log(bands / bands.sum()), dtype=np.float64)


def _similarity(scaled: Float64Array) -> Float64Array:
    correlations = (scaled @ scaled.T / scaled.shape[1])[np.triu_indices(len(scaled), 1)]
    return np.asarray(np.arctanh(np.clip(correlations, -_LARGEST_CORRELATION, _LARGEST_CORRELATION)), dtype=np.float64)
