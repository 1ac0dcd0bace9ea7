"""Line breaks and shortening, measured in mm."""

import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.print.text import TextStyle, check_printable, elided, printable, width_mm, wrapped

STYLE = TextStyle(7.0)


def test_width_is_that_of_the_font() -> None:
    # The digit zero of DejaVu Sans is 1303 of 2048 units wide.
    assert width_mm("0" * 100, STYLE) == pytest.approx(100 * 7 * 1303 / 2048 * 25.4 / 72, rel=0.01)
    assert width_mm("0" * 10, TextStyle(14.0)) == pytest.approx(2 * width_mm("0" * 10, STYLE), rel=0.01)
    assert width_mm("W", TextStyle(7.0, bold=True)) > width_mm("W", STYLE)


def test_no_line_is_wider_than_its_room_and_no_word_is_lost() -> None:
    text = "The limb leads are inconsistent: recorded and derived leads differ by 0.34 mV of their own RMS. " * 3
    lines = wrapped(text, STYLE, 40.0)
    assert all(width_mm(line, STYLE) <= 40.0 for line in lines)
    assert " ".join(lines).replace("\u00a0", " ").split() == text.split()
    assert len(lines) == pytest.approx(width_mm(text, STYLE) / 40, abs=4)


def test_a_word_wider_than_the_room_is_broken_and_whole() -> None:
    word = "".join(chr(97 + index % 26) for index in range(5000))
    lines = wrapped(f"see {word} here", STYLE, 30.0)
    assert all(width_mm(line, STYLE) <= 30.0 for line in lines)
    assert "".join(lines).replace(" ", "") == f"see{word}here"


def test_numbers_stay_with_their_units() -> None:
    for room in range(16, 40):
        for line in wrapped("a gap of 120 ms and 0.5 mV in 10 s at 500 Hz", STYLE, float(room)):
            assert not line.startswith(("ms", "mV", "s ", "Hz"))


def test_shortening_keeps_both_ends_and_as_much_as_fits() -> None:
    name = "ward-7-room-12-" + "x" * 300 + "-2024-02-03.hea"
    shown = elided(name, STYLE, 60.0)
    assert shown.startswith("ward-7-room")
    assert shown.endswith("02-03.hea")
    assert 57.0 < width_mm(shown, STYLE) <= 60.0
    assert elided("short", STYLE, 60.0) == "short"


def test_what_the_font_lacks_is_replaced_in_files_words_and_refused_in_typed_ones() -> None:
    assert printable("V1\t\n ok \u202e王\x07") == "V1 ok \ufffd\ufffd\ufffd"
    assert check_printable("  Ελένη   Ñandú ", "the name") == "Ελένη Ñandú"
    with pytest.raises(ConfigurationError, match="RIGHT-TO-LEFT OVERRIDE"):
        check_printable("a\u202eb", "the name")
