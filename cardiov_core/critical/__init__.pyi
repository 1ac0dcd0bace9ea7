from .meet import critical_results as critical_results
from .rule_set import RULE_SETS as RULE_SETS
from .rule_set import critical_only_in as critical_only_in
from .rule_set import list_rule_sets as list_rule_sets
from .rule_set import load_rule_set as load_rule_set
from .rule_set import with_limits as with_limits
