"""The Agreement page: who sided with whom, how well readers, label and model agree, and the cases behind each cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from cardiov_core.domain import Case, Reader, ReadKind, Role, Severity, Verdict
from cardiov_core.evaluation.agreement_estimates import TOO_FEW, Estimate, Statistic
from cardiov_core.evaluation.agreement_report import AgreementReport, Comparison, Condition, ConditionReport
from cardiov_core.evaluation.agreement_report import agreement_report as work_out
from cardiov_core.evaluation.agreement_sides import PAPER_CASES, PAPER_VERDICTS, Consensus, Switches, VerdictShares
from cardiov_core.evaluation.agreement_tables import statistics_csv, statistics_json
from cardiov_core.reporting.agreement_figures import (
    agreement_figure,
    comparison_name,
    confusion_figure,
    verdict_figure,
)
from cardiov_core.reporting.agreement_words import SHARES, VERDICT_WORDS, counted, interval, number, with_interval
from cardiov_core.reporting.risk import THIN_SPACE
from cardiov_core.review import Store, list_studies, study_reads
from cardiov_core.review.seen import log_cases_seen
from cardiov_core.ui import resources
from cardiov_core.ui.components import dark_theme, html_table
from cardiov_core.ui.reader import current_reader, may

STUDY_KEY, CONDITION_KEY, STATISTIC_KEY = "agreement_study", "agreement_condition", "agreement_statistic"
COMPARISON_KEY, CELL_KEY, CHART_KEY = "agreement_comparison", "agreement_cell", "agreement_confusion"
OPEN_KEY, CSV_KEY, JSON_KEY = "agreement_open", "agreement_csv", "agreement_json"

_WORKLIST_PAGE = "pages/worklist.py"
_CHART_CONFIG = {"displaylogo": False, "displayModeBar": False}
_CONDITION_WORDS: Mapping[Condition, str] = {
    Condition.BLIND: "Blind reads",
    Condition.AFTER_REVEAL: "After the reveal",
    Condition.UNBLINDED: "Unblinded reads",
}
_KINDS: Mapping[Condition, ReadKind] = {
    Condition.BLIND: ReadKind.BLIND,
    Condition.UNBLINDED: ReadKind.UNBLINDED,
}
_NO_ESTIMATE = Estimate(0, None, reason=TOO_FEW)


@dataclass(frozen=True)
class _Page:
    """What the part of the page that reruns by itself needs."""

    store: Store
    me: Reader | None
    report: AgreementReport
    cases: Mapping[str, Case]

    @property
    def owner(self) -> Reader | None:
        """Who may see the cases behind a number: labels and levels would unblind anybody else."""
        return self.me if self.me is not None and may(self.me, Role.ADMINISTRATOR) else None


@dataclass(frozen=True)
class _Headline:
    title: str
    estimate: Estimate
    remark: str
    as_share: bool = False


def show() -> None:
    """Show the page."""
    store = resources.review_store()
    studies = [study.name for study in list_studies(store)]
    study = studies[0] if studies else None
    if len(studies) > 1:
        study = st.selectbox("Study", studies, key=STUDY_KEY, width=320)
    reads, cases = study_reads(store, study)
    if not reads:
        _empty_state()
        return
    report = work_out(reads, cases)
    _report(_Page(store, current_reader(store), report, {case.id: case for case in cases}))


def _empty_state() -> None:
    st.write(
        "No reads yet: agreement appears here once a reader has committed the first read. Open the Worklist to begin."
    )
    st.page_link(_WORKLIST_PAGE, label="Open the Worklist")


@st.fragment
def _report(page: _Page) -> None:
    """Show everything for one kind of reads; its controls rerun this part alone, without the statistics."""
    conditions = list(page.report.conditions)
    chosen = st.segmented_control(
        "Which reads",
        conditions,
        key=CONDITION_KEY,
        default=conditions[0],
        required=True,
        format_func=lambda condition: f"{_CONDITION_WORDS[condition]} ({page.report.conditions[condition].n_reads})",
        label_visibility="collapsed",
    )
    found = page.report.conditions[chosen]
    _numbers(_headlines(page.report, found))
    st.caption(
        f"{found.n_reads} reads of {found.n_cases} cases by {_counted(len(found.readers), 'reader')}. The cases were "
        "chosen for review, most of them because the model was wrong: the numbers are of these cases, not of all ECGs."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _verdicts(page.report, found)
        _statistic(found)
    with right:
        _confusion(page, found)
    _tables(page.report, found)
    _downloads(page)


def _headlines(report: AgreementReport, found: ConditionReport) -> tuple[_Headline, ...]:
    """Return the three numbers that matter for these reads."""
    model = _Headline(
        "Model with the readers", found.model[0].agreement[Statistic.KAPPA], "quadratic-weighted kappa, all readers"
    )
    if found.condition is Condition.AFTER_REVEAL:
        everyone = report.switches[0]
        return (
            _Headline("Changed their level", everyone.switched, "of the blind reads that were revealed", as_share=True),
            _Headline("Changed to the decided level", everyone.right, "of the changed reads", as_share=True),
            model,
        )
    shares = report.verdicts[_KINDS[found.condition]]
    sided = shares[0].shares[Verdict.MODEL] if shares else _NO_ESTIMATE
    return (
        _Headline("Sided with the model", sided, f"of the wrong cases; paper {_paper(Verdict.MODEL)}", as_share=True),
        _Headline("Readers with each other", found.together[Statistic.ALPHA], "ordinal Krippendorff alpha"),
        model,
    )


def _numbers(headlines: Sequence[_Headline]) -> None:
    for column, headline in zip(st.columns(len(headlines)), headlines, strict=True):
        estimate = headline.estimate
        column.metric(headline.title, number(estimate, as_share=headline.as_share))
        limits = interval(estimate, as_share=headline.as_share)
        confidence = f"95{THIN_SPACE}% interval {limits}; " if limits else ""
        column.caption(f"{confidence}n = {estimate.n}; {headline.remark}")


def _verdicts(report: AgreementReport, found: ConditionReport) -> None:
    if found.condition not in _KINDS:
        return
    st.subheader("Label, model or neither")
    shares = report.verdicts[_KINDS[found.condition]]
    if not shares:
        st.write("No verdicts yet: they are given after a read where the study asks for them.")
        return
    figure = verdict_figure(shares[0], dark=dark_theme())
    said = (
        f"With whom the readers sided in {_counted(shares[0].n, 'wrongly graded case')}: dots with Wilson's interval; "
        f"diamonds: the cardiologist of the paper ({PAPER_CASES} cases). A case counts once, by the verdict of more "
        f"than half of its readers; {_counted(shares[0].divided, 'case')} without a majority left out."
    )
    st.plotly_chart(figure, key="agreement_verdicts", theme=None, config=_CHART_CONFIG, alt=said)
    st.caption(said)


def _statistic(found: ConditionReport) -> None:
    st.subheader("Who agrees with whom")
    comparisons = (*found.pairs, *found.model, *found.label)
    statistic = Statistic(st.selectbox("Statistic", [one.value for one in Statistic], key=STATISTIC_KEY, width=320))
    figure = agreement_figure(comparisons, statistic, dark=dark_theme())
    said = (
        f"{statistic.value}: each row is one pair of readings of the same cases; the line is the 95{THIN_SPACE}% "
        f"bootstrap interval, drawn by case. {_meaning(statistic)}"
    )
    st.plotly_chart(figure, key="agreement_statistics", theme=None, config=_CHART_CONFIG, alt=said)
    st.caption(said)


def _meaning(statistic: Statistic) -> str:
    if statistic is Statistic.MAE:
        return "0 is perfect, 3 the worst."
    if statistic in SHARES:
        return "Not corrected for chance."
    return "1 is perfect, 0 is chance."


def _confusion(page: _Page, found: ConditionReport) -> None:
    st.subheader("Level against level")
    comparisons = {comparison_name(entry): entry for entry in (*found.model, *found.label, *found.pairs)}
    name = st.selectbox("Readings", list(comparisons), key=COMPARISON_KEY, width=320)
    comparison = comparisons[name]
    said = (
        f"How often each level of '{comparison.first}' (rows) met each level of '{comparison.second}' (columns); on "
        "the framed diagonal both say the same."
    )
    st.plotly_chart(
        confusion_figure(comparison, dark=dark_theme()),
        key=CHART_KEY,
        theme=None,
        config=_CHART_CONFIG,
        alt=said,
        on_select=_take_cell,
        selection_mode="points",
    )
    st.caption(f"{said} Select a cell to open its cases.")
    _open_cell(page, comparison)


def _take_cell() -> None:
    """Take over the cell that was clicked; the list beside it does the same by keyboard."""
    points = st.session_state[CHART_KEY]["selection"]["points"]
    if points:
        st.session_state[CELL_KEY] = int(points[0]["customdata"])


def _open_cell(page: _Page, comparison: Comparison) -> None:
    if page.owner is None:
        st.caption("The cases behind a cell are open to administrators of the review: give your name on the Worklist.")
        return
    filled = [
        int(row) * len(Severity) + int(column)
        for row in Severity
        for column in Severity
        if comparison.cells[row][column].count
    ]
    if not filled:
        return
    if st.session_state.get(CELL_KEY) not in filled:
        st.session_state[CELL_KEY] = filled[0]
    cell = st.selectbox(
        "Cell", filled, key=CELL_KEY, format_func=partial(_cell_words, comparison), label_visibility="collapsed"
    )
    case_ids = comparison.cells[cell // len(Severity)][cell % len(Severity)].case_ids
    if st.button(f"Open {_counted(len(case_ids), 'case')}", key=OPEN_KEY):
        log_cases_seen(page.store, [page.cases[one] for one in case_ids], page.owner.name)
        st.switch_page(_WORKLIST_PAGE, query_params={"cases": ",".join(case_ids)})


def _cell_words(comparison: Comparison, cell: int) -> str:
    row, column = (Severity(level) for level in divmod(cell, len(Severity)))
    count = comparison.cells[row][column].count
    return f"{comparison.first} {int(row)}, {comparison.second} {int(column)}: {count}"


def _tables(report: AgreementReport, found: ConditionReport) -> None:
    st.subheader("All numbers")
    heads = ["Readings", "n", *(statistic.value for statistic in Statistic)]
    rows = [
        [comparison_name(entry), str(entry.n), *(_cell(entry, statistic) for statistic in Statistic)]
        for entry in (*found.pairs, *found.model, *found.label)
    ]
    together = "; ".join(f"{name.value} {with_interval(found.together[name])}" for name in found.together)
    n_shared = found.together[Statistic.ALPHA].n
    st.html(html_table(heads, rows, caption="With 95 % bootstrap intervals", columns="tn" + "t" * len(Statistic)))
    st.write(f"All readers together, {_counted(n_shared, 'case')} with two reads or more: {together}.")
    shares = report.verdicts.get(_KINDS.get(found.condition, ReadKind.UNBLINDED), ())
    if shares and found.condition in _KINDS:
        st.html(_verdict_table(shares))
    if report.switches and found.condition is Condition.AFTER_REVEAL:
        st.html(_switch_table(report.switches))
    st.write(_decision(report.consensus))


def _cell(comparison: Comparison, statistic: Statistic) -> str:
    return with_interval(comparison.agreement[statistic], as_share=statistic in SHARES)


def _verdict_table(shares: Sequence[VerdictShares]) -> str:
    rows = [
        [entry.who, str(entry.n), *(counted(entry.shares[verdict]) for verdict in VERDICT_WORDS)] for entry in shares
    ]
    rows.append(["Paper", str(PAPER_CASES), *map(_paper, VERDICT_WORDS)])
    caption = f"Verdicts on wrongly graded cases, with 95{THIN_SPACE}% Wilson intervals"
    return html_table(["Who", "n", *VERDICT_WORDS.values()], rows, caption=caption, columns="tn")


def _switch_table(switches: Sequence[Switches]) -> str:
    heads = ["Who", "Changed", "of these to the decided level", "away from it", "to the model's level"]
    rows = [[entry.who, *map(counted, (entry.switched, entry.right, entry.away, entry.to_model))] for entry in switches]
    caption = "What readers did after the reveal; 'decided' needs a settled case"
    return html_table(heads, rows, caption=caption)


def _decision(consensus: Consensus) -> str:
    if consensus.p_value is None:
        return f"Label against model beside the decided level (McNemar): {consensus.reason}, n = {consensus.n}."
    p_value = "p < 0.001" if consensus.p_value < 0.001 else f"p = {consensus.p_value:.3f}"
    return (
        f"Label against model beside the decided level, {consensus.n} cases: only the label agrees in "
        f"{len(consensus.label_only)}, only the model in {len(consensus.model_only)}, both in {len(consensus.both)}, "
        f"neither in {len(consensus.neither)}; McNemar's exact test {p_value}."
    )


def _downloads(page: _Page) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Download all numbers as CSV",
            partial(statistics_csv, page.report),
            "cardiov-agreement.csv",
            "text/csv",
            key=CSV_KEY,
            on_click="ignore",
        )
        if page.owner is not None:
            st.download_button(
                "Download numbers and cases as JSON",
                partial(_json, page, page.owner),
                "cardiov-agreement.json",
                "application/json",
                key=JSON_KEY,
                on_click="ignore",
            )


def _json(page: _Page, owner: Reader) -> str:
    """Return the report with the cases of each cell; who has it knows label and level of them all."""
    log_cases_seen(page.store, list(page.cases.values()), owner.name)
    return statistics_json(page.report)


def _paper(verdict: Verdict) -> str:
    return f"{100 * PAPER_VERDICTS[verdict] / PAPER_CASES:.2f}{THIN_SPACE}%"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
