"""How numbers are written: recognised over the whole table, or refused; a factor of a thousand is never guessed."""

import pytest

from cardiov_core.errors import RecordFormatError
from cardiov_core.io.formats.written_numbers import Signs, signs_of


@pytest.mark.parametrize(
    ("cells", "beside", "signs"),
    [
        (["0.123", "-1.5"], [], Signs(".")),
        (["0,123", "1,234", "-0,9"], [], Signs(",")),
        (["1,007", "993", "-12"], [], Signs(".", ",")),
        (["1.007", "993", "-12"], [], Signs(",", ".")),
        (["1,007", "1,200"], ["0.002", "0.004"], Signs(".", ",")),
        (["1.007", "1.200"], ["0,002"], Signs(",", ".")),
        (["1,007.5", "12.5"], [], Signs(".", ",")),
        (["1.007,5", "12,5"], [], Signs(",", ".")),
        (["1'007", "12"], [], Signs(".", "'")),
        (["1 007", "-1 200,5"], [], Signs(",", " ")),
        (["1,000,000", "12"], [], Signs(".", ",")),
        (["1,234", "2048", "17"], [], Signs(",")),
        (["1.007", "2.120"], [], Signs(".")),
        (["1.5e-05", "0.3"], [], Signs(".")),
        (["NaN", "", "12"], [], Signs(".")),
    ],
)
def test_signs_are_those_that_the_table_shows(cells, beside, signs):
    assert signs_of(cells, beside, "t.csv") == signs


@pytest.mark.parametrize(
    "cells",
    [["1,007", "1,200"], ["1,007", "1.200"], ["0,5", "0.5"], ["1,007.5", "1.007,5"], ["1'007", "1,007.5"]],
)
def test_what_a_table_leaves_open_or_contradicts_is_refused(cells):
    with pytest.raises(RecordFormatError, match=r"numbers|thousand"):
        signs_of(cells, [], "t.csv")
