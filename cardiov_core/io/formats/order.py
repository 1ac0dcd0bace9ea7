"""The order of leads, where a file states it in a comment alone."""

import re
from collections.abc import Sequence

from cardiov_core.io.leads import standard_leads

# 'Labels:= V1<tab>V2', 'leads: I, II', 'Channel order = I;II;III', 'columns I II III'.
_SEPARATORS = re.compile(r"[\s,;|/:=]+")
_UNITS = re.compile(r"[(\[]\s*(?:[mun\u00b5\u03bc]?v|(?:milli|micro)?volts?)\s*[)\]]", re.IGNORECASE)
_MARKS = "'\"()[]{}."
# 'Column 3: V1', 'Ch 2 = II', '4 aVR'.
_NUMBERED = re.compile(
    r"^(?:col(?:umn)?|ch(?:annel)?|lead|signal)?[\s#]*(?P<number>\d{1,2})\s*[:=.)\-]*\s*(?P<name>[A-Za-z][\w ]{0,20})$",
    re.IGNORECASE,
)
LONGEST_COMMENT = 1_000
"""Characters of a comment that are looked through: no list of leads is longer, and a hostile one would take minutes."""

_LEADS_IN_A_LIST = 2
_TIMES = frozenset({"time", "t", "times", "time_s", "time_ms", "sample", "samples", "index"})


def stated_order(comments: Sequence[str], n_channels: int) -> tuple[str, ...] | None:
    """Return the names that comments give to a file's channels, or None."""
    comments = [comment[:LONGEST_COMMENT] for comment in comments]
    for comment in (_UNITS.sub(" ", comment) for comment in comments):
        words = [bare for word in _SEPARATORS.split(comment) if (bare := word.strip(_MARKS))]
        for start in range(len(words) - n_channels + 1):
            if _are_leads(names := tuple(words[start : start + n_channels])):
                return names
    numbered = [match for comment in comments if (match := _NUMBERED.match(comment.strip()))]
    names = tuple(match["name"].strip(_MARKS) for match in numbered)
    in_turn = [int(match["number"]) for match in numbered] in (
        list(range(n_channels)),
        list(range(1, n_channels + 1)),
    )
    return names if in_turn and _are_leads(names) else None


def _are_leads(names: Sequence[str]) -> bool:
    """Whether all names are different leads; the first may be that of a column of times."""
    others = names[1:] if names and names[0].casefold() in _TIMES else names
    leads = standard_leads(others)
    return len(others) >= _LEADS_IN_A_LIST and None not in leads and len(set(leads)) == len(leads)
