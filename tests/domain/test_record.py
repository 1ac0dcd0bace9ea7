from dataclasses import dataclass, replace

from cardiov_core.domain import once


@dataclass(frozen=True)
class _Value:
    number: int


_asked: list[int] = []


def _sum(value: _Value, other: list[int]) -> int:
    _asked.append(value.number)
    return value.number + sum(other)


def test_a_value_is_looked_at_once_for_each_thing_that_is_given() -> None:
    _asked.clear()
    value, other = _Value(1), [2, 3]
    assert [once(_sum, value, other) for _ in range(3)] == [6, 6, 6]
    assert once(_sum, value, [2, 3]) == 6  # another list
    assert _asked == [1, 1]


def test_a_changed_copy_knows_nothing() -> None:
    _asked.clear()
    value, other = _Value(1), [2]
    assert once(_sum, value, other) == 3
    assert once(_sum, replace(value, number=5), other) == 7
    assert value == _Value(1)
