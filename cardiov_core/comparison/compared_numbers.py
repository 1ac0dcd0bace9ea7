"""The numbers of an ECG that are compared with another: intervals, axes, voltages; J, T and R of each lead."""

from collections.abc import Mapping
from dataclasses import dataclass

from cardiov_core.domain import STANDARD_LEADS, Analysis
from cardiov_core.signals import Evidence, Need

TRAINED = "probability"
"""Code of a trained detector's probability; what stands for the lead is the finding's code."""

EXPECTED_LEVEL = "expected_level"
"""Code of the mean of a grader's levels, each by its probability."""


@dataclass(frozen=True)
class Quantity:
    """A number that is compared.

    Attributes
    ----------
    code : str
        Its name, with the unit at the end: a field of `Measurements`, or 'j_mv', 't_mv', 'r_mv' of a lead.
    by_lead : bool
        Whether each lead has its own.
    needs : tuple of str
        What it rests on; where one of these is in doubt in one of the ECGs, it is not compared.
    on_form : bool
        Whether it follows from the form of the QRS, so that a new block changes it by itself.
    """

    code: str
    by_lead: bool = False
    needs: tuple[Need, ...] = ()
    on_form: bool = False


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("heart_rate_bpm"),
    Quantity("p_ms"),
    Quantity("pr_ms"),
    Quantity("qrs_ms"),
    Quantity("qtc_fridericia_ms"),
    Quantity("p_axis_deg", needs=("electrodes",)),
    Quantity("qrs_axis_deg", needs=("electrodes",)),
    Quantity("t_axis_deg", needs=("electrodes",), on_form=True),
    Quantity("sokolow_lyon_mv", needs=("gain", "places")),
    Quantity("cornell_mv", needs=("gain", "places")),
    Quantity("j_mv", by_lead=True, needs=("gain", "beat", "places", "slow"), on_form=True),
    Quantity("t_mv", by_lead=True, needs=("gain", "beat", "places", "slow"), on_form=True),
    Quantity("r_mv", by_lead=True, needs=("gain", "beat", "places")),
)
"""In the order of the table. The plain QT is left out: it follows the rate."""

OF_CODE: Mapping[str, Quantity] = {quantity.code: quantity for quantity in QUANTITIES}
"""The quantities by code."""

Place = tuple[str, str]
"""Code of a quantity, and its lead; '' where it belongs to none."""

PLACES: tuple[Place, ...] = tuple(
    (quantity.code, lead) for quantity in QUANTITIES for lead in (STANDARD_LEADS if quantity.by_lead else ("",))
)
"""Everything that is compared, in the order of the table."""


@dataclass(frozen=True)
class Measured:
    """One number of one ECG, or why there is none.

    Attributes
    ----------
    value : float or None
        In the unit that its code ends with.
    why : str
        Why there is none, a clause; empty otherwise.
    """

    value: float | None
    why: str = ""


def numbers_of(analysis: Analysis) -> Mapping[Place, Measured]:
    """Return the numbers of an ECG that can be compared.

    Parameters
    ----------
    analysis : Analysis
        Of one record.

    Returns
    -------
    mapping of (code, lead) to Measured
        An entry for each of `PLACES`.
    """
    measurements = analysis.measurements
    if measurements is None:
        return dict.fromkeys(PLACES, Measured(None, "the ECG could not be measured"))
    evidence = Evidence(analysis.record, measurements, analysis.quality)
    return {(code, lead): _number(evidence, OF_CODE[code], lead) for code, lead in PLACES}


def probabilities_of(analysis: Analysis) -> Mapping[str, float]:
    """Return the probability that each trained detector gave, by code of its finding."""
    return {finding.code: finding.measured[TRAINED] for finding in analysis.findings if TRAINED in finding.measured}


def expected_level(analysis: Analysis) -> float | None:
    """Return the mean of the grader's levels, each by its probability, 0..3; None where the level is withheld."""
    prediction = analysis.prediction
    return None if prediction is None else float(sum(prediction.exceedance))


def difference(code: str, earlier: float, later: float) -> float:
    """Return later minus earlier; of an axis the shorter way round, in -180 to 180 degrees."""
    plain = later - earlier
    return (plain + 180.0) % 360.0 - 180.0 if code.endswith("_deg") else plain


def _number(evidence: Evidence, quantity: Quantity, lead: str) -> Measured:
    doubts = (evidence.doubt(need) for need in quantity.needs)
    why = next((doubt for doubt in doubts if doubt is not None), None)
    if why is not None:
        return Measured(None, why)
    if not quantity.by_lead:
        value = getattr(evidence.measured, quantity.code)
        return Measured(None, evidence.missing(quantity.code)) if value is None else Measured(float(value))
    waves = evidence.waves.get(lead)
    if waves is None:
        return Measured(None, f"lead {lead} cannot be used")
    if quantity.code != "r_mv" and not waves.st_mv:
        return Measured(None, "the beats end before the ST segment")
    if quantity.code == "t_mv" and evidence.measured.qt_ms is None:
        return Measured(None, evidence.missing("qt_ms"))
    return Measured(float(getattr(waves, quantity.code)))
