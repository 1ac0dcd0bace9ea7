"""Where a PTB-XL label comes from: the statement that decided, what it overruled, and what another rule would say."""

from collections.abc import Mapping
from dataclasses import dataclass

from cardiov_core.domain import Severity
from cardiov_core.statements import LABEL_RULES, STATEMENTS, LabelRule, Statement, deciding_statement

RULE_WORDS: Mapping[LabelRule, str] = {
    "highest_likelihood": "most likely statement",
    "most_severe": "most severe statement",
}
"""What decides under each rule."""


@dataclass(frozen=True)
class StatedFinding:
    """A statement of a record."""

    statement: Statement  # with its level
    likelihood: float  # in per cent; 0 means 'present, not graded'

    @property
    def level(self) -> Severity:
        """Critical value of the statement."""
        return self.statement.critical_value

    @property
    def words(self) -> str:
        """Code, meaning and likelihood: 'AFIB (atrial fibrillation), 0 %'."""
        return f"{self.statement.code} ({self.statement.description}), {self.likelihood:g} %"


@dataclass(frozen=True)
class LabelProvenance:
    """Why a record has the label that it has.

    Attributes
    ----------
    rule : {"highest_likelihood", "most_severe"}
        The rule in use.
    deciding : StatedFinding
        What decided under it.
    overruled : tuple of StatedFinding
        Statements of a higher level that did not count, the gravest and likeliest first.
    by_other_rule : StatedFinding
        What would decide under the other rule.
    corrected : Severity or None
        The level that cardiologists put in its place.
    """

    rule: LabelRule
    deciding: StatedFinding
    overruled: tuple[StatedFinding, ...]
    by_other_rule: StatedFinding
    corrected: Severity | None = None

    @property
    def level(self) -> Severity:
        """The label that counts."""
        return self.deciding.level if self.corrected is None else self.corrected

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for a reader, the label first."""
        sentences = [f"{self.deciding.level.title}: the {RULE_WORDS[self.rule]} is {self.deciding.words}."]
        sentences += [self._overruled(one) for one in self.overruled]
        other = next(rule for rule in LABEL_RULES if rule != self.rule)
        if self.by_other_rule.level == self.deciding.level:
            sentences.append(f"By the {RULE_WORDS[other]} the label would be the same.")
        else:
            there = self.by_other_rule
            sentences.append(
                f"By the {RULE_WORDS[other]} the label would be {there.level.title}, from {there.statement.code}."
            )
        if self.corrected is not None:
            sentences.append(f"Corrected by cardiologists to {self.corrected.title}, which counts instead.")
        return tuple(sentences)

    def _overruled(self, one: StatedFinding) -> str:
        if one.likelihood == 0:
            why = "present, not graded"
        elif one.likelihood < self.deciding.likelihood:
            why = "less likely"
        else:
            why = "as likely, but stated later"
        return f"Overruled: {one.words}: {why}. Its level is {one.level.title}."


def label_provenance(
    scp_codes: Mapping[str, float],
    *,
    rule: LabelRule = "highest_likelihood",
    corrected: Severity | None = None,
) -> LabelProvenance:
    """Explain a label.

    Parameters
    ----------
    scp_codes : mapping of str to float
        A record's statements with their likelihoods in per cent, in the record's own order.
    rule : {"highest_likelihood", "most_severe"}
        The rule in use.
    corrected : Severity, optional
        The level of a corrected label.

    Returns
    -------
    LabelProvenance
        With what was overruled.

    Raises
    ------
    LabelError
        As :func:`cardiov_core.statements.deciding_statement`.
    """
    stated = {code: StatedFinding(STATEMENTS[code], float(share)) for code, share in scp_codes.items() if _known(code)}
    deciding = stated[deciding_statement(scp_codes, rule)]
    other = next(each for each in LABEL_RULES if each != rule)
    higher = [one for one in stated.values() if one.level > deciding.level]
    return LabelProvenance(
        rule=rule,
        deciding=deciding,
        overruled=tuple(sorted(higher, key=lambda one: (-one.level, -one.likelihood))),
        by_other_rule=stated[deciding_statement(scp_codes, other)],
        corrected=corrected,
    )


def _known(code: str) -> bool:
    # An unknown one is refused, with its name, where the deciding statement is looked for.
    return code in STATEMENTS
