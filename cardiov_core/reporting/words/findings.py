"""Findings in words where there are none: what was looked for."""

from collections.abc import Iterable

from cardiov_core.domain import Finding, how_many, listed


def no_finding_words(findings: Iterable[Finding]) -> str:
    """Say what was looked for and not found.

    Parameters
    ----------
    findings : iterable of Finding
        Of a record that shows none of them.

    Returns
    -------
    str
        Groups of findings that are absent, how many there are, and how many could not be judged.
    """
    known = list(findings)
    absent = [finding for finding in known if finding.state == "absent"]
    n_unknown = sum(finding.state == "not measurable" for finding in known)
    if not absent:
        return "Nothing could be judged on this record."
    groups = list(dict.fromkeys(finding.group for finding in absent if finding.group))
    about = f" of {listed(groups)}" if groups else ""
    unknown = f"; {n_unknown} could not be judged" if n_unknown else ""
    return f"None of {how_many(len(absent), 'finding')}{about} is there{unknown}. This does not rule out disease."
