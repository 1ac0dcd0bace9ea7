"""Formatting that every page relies on."""

import base64
import re

import pytest

from cardiov_core.domain import Severity
from cardiov_core.reporting.words.disclaimer import wording
from cardiov_core.reporting.words.record import age_and_sex
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.styles import level_shape


@pytest.mark.parametrize("level", list(Severity))
def test_a_level_has_number_shape_and_colour(level: Severity) -> None:
    drawing = base64.b64decode(re.findall(r"base64,([^\"]+)", level_shape(level))[0]).decode()
    assert ("<circle", "<polygon", "<rect", "<polygon")[level] in drawing
    assert ("#0072B2", "#F0E442", "#E69F00", "#D55E00")[level] in drawing
    assert f">{int(level)}</text>" in drawing


def test_no_wording_reads_healthy() -> None:
    for level in (Severity.NO_RISK, Severity.LOW_RISK):
        assert wording(level) == "A low level does not rule out disease."
    for level in (Severity.MEDIUM_RISK, Severity.HIGH_RISK):
        assert wording(level) == "May suggest need for prompt review by a cardiologist."


@pytest.mark.parametrize(
    ("age", "sex", "text"),
    [
        (54.0, "male", "54 y, male"),
        (300.0, "female", "90 or over, female"),
        (89.0, None, "89 y, sex unknown"),
        (None, None, "age unknown, sex unknown"),
        (float("nan"), "male", "age unknown, male"),
    ],
)
def test_ages_from_90_are_not_stated(age: float | None, sex: str | None, text: str) -> None:
    assert age_and_sex(age, sex) == text


def test_file_names_are_no_markdown() -> None:
    assert plain("a_b_[c](d)*.csv") == r"a\_b\_\[c\](d)\*.csv"
