"""The tab with the measurements: table, leads, median beat."""

from collections.abc import Mapping

import streamlit as st

from cardiov_core.domain import Analysis, MachineReading, Measurements
from cardiov_core.reporting import (
    RANGES_NOTE,
    lead_remark,
    lead_rows,
    machine_rows,
    measurement_rows,
    median_beat_figure,
)
from cardiov_core.signals import ADULT_YEARS
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.page import dark_theme
from cardiov_core.ui.frame.session import Case, Key

_HEADS = ("Measurement", "Value", "Normal range", "Flag", "Remark")
_MACHINE_HEADS = ("Measurement", "The machine's own", "CardioV")
_LEAD_HEADS = ("Lead", "ST at J + 60\u2009ms", "R amplitude", "S amplitude")
_CHART_CONFIG = {"displaylogo": False, "scrollZoom": False}


def measurements_tab(
    case: Case, analysis: Analysis, gain_mm_mv: float, j_mv: Mapping[str, float] | None = None
) -> None:
    """Show what was measured, with ranges and flags, and what could not be measured and why."""
    measured = analysis.measurements
    record = case.record
    if measured is None:
        st.write("Nothing could be measured on this record.")
        _machine(record.machine, None)
        return
    rows = measurement_rows(measured, record.sex, record.age)
    st.html(html_table(_HEADS, [(row.name, row.value, row.normal, row.flag_text, row.note) for row in rows]))
    if record.age is not None and record.age < ADULT_YEARS:
        st.caption(f"No ranges: the patient is {record.age:g} years old, and the ranges in use are those of adults.")
    else:
        st.caption(RANGES_NOTE)
    _machine(record.machine, measured)
    show_median_beat(measured, gain_mm_mv, j_mv)
    _leads(measured)


def _machine(machine: MachineReading | None, measured: Measurements | None) -> None:
    """Show what the cart itself measured and stated, where its file holds it."""
    if machine is None:
        return
    st.markdown("**The machine's own reading**")
    st.text(f"By {machine.source}")
    rows = machine_rows(machine, measured)
    if rows:
        st.html(html_table(_MACHINE_HEADS, rows, columns=" nn"))
    for heading, statements in (
        ("Stated by the machine", machine.statements),
        ("Confirmed by a physician", machine.confirmed_statements),
    ):
        if statements:
            st.text(f"{heading}: {'; '.join(statements)}")
    if machine.severity:
        st.text(f"Verdict of the machine: {machine.severity}")
    st.caption("Read from the file, not measured by CardioV.")


def show_median_beat(measured: Measurements, gain_mm_mv: float, j_mv: Mapping[str, float] | None = None) -> None:
    """Draw the median beat with the boundaries of its waves, or say why there is none."""
    st.markdown("**Median beat, with the boundaries that the intervals were measured between**")
    median = measured.median_beat
    if median is None:
        st.write(measured.not_measurable.get("median_beat", "No beat was found, so there is no median beat."))
        return
    with st.container(key="paper_median"):
        st.plotly_chart(
            median_beat_figure(median, gain_mm_mv=gain_mm_mv, dark=dark_theme(), j_mv=j_mv),
            key=Key.MEDIAN_BEAT,
            theme=None,
            config=_CHART_CONFIG,
            alt=f"Median beat of {median.n_beats} beats in {len(median.leads)} leads with the boundaries of the waves",
        )


def _leads(measured: Measurements) -> None:
    st.markdown("**Leads**")
    remark = lead_remark(measured)
    if remark:
        st.caption(f"Not measurable: {remark}")
    st.html(html_table(_LEAD_HEADS, lead_rows(measured), columns=" nnn"))
    st.caption(
        "ST level 60\u2009ms after the J point against the level before the QRS; R the largest positive deflection of "
        "the QRS, S the depth of the largest negative one."
    )
