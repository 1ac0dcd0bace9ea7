"""JSON documents of a known form: what they take, and what is said where they do not."""

import pytest
from pydantic import ValidationError

from cardiov_core.domain.documents import Document, Ends, FileName, fault_of


class _Inner(Document):
    name: FileName
    interval: Ends | None = None


class _Outer(Document):
    n: int
    share: float
    inner: tuple[_Inner, ...]


WHOLE = {"n": 3, "share": 1, "inner": [{"name": "a.csv", "interval": [0.1, 0.2]}], "later": "passed over"}


def test_a_document_gives_back_what_it_was_given_and_passes_over_the_rest() -> None:
    found = _Outer.of(WHOLE)
    assert found.inner[0].interval == (0.1, 0.2)
    assert found.as_json() == {"n": 3, "share": 1.0, "inner": [{"name": "a.csv", "interval": [0.1, 0.2]}]}
    assert "interval" not in _Outer.of(WHOLE | {"inner": [{"name": "a"}]}).as_json()["inner"][0]  # type: ignore[index,operator]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"n": True}, "card.n is True; expected a valid integer"),
        ({"n": "3"}, "card.n is '3'; expected a valid integer"),
        ({"n": None}, "card.n is missing; expected a valid integer"),
        ({"inner": [{}]}, "card.inner.0.name is missing; it is needed"),
        ({"inner": [{"name": "../x"}]}, "card.inner.0.name is '../x'; expected the name of a file beside the card"),
        ({"inner": [{"name": "x", "interval": [2, 1]}]}, "the lower end first"),
    ],
)
def test_what_is_wrong_is_told_with_the_field_and_what_stands_there(change: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Outer.of(WHOLE | change)
    assert told in fault_of(caught.value).words("card")


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ValidationError) as caught:
        _Outer.of(WHOLE | {"n": "x" * 5000})
    assert len(fault_of(caught.value).words()) < 200
