"""The head in words: numbers, the machine's statement, one plain reason, what needs a look."""

from collections.abc import Callable

from cardiov_core.domain import (
    Analysis,
    EcgRecord,
    Finding,
    MachineReading,
    Reason,
    ReasonCode,
)
from cardiov_core.reporting import head_alerts, head_lines, head_values, level_reason, machine_lines

Make = Callable[..., Analysis]
AF = Finding("atrial_fibrillation", "Atrial fibrillation", "present", "RR varies by 30 %.", {})
ST = Finding("st_elevation", "ST elevation", "present", "0.2 mV.", {}, critical=True, leads=("II", "III", "aVF"))
ABSENT = Finding("bradycardia", "Bradycardia", "absent", "62/min.", {})


def test_the_numbers_are_those_of_a_cart(make_analysis: Make, report_record: EcgRecord) -> None:
    values = {each.name: each for each in head_values(make_analysis().measurements, report_record)}
    assert list(values) == ["HR", "PR", "QRS", "QT", "QTc", "Axis"]
    assert values["HR"].value.endswith("/min")
    assert values["QRS"].value.endswith("ms")
    assert all(each.value == "\u2013" and each.remark for each in head_values(None, report_record))


def test_the_machine_is_quoted_and_a_physicians_word_stands_for_it() -> None:
    machine = MachineReading("MAC 55", statements=(">>> ABNORMAL <<<", " Sinus rhythm "), severity="ABNORMAL")
    assert machine_lines(machine) == (">>> ABNORMAL <<<", "Sinus rhythm", "ABNORMAL")
    confirmed = MachineReading("MAC 55", statements=("Sinus rhythm",), confirmed_statements=("Atrial flutter",))
    assert machine_lines(confirmed) == ("Atrial flutter",)
    assert machine_lines(None) == ()


def test_a_long_statement_ends_with_how_many_lines_the_head_has_no_room_for() -> None:
    assert head_lines(("a", "b", "c", "d")) == ("a", "b", "c", "d")
    assert head_lines(("a", "b", "c", "d", "e")) == ("a", "b", "c", "2 more under Measurements")


def test_a_reason_does_not_say_the_same_twice(make_analysis: Make) -> None:
    """Left bundle branch block was announced as 'Wide QRS; Left bundle branch block'."""
    wide = Finding("wide_qrs", "Wide QRS", "present", "162 ms.", {})
    block = Finding("left_bundle_branch_block", "Left bundle branch block", "present", "162 ms.", {})
    assert level_reason(make_analysis(findings=(wide, block))) == "Left bundle branch block"
    assert level_reason(make_analysis(findings=(wide, ABSENT))) == "Wide QRS", "where nothing says more"


def test_the_reason_is_what_the_signal_shows(make_analysis: Make) -> None:
    assert level_reason(make_analysis(findings=(AF, ST, ABSENT))) == (
        "ST elevation (II, III, aVF); Atrial fibrillation"
    ), "the critical one first"
    assert "By the grader alone" in level_reason(make_analysis(findings=(ABSENT,)))
    withheld = (Reason(ReasonCode.LEAD_FLAT, "V3 is flat."),)
    assert level_reason(make_analysis(prediction=None, withheld=withheld)) == "V3 is flat."


def test_what_needs_a_look_is_ranked_and_names_no_grader(make_analysis: Make) -> None:
    warnings = (
        Reason(ReasonCode.RESAMPLED, "Resampled from 257 to 500 Hz."),
        Reason(ReasonCode.FILE, "The file says so."),
        Reason(ReasonCode.GRADERS_DISAGREE, "The graders disagree: combined No risk, boosted High risk."),
        Reason(ReasonCode.NOT_ADULT, "The patient is 7 years old."),
    )
    assert head_alerts(make_analysis(warnings=warnings, critical=())) == (
        "The patient is 7 years old.",
        "The graders disagree on the level.",
        "The file says so.",
    )
    quality = Reason(ReasonCode.NO_QRS, "No QRS complex.")
    withheld = make_analysis(prediction=None, withheld=(quality,), warnings=(quality,), critical=())
    assert head_alerts(withheld) == ("No QRS complex.",)
