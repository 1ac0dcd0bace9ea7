"""Critical results: rule sets that say which findings must reach a person at once, and which of them an ECG meets."""

from cardiov_core.critical.meet import critical_results
from cardiov_core.critical.rule_set import (
    DEFAULT_RULE_SET,
    RULE_SETS,
    critical_only_in,
    list_rule_sets,
    load_rule_set,
    with_limits,
)

__all__ = [
    "DEFAULT_RULE_SET",
    "RULE_SETS",
    "critical_only_in",
    "critical_results",
    "list_rule_sets",
    "load_rule_set",
    "with_limits",
]
