"""What is said where nothing was found: what was looked for."""

from cardiov_core.domain import Finding
from cardiov_core.reporting.words.findings import no_finding_words


def _finding(code: str, state: str, group: str, *, shown: bool = True) -> Finding:
    return Finding(code, code, state, "", {}, group=group, shown=shown)  # type: ignore[arg-type]


def test_groups_and_numbers_of_what_was_looked_for() -> None:
    """As many as the list of the absent, criteria often met without disease included."""
    findings = [
        _finding("a", "absent", "rhythm"),
        _finding("b", "absent", "rhythm"),
        _finding("c", "absent", "ST"),
        _finding("d", "not measurable", "axis"),
        _finding("e", "absent", "voltage", shown=False),
    ]
    assert no_finding_words(findings) == (
        "None of 4 findings of rhythm, ST and voltage is there; 1 could not be judged. This does not rule out disease."
    )


def test_nothing_could_be_judged() -> None:
    assert no_finding_words([_finding("d", "not measurable", "axis")]) == "Nothing could be judged on this record."
