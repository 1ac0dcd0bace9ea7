"""The Agreement page: who agreed with whom, how well readers, label and grader agree, and the cases behind a cell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from cardiov_core.domain import Case, Reader, ReadKind, Role, Verdict, how_many
from cardiov_core.evaluation import (
    MIN_CASES,
    PAPER_CASES,
    PAPER_VERDICTS,
    TOO_FEW,
    AgreementReport,
    Comparison,
    Condition,
    ConditionReport,
    Consensus,
    Estimate,
    Statistic,
    Switches,
    VerdictShares,
    statistics_csv,
    statistics_json,
)
from cardiov_core.evaluation import agreement_report as work_out
from cardiov_core.reporting import (
    COLUMN_HEADS,
    SHARES,
    THIN_SPACE,
    VERDICT_WORDS,
    agreement_figure,
    comparison_name,
    counted,
    counts_text,
    estimate_text,
    in_table,
    interval,
    methods_words,
    verdict_figure,
    with_interval,
)
from cardiov_core.review import Store, list_studies, log_cases_seen, study_reads
from cardiov_core.ui.evaluation.agreement_cells import show_confusion
from cardiov_core.ui.evaluation.alerts import show_alert_statistics
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.navigation import WORKLIST_PAGE
from cardiov_core.ui.frame.page import dark_theme, guarded
from cardiov_core.ui.opening.demo import offer_demo
from cardiov_core.ui.review.reader import current_reader, may
from cardiov_core.ui.sign_in.idle_clock import fragment

STUDY_KEY, CONDITION_KEY, STATISTIC_KEY = "agreement_study", "agreement_condition", "agreement_statistic"
CSV_KEY, JSON_KEY = "agreement_csv", "agreement_json"

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
    counts: str = ""


def show() -> None:
    """Show the page."""
    store = resources.review_store()
    me = current_reader(store)
    if me is not None and may(me, Role.ADMINISTRATOR):
        show_alert_statistics(store)
    studies = [study.name for study in list_studies(store)]
    study = studies[0] if studies else None
    if len(studies) > 1:
        study = st.selectbox("Study", studies, key=STUDY_KEY, width=320)
    reads, cases = study_reads(store, study)
    if not reads:
        _empty_state()
        return
    report = work_out(reads, cases)
    _report(_Page(store, me, report, {case.id: case for case in cases}))


def _empty_state() -> None:
    st.write("No reads yet: agreement appears here with the first one.")
    st.page_link(WORKLIST_PAGE, label="Open the Worklist")
    offer_demo()


@fragment
def _report(page: _Page) -> None:
    """Show everything for one kind of reads; its controls rerun this part alone, without the statistics."""
    with guarded():
        conditions = list(page.report.conditions)
        chosen = st.segmented_control(
            "Which reads",
            conditions,
            key=CONDITION_KEY,
            default=conditions[0],
            required=True,
            format_func=lambda one: f"{_CONDITION_WORDS[one]} ({page.report.conditions[one].n_reads})",
            label_visibility="collapsed",
        )
        _condition(page, page.report.conditions[chosen])


def _condition(page: _Page, condition: ConditionReport) -> None:
    _numbers(_headlines(page.report, condition))
    st.caption(
        f"{condition.n_reads} reads of {condition.n_cases} cases by {how_many(len(condition.readers), 'reader')}. The "
        "numbers are of these cases, which were chosen for review, and not of all ECGs."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _verdicts(page.report, condition)
        _statistic(condition)
    with right:
        show_confusion(page.store, page.owner, page.cases, condition)
        _decision(page.report.consensus)
    with st.expander("All numbers"):
        _tables(page.report, condition)
    with st.expander("Methods, for a paper"):
        st.code(methods_words(condition), language=None, wrap_lines=True)
    _downloads(page)


def _headlines(report: AgreementReport, condition: ConditionReport) -> tuple[_Headline, ...]:
    """Return the three numbers that matter for these reads."""
    model = _Headline(
        "Grader with the readers",
        condition.model[0].agreement[Statistic.KAPPA],
        "cases, quadratic-weighted kappa of all readers",
        counts=counts_text(condition.model[0], Statistic.EXACT),
    )
    pair = counts_text(condition.pairs[0], Statistic.EXACT) if len(condition.pairs) == 1 else ""
    if condition.condition is Condition.AFTER_REVEAL:
        everyone = report.switches[0]
        return (
            _Headline("Changed their level", everyone.switched, "blind reads with keep or change", as_share=True),
            _Headline("Changed to the decided level", everyone.right, "changed reads of decided cases", as_share=True),
            model,
        )
    shares = report.verdicts[_KINDS[condition.condition]]
    sided = shares[0].shares[Verdict.MODEL] if shares else _NO_ESTIMATE
    return (
        _Headline(
            "Agreed with the grader", sided, f"wrongly graded cases; paper {_paper(Verdict.MODEL)}", as_share=True
        ),
        _Headline(
            "Readers with each other",
            condition.together[Statistic.ALPHA],
            "cases, ordinal Krippendorff alpha",
            counts=pair,
        ),
        model,
    )


def _numbers(headlines: Sequence[_Headline]) -> None:
    for column, headline in zip(st.columns(len(headlines)), headlines, strict=True):
        estimate = headline.estimate
        if estimate.value is None:
            # A pilot: counts, which need no least number of cases.
            counted_share = f"{estimate.count} of {estimate.n}" if estimate.count is not None and estimate.n else ""
            column.metric(headline.title, headline.counts or counted_share or "not yet")
            column.caption("equal levels" if headline.counts else f"fewer than {MIN_CASES} cases")
            continue
        column.metric(headline.title, estimate_text(estimate, as_share=headline.as_share))
        limits = interval(estimate, as_share=headline.as_share)
        confidence = f"95{THIN_SPACE}% interval {limits}; " if limits else ""
        n = f"n = {estimate.n}" if estimate.count is None else f"{estimate.count} of {estimate.n}"
        column.caption(f"{confidence}{n} {headline.remark}")


def _verdicts(report: AgreementReport, condition: ConditionReport) -> None:
    if condition.condition not in _KINDS:
        return
    st.subheader("Label, grader or neither")
    shares = report.verdicts[_KINDS[condition.condition]]
    if not shares:
        st.write("No verdicts yet: they are given after a read where the study asks for them.")
        return
    if shares[0].n < MIN_CASES:
        st.html(_verdict_table(shares))
        return
    figure = verdict_figure(shares[0], dark=dark_theme())
    alternative = (
        f"With whom the readers sided in {how_many(shares[0].n, 'wrongly graded case')}: dots with Wilson's interval; "
        f"diamonds: the cardiologist of the paper ({PAPER_CASES} cases). A case counts once, by the verdict of more "
        f"than half of its readers; {how_many(shares[0].divided, 'case')} without a majority left out."
    )
    st.plotly_chart(figure, key="agreement_verdicts", theme=None, config=_CHART_CONFIG, alt=alternative)
    st.caption(alternative)


def _statistic(condition: ConditionReport) -> None:
    st.subheader("Who agrees with whom")
    comparisons = (*condition.pairs, *condition.model, *condition.label)
    comparisons = tuple(entry for entry in comparisons if entry.n >= MIN_CASES)
    if not comparisons:
        st.write(f"With fewer than {MIN_CASES} cases there are counts alone, below.")
        return
    statistic = Statistic(st.selectbox("Statistic", [one.value for one in Statistic], key=STATISTIC_KEY, width=320))
    figure = agreement_figure(comparisons, statistic, dark=dark_theme())
    alternative = (
        f"{statistic.value}: each row is one pair of readings of the same cases; the line is the 95{THIN_SPACE}% "
        f"bootstrap interval, drawn by case. {_meaning(statistic)}"
    )
    st.plotly_chart(figure, key="agreement_statistics", theme=None, config=_CHART_CONFIG, alt=alternative)
    st.caption(alternative)


def _meaning(statistic: Statistic) -> str:
    if statistic is Statistic.MAE:
        return "0 is perfect, 3 the worst."
    if statistic in SHARES:
        return "Not corrected for chance."
    return "1 is perfect, 0 is chance."


def _tables(report: AgreementReport, condition: ConditionReport) -> None:
    heads = ["Readings", "n", *COLUMN_HEADS.values()]
    rows = [
        [comparison_name(entry), str(entry.n), *(_cell(entry, statistic) for statistic in COLUMN_HEADS)]
        for entry in (*condition.pairs, *condition.model, *condition.label)
    ]
    together = "; ".join(
        f"{name.value} {with_interval(estimate)}"
        for name, estimate in condition.together.items()
        if estimate.value is not None
    )
    n_shared = condition.together[Statistic.ALPHA].n
    st.html(
        html_table(
            heads,
            rows,
            caption=f"With 95{THIN_SPACE}% bootstrap intervals, drawn by case",
            columns="tn" + "n" * len(COLUMN_HEADS),
        )
    )
    if together:
        st.write(f"All readers together, {how_many(n_shared, 'case')} with two reads or more: {together}.")
    shares = report.verdicts.get(_KINDS.get(condition.condition, ReadKind.UNBLINDED), ())
    if shares and shares[0].n >= MIN_CASES and condition.condition in _KINDS:
        st.html(_verdict_table(shares))
    if report.switches and condition.condition is Condition.AFTER_REVEAL:
        st.html(_switch_table(report.switches))


def _cell(comparison: Comparison, statistic: Statistic) -> str:
    estimate = comparison.agreement[statistic]
    if estimate.value is None:
        return counts_text(comparison, statistic)
    return in_table(estimate, as_share=statistic in SHARES)


def _verdict_table(shares: Sequence[VerdictShares]) -> str:
    rows = [
        [entry.who, str(entry.n), *(counted(entry.shares[verdict]) for verdict in VERDICT_WORDS)] for entry in shares
    ]
    rows.append(["Paper", str(PAPER_CASES), *map(_paper, VERDICT_WORDS)])
    caption = f"Verdicts on wrongly graded cases, with 95{THIN_SPACE}% Wilson intervals"
    return html_table(["Who", "n", *VERDICT_WORDS.values()], rows, caption=caption, columns="tn")


def _switch_table(switches: Sequence[Switches]) -> str:
    heads = ["Who", "Changed", "of these to the decided level", "away from it", "to the grader's level"]
    rows = [[entry.who, *map(counted, (entry.switched, entry.right, entry.away, entry.to_model))] for entry in switches]
    caption = "What readers did after the reveal; 'decided' needs a settled case"
    return html_table(heads, rows, caption=caption)


def _decision(consensus: Consensus) -> None:
    st.subheader("Label or grader beside the decision")
    if consensus.p_value is None:
        p_value = f"needs {MIN_CASES} decided cases"
    else:
        p_value = "p < 0.001" if consensus.p_value < 0.001 else f"p = {consensus.p_value:.3f}"
    cases = "case" if consensus.n == 1 else "cases"
    st.write(
        f"Of {consensus.n} decided {cases} only the label agrees in {len(consensus.label_only)}, only the grader in "
        f"{len(consensus.model_only)}, both in {len(consensus.both)}, neither in {len(consensus.neither)}; "
        f"McNemar's exact test: {p_value}."
    )
    st.caption("Decided: equal blind reads, the adjudicator's level, or the latest signature; the same for all reads.")


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
