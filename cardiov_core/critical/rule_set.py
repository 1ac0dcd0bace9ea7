"""Rule sets as files: TOML in, checked rules out; the limits that an installation may change."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path

from pydantic import ConfigDict, JsonValue, ValidationError

from cardiov_core.domain import CriticalRule, Document, Limit, Measurements, RuleSet, fault_of
from cardiov_core.errors import ConfigurationError

DEFAULT_RULE_SET = "cardiov"
"""In force where an installation chose none."""

_FOLDER = Path(__file__).parent / "sets"
_BOUNDS = tuple(item.name for item in fields(Limit))

RULE_SETS = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""Names of the sets that come with CardioV."""


class _RuleEntry(Document):
    """A rule as a file has it: the fields of `CriticalRule`, whose limits are not yet looked at."""

    model_config = ConfigDict(extra="forbid")

    code: str
    title: str
    findings: tuple[str, ...]
    limits: dict[str, dict[str, JsonValue]]
    addressee: str
    within_minutes: int
    source: str
    statement: str = ""


class _RuleFile(Document):
    model_config = ConfigDict(extra="forbid")

    title: str
    source: str
    remark: str
    rules: tuple[_RuleEntry, ...]


def list_rule_sets() -> tuple[RuleSet, ...]:
    """Return the sets that come with CardioV, the default one first.

    Raises
    ------
    ConfigurationError
        If one of the files is damaged.
    """
    return tuple(load_rule_set(name) for name in sorted(RULE_SETS, key=lambda name: name != DEFAULT_RULE_SET))


def load_rule_set(name: str | Path = DEFAULT_RULE_SET) -> RuleSet:
    """Read a rule set.

    Parameters
    ----------
    name : str or pathlib.Path
        One of `RULE_SETS`, or the path of a TOML file of the same form.

    Returns
    -------
    RuleSet
        As published.

    Raises
    ------
    ConfigurationError
        If there is no such set, or a rule lacks something or limits a number that nobody measures.
    """
    path = _FOLDER / f"{name}.toml" if str(name) in RULE_SETS else Path(name)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise ConfigurationError(
            f"There is no rule set {str(name)!r}.",
            f"Choose one of {', '.join(RULE_SETS)}, or the path of a .toml file.",
        ) from error


@lru_cache(maxsize=8)
def _read(path: Path, changed_ns: int) -> RuleSet:
    """Read a file once until somebody changes it: every analysis asks for its rules."""
    del changed_ns
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path.name} is no TOML: {error}.", "Mend the file.") from error
    try:
        # Dates, which TOML knows beside JSON's values, are no value of any field.
        file = _RuleFile.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        raise _incomplete(path, error) from error
    rules = tuple(_rule(entry, path.name) for entry in file.rules)
    codes = [rule.code for rule in rules]
    if len(set(codes)) < len(codes) or not codes:
        raise ConfigurationError(f"{path.name} has no rules, or two of one code.", "Give each rule a code of its own.")
    return RuleSet(path.stem, file.title, file.source, file.remark, rules)


def with_limits(rule_set: RuleSet, changes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> RuleSet:
    """Return a set with limits that an installation changed.

    Parameters
    ----------
    rule_set : RuleSet
        As published.
    changes : mapping
        Rule -> number -> bounds, such as ``{"pause": {"longest_pause_ms": {"at_least": 2500}}}``.

    Returns
    -------
    RuleSet
        With the changes in its rules and under ``changed``.

    Raises
    ------
    ConfigurationError
        If a rule is not in the set, or does not limit that number.
    """
    known = {rule.code: rule for rule in rule_set.rules}
    changed: dict[str, dict[str, Limit]] = {}
    for code, numbers in changes.items():
        for number, bounds in numbers.items():
            if code not in known or number not in known[code].limits:
                raise ConfigurationError(
                    f"Rule set {rule_set.name} has no limit of {number!r} in a rule {code!r}.",
                    "Change a limit that the set has; write a set of your own for more.",
                )
            changed.setdefault(code, {})[number] = _limit(bounds, f"{rule_set.name}: {code}")
    rules = tuple(replace(rule, limits={**rule.limits, **changed.get(rule.code, {})}) for rule in rule_set.rules)
    return replace(rule_set, rules=rules, changed=changed)


def critical_only_in(one: RuleSet, other: RuleSet) -> tuple[CriticalRule, ...]:
    """Return the rules of one set whose findings and numbers no rule of the other looks at."""
    seen = {name for rule in other.rules for name in (*rule.findings, *(() if rule.findings else rule.limits))}
    return tuple(rule for rule in one.rules if not seen & {*rule.findings, *(() if rule.findings else rule.limits)})


def _incomplete(path: Path, error: ValidationError) -> ConfigurationError:
    """Say which field a file or one of its rules lacks, does not know, or has of another kind."""
    fault = fault_of(error)
    place, _, name = fault.field.rpartition(".")
    where = f"{path.name}: {place}" if place else path.name
    what = f"lacks {name}" if fault.value is None else f"has {fault.words()}"
    known = _RuleEntry if place else _RuleFile
    return ConfigurationError(f"{where} {what}.", f"A complete one has {', '.join(sorted(known.model_fields))}.")


def _rule(entry: _RuleEntry, file: str) -> CriticalRule:
    where = f"{file}: rule {entry.code!r}"
    limits = {number: _limit(bounds, where) for number, bounds in entry.limits.items()}
    if not limits and not entry.findings:
        raise ConfigurationError(f"{where} names neither a finding nor a limit.", "Name one.")
    if not entry.findings and not set(limits) <= _MEASURED:
        unknown = ", ".join(sorted(set(limits) - _MEASURED))
        raise ConfigurationError(f"{where} limits {unknown}, which nobody measures.", "Limit a measured number.")
    return CriticalRule(
        entry.code,
        entry.title,
        entry.findings,
        limits,
        entry.addressee,
        entry.within_minutes,
        entry.source,
        entry.statement,
    )


_MEASURED = {item.name for item in fields(Measurements)}


def _limit(bounds: Mapping[str, object], where: str) -> Limit:
    numbers = {name: float(value) for name, value in bounds.items() if isinstance(value, (int, float))}
    if not numbers or set(bounds) - set(_BOUNDS) or len(numbers) < len(bounds):
        raise ConfigurationError(f"{where} has a limit {dict(bounds)}.", f"Write one of {', '.join(_BOUNDS)}.")
    return Limit(**numbers)
