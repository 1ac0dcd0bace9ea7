"""Why something is as it is: a code for whoever decides by it, and the sentence for whoever reads it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """What a reason says, whatever its words. Codes are part of the JSON: none is renamed."""

    # One lead or several (docs/clinical.md, 14).
    LEAD_MISSING = "lead_missing"
    LEAD_FLAT = "lead_flat"
    LEAD_FLAT_STRETCH = "lead_flat_stretch"
    LEAD_DERIVED_FROM_UNUSABLE = "lead_derived_from_unusable"
    LEAD_CLIPPED = "lead_clipped"
    LEAD_GAP = "lead_gap"
    DRIFT = "drift"
    MUSCLE_NOISE = "muscle_noise"
    NOISE_BURST = "noise_burst"
    MAINS_HUM = "mains_hum"

    # The record as a whole (docs/clinical.md, 12 and 13).
    GAIN_IMPOSSIBLE = "gain_impossible"
    GAIN_DOUBTFUL = "gain_doubtful"
    NO_QRS = "no_qrs"
    TOO_SHORT = "too_short"
    SHORT = "short"
    SAMPLING_RATE_UNSUPPORTED = "sampling_rate_unsupported"
    TOO_FEW_LEADS = "too_few_leads"
    CHEST_LEAD_MISSING = "chest_lead_missing"
    ARM_ELECTRODES_SWAPPED = "arm_electrodes_swapped"
    ARM_AND_LEG_SWAPPED = "arm_and_leg_swapped"
    CHEST_LEADS_INTERCHANGED = "chest_leads_interchanged"
    LEADS_COPIED = "leads_copied"
    LOW_PASSED = "low_passed"
    LIMB_LEADS_CONTRADICT = "limb_leads_contradict"
    LIMB_LEADS_OWN_GAINS = "limb_leads_own_gains"

    # What the level is meant for (docs/clinical.md, 15).
    AGE_NOT_STATED = "age_not_stated"
    NOT_ADULT = "not_adult"
    SEX_NOT_STATED = "sex_not_stated"
    PACED = "paced"
    NO_SIGNAL = "no_signal"
    LEADS_ABSENT = "leads_absent"
    LEADS_DERIVED = "leads_derived"
    UNLIKE_TRAINING = "unlike_training"

    # On the way from the file to the level.
    FILE = "file"
    GAPS_AS_ZERO = "gaps_as_zero"
    RESAMPLED = "resampled"
    WINDOW = "window"
    PADDED = "padded"
    GRADED_WITHOUT_LEADS = "graded_without_leads"
    GRADED_WITHOUT_AGE_OR_SEX = "graded_without_age_or_sex"
    GRADED_WITHOUT_VOLTAGES = "graded_without_voltages"

    # The level itself.
    ANALYSED_ANYWAY = "analysed_anyway"
    OUT_OF_FOLD = "out_of_fold"
    RAISED_BY_FINDING = "raised_by_finding"
    UNSURE = "unsure"
    INSTALLATION_DECISION = "installation_decision"
    TRAINED_TWICE = "trained_twice"
    EXPLAINED_BY_SHIPPED = "explained_by_shipped"
    GRADER_SILENT = "grader_silent"
    GRADERS_DISAGREE = "graders_disagree"
    STORED = "stored"
    """A sentence that was kept without its code, as the review's database does."""


LIMB_SWAPS = frozenset({ReasonCode.ARM_ELECTRODES_SWAPPED, ReasonCode.ARM_AND_LEG_SWAPPED})
"""Reasons that say that limb electrodes look swapped."""


@dataclass(frozen=True)
class Reason:
    """One thing to know. Programs decide by the code, people read the sentence.

    Attributes
    ----------
    code : ReasonCode
        What it says.
    text : str
        The whole sentence that is shown.
    leads : tuple of str
        Leads that the sentence is about, as it names them; empty where it is about the record.
    """

    code: ReasonCode
    text: str
    leads: tuple[str, ...] = ()


def texts(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """Return the sentences of some reasons, for showing them."""
    return tuple(reason.text for reason in reasons)


def stored(sentences: Iterable[str]) -> tuple[Reason, ...]:
    """Return sentences that were kept without their codes."""
    return tuple(Reason(ReasonCode.STORED, sentence) for sentence in sentences)


def unique(reasons: Iterable[Reason], known: Iterable[Reason] = ()) -> tuple[Reason, ...]:
    """Return what is to be said, each sentence once.

    Parameters
    ----------
    reasons : iterable of Reason
        In order.
    known : iterable of Reason
        What is said elsewhere already, and so left out.
    """
    known_texts = {reason.text for reason in known}
    more = []
    for reason in reasons:
        if reason.text not in known_texts:
            known_texts.add(reason.text)
            more.append(reason)
    return tuple(more)


def first_of(reasons: Iterable[Reason], codes: Container[ReasonCode]) -> Reason | None:
    """Return the first reason with one of these codes; None where none has."""
    return next((reason for reason in reasons if reason.code in codes), None)
