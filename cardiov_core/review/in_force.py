"""What an installation set, for whoever grades: rules and decision in force. The review is opened only if begun."""

import logging
from collections.abc import Iterable
from contextlib import closing

from cardiov_core.critical import load_rule_set
from cardiov_core.domain import RuleSet
from cardiov_core.errors import CardioVError
from cardiov_core.inference import DecisionRule, Grader, OwnDecision
from cardiov_core.review.database.place import store_begun

_logger = logging.getLogger(__name__)


def installation_rules() -> RuleSet:
    """Return the rule set in force on this machine: pages, command line and batches call the same ECGs critical.

    CardioV's own list where no review was begun, or where its database cannot be read, which the log then says: an ECG
    is analysed all the same.
    """
    try:
        if store_begun():
            from cardiov_core.review.alerts.alert_settings import rule_set_in_force
            from cardiov_core.review.database.store import open_store

            with closing(open_store()) as store:
                return rule_set_in_force(store)
    except CardioVError as error:
        _logger.warning("CardioV's own rules for critical results are in force: %s", type(error).__name__)
    return load_rule_set()


def installation_decision() -> OwnDecision | None:
    """Return the decision in force on this machine: pages, command line and batches give the same levels.

    None, the graders' own, where no review was begun, or where its database cannot be read, which the log then says.
    """
    try:
        if store_begun():
            from cardiov_core.review.database.store import open_store
            from cardiov_core.review.own_decision import own_decision_of

            with closing(open_store()) as store:
                return own_decision_of(store)
    except CardioVError as error:
        _logger.warning("The graders' own decision is in force: %s", type(error).__name__)
    return None


def deciding(graders: Iterable[Grader], rule: DecisionRule = "installation") -> tuple[Grader, ...]:
    """Return graders that give levels by a rule.

    Parameters
    ----------
    graders : iterable of Grader
        In any order, which stays.
    rule : str
        'installation' by the decision in force on this machine, which may be the graders' own; 'shipped' by the
        graders' own; 'paper' by the most probable level.
    """
    if rule != "installation":
        return tuple(grader.by_rule(rule) for grader in graders)
    own = installation_decision()
    return tuple(grader.by_own(own) for grader in graders)
