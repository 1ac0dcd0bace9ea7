"""Reasons: a code for programs, a sentence for people."""

from cardiov_core.domain import Quality, QualityVerdict, Reason, ReasonCode
from cardiov_core.domain.reasons import first_of, stored, texts, unique

FLAT = Reason(ReasonCode.LEAD_FLAT, "V1 is flat.", ("V1",))
SHORT = Reason(ReasonCode.SHORT, "The record lasts 6 s.")
SWAP = Reason(ReasonCode.ARM_ELECTRODES_SWAPPED, "Leads I and aVR look as if ...", ("I", "aVR"))


def test_each_sentence_is_said_once_and_in_order() -> None:
    assert unique([SHORT, FLAT, SHORT]) == (SHORT, FLAT)
    assert unique([SHORT, FLAT, *stored(["V1 is flat."])], known=[FLAT]) == (SHORT,)


def test_what_was_kept_as_a_sentence_has_a_code_that_says_so() -> None:
    (kept,) = stored(["Leads I and aVR look swapped."])
    assert kept == Reason(ReasonCode.STORED, "Leads I and aVR look swapped.")
    assert Quality(QualityVerdict.LIMITED, (), (kept,)).limb_swap is None, "no word decides"


def test_a_reason_is_found_by_its_code() -> None:
    assert first_of([SHORT, FLAT], {ReasonCode.LEAD_FLAT}) is FLAT
    assert first_of([SHORT], {ReasonCode.LEAD_FLAT}) is None
    assert Quality(QualityVerdict.LIMITED, (), (SHORT, SWAP)).limb_swap is SWAP
    assert texts([SHORT, FLAT]) == ("The record lasts 6 s.", "V1 is flat.")


def test_codes_are_words_of_the_json() -> None:
    assert all(code.value == code.name.lower() for code in ReasonCode)
