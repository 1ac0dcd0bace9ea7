"""Age and sex of the open ECG, entered where its file lacks them: limits and graders use them."""

from dataclasses import replace
from typing import get_args

import streamlit as st

from cardiov_core.domain import Sex
from cardiov_core.ui.frame.session import Case, Origin, session

AGE_KEY, SEX_KEY, SET_KEY = "person_age", "person_sex", "person_set"
ENTERED = "Age or sex was entered by the reader: the file does not state it."
"""Stands with the record from then on."""

_OLDEST_YEARS = 120


def ask_person(case: Case) -> None:
    """Offer to enter age and sex where the file states none of one of them; nothing for other records."""
    record = case.record
    if case.origin is not Origin.UPLOAD or (record.age is not None and record.sex is not None):
        return
    with st.popover("Age, sex", width="stretch"), st.form("person", border=False):
        age, sex = record.age, record.sex
        if record.age is None:
            age = st.number_input("Age in years", 0, _OLDEST_YEARS, value=None, key=AGE_KEY)
        if record.sex is None:
            sex = st.radio("Sex", get_args(Sex), index=None, horizontal=True, key=SEX_KEY)
        done = st.form_submit_button("Use them", key=SET_KEY, type="primary")
    if done and (age, sex) != (record.age, record.sex):
        warnings = tuple(dict.fromkeys((*record.warnings, ENTERED)))
        completed = replace(record, age=None if age is None else float(age), sex=sex, warnings=warnings)
        current = session()
        row = current.batch_row
        current.open(replace(case, record=completed))
        current.batch_row = row
        st.rerun()
