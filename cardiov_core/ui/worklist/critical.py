"""What an administrator sets about critical results: the rule set, its limits, and whether they open alerts."""

from functools import partial

import streamlit as st

from cardiov_core.critical import RULE_SETS, load_rule_set
from cardiov_core.domain import AlertSettings, Reader, RuleSet
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import limit_words
from cardiov_core.review import Store, alert_settings, rule_set_in_force, set_alert_settings
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.review_session import ReviewState, review_state

OPEN_KEY, SET_KEY, SAVE_KEY = "critical_open", "critical_set", "critical_save"


def critical_settings(store: Store, me: Reader) -> None:
    """Show and change the settings; every change stands in the audit."""
    chosen, in_force = alert_settings(store), rule_set_in_force(store)
    st.markdown("**Critical results**")
    names = sorted({*RULE_SETS, chosen.rule_set})
    st.selectbox(
        "Rule set",
        names,
        index=names.index(chosen.rule_set),
        format_func=lambda name: load_rule_set(name).title,
        key=SET_KEY,
    )
    st.checkbox("A critical result of a new ECG opens an alert", chosen.open_alerts, key=OPEN_KEY)
    changed = _ask_limits(in_force) if st.session_state.get(SET_KEY, chosen.rule_set) == chosen.rule_set else []
    save = partial(_save, review_state(), store, me.name, in_force, changed)
    st.button("Set critical results", key=SAVE_KEY, on_click=save)
    st.caption(in_force.remark)
    rows = [
        (rule.title, limit_words(rule) or "where it is present", rule.addressee, f"{rule.within_minutes} min")
        for rule in in_force.rules
    ]
    st.html(html_table(("Rule in force", "Limit", "To tell", "Within"), rows))


def _ask_limits(in_force: RuleSet) -> list[tuple[str, str, str, str]]:
    """Ask for each limit; return (rule, number, bound, key of the widget)."""
    asked = []
    with st.expander("Limits"):
        for rule in in_force.rules:
            for number, limit in rule.limits.items():
                for bound in ("at_least", "above", "at_most", "below"):
                    value = getattr(limit, bound)
                    if value is not None:
                        key = f"critical_{in_force.name}_{rule.code}_{number}_{bound}"
                        st.number_input(
                            f"{rule.title}: {number.replace('_', ' ')}, {bound.replace('_', ' ')}", value=value, key=key
                        )
                        asked.append((rule.code, number, bound, key))
    return asked


def _save(state: ReviewState, store: Store, by: str, in_force: RuleSet, asked: list[tuple[str, str, str, str]]) -> None:
    state.failure = None
    values = entered()
    published = {rule.code: rule for rule in load_rule_set(in_force.name).rules}
    limits: dict[str, dict[str, dict[str, float]]] = {}
    try:
        for rule, number, bound, key in asked:
            value = float(values[key])
            if value != getattr(published[rule].limits[number], bound):
                limits.setdefault(rule, {})[number] = {bound: value}
        set_alert_settings(store, AlertSettings(bool(values[OPEN_KEY]), values[SET_KEY], limits), by)
    except CardioVError as error:
        state.failure = error
