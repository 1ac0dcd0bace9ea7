"""The analyses of networks on statements as rows of tables and as text: where the numbers become words."""

from collections.abc import Iterable, Sequence

from cardiov_core.statements import STATEMENTS
from cardiov_core.studies.nets.statements import BETA, FEWEST, FEWEST_TO_SPLIT, Cluster, StatementsCheck

STATEMENT_FIGURE_HEADS = ("Statement", "Code", "Records with it", "AUC", "95 % interval", "F2", "G2")
CLASS_HEADS = ("Class", "Records with it", "AUC")
RULE_HEADS = ("Level", "Sum, at most 1", "Maximum", "Mean")
CLUSTER_HEADS = ("Statement", "Cluster", "Records", "AUC", "Of them also normal")
SPREAD_HEADS = ("Likelihood", "Statements", "Spread of the members")
DETECTOR_HEADS = ("Statement", "Answered by", "Right", "Wrong", "Missed", "F2")
"""Heads of the tables of `StatementsCheck`."""

_TITLES = {"superclass": "5 superclasses", "subclass": "23 subclasses"}
_HOW = {"alone": "network", "override": "rule", "join": "network or rule"}

Row = tuple[str, ...]


def statement_figure_rows(check: StatementsCheck) -> list[Row]:
    """Return a row per statement, the best told first."""
    return [
        (
            STATEMENTS[one.code].description,
            one.code,
            str(one.n),
            f"{one.auc:.3f}",
            f"{one.low:.3f}-{one.high:.3f}",
            f"{one.f_beta:.2f}",
            f"{one.g_beta:.2f}",
        )
        for one in sorted(check.statements, key=lambda one: -one.auc)
    ]


def class_rows(check: StatementsCheck) -> list[Row]:
    """Return the tree of classes, subclasses set in below their superclass."""
    return [
        (f"\u2003{one.subclass}" if one.subclass else one.superclass, str(one.n), f"{one.auc:.3f}")
        for one in check.classes
    ]


def rule_rows_upwards(check: StatementsCheck) -> list[Row]:
    """Return the macro AUC of each level by each way of joining."""
    levels = dict.fromkeys(one.level for one in check.rules)
    return [
        (_TITLES[level], *(f"{one.macro_auc:.3f}" for one in check.rules if one.level == level)) for level in levels
    ]


def cluster_rows(clusters: Iterable[Cluster]) -> list[Row]:
    """Return a row per cluster; the one that is predicted worse is the first of its statement."""
    rows: list[Row] = []
    before = ""
    for one in clusters:
        which = "told better" if one.code == before else "told worse"
        rows.append((one.code, which, str(len(one.ecg_ids)), f"{one.auc:.3f}", str(one.n_normal)))
        before = one.code
    return rows


def spread_rows(check: StatementsCheck) -> list[Row]:
    """Return how far members differ at each likelihood."""
    return [(f"{one.likelihood:g} %", f"{one.n:,}", f"{one.spread:.3f}") for one in check.spread]


def detector_rows(check: StatementsCheck) -> list[Row]:
    """Return network, rule and both beside each other for each statement that a rule knows."""
    return [
        (
            one.code,
            _HOW[one.how],
            str(one.true_positive),
            str(one.false_positive),
            str(one.false_negative),
            f"{one.f_beta:.2f}",
        )
        for one in check.detectors
    ]


def statements_words(check: StatementsCheck) -> str:
    """Say what was judged on which records, with the figures over all statements."""
    whom = f"{check.net}, the mean of {check.n_members} seeds" if check.n_members > 1 else check.net
    return (
        f"{whom}, out of fold on {check.n:,} records of {check.n_patients:,} patients: macro AUC {check.macro_auc:.3f} "
        f"({check.low:.3f}-{check.high:.3f}), Fmax {check.f_max:.3f}, F{BETA:g} {check.f_beta:.3f}, G{BETA:g} "
        f"{check.g_beta:.3f}. {check.n_rare} statements with fewer than {FEWEST} records have no row."
    )


def clusters_words(check: StatementsCheck) -> str:
    """Say what clusters are."""
    return (
        f"Records with a statement, in two clusters by all that the network says of them (k-means; {FEWEST_TO_SPLIT} "
        "records or more); each cluster against all records without the statement. Where one is told much worse, the "
        "statement means two kinds of records to the network, or some of its labels are doubtful."
    )


def statements_text(check: StatementsCheck, *, most: int = 10) -> str:
    """Return the analyses for a terminal; of the clusters the `most` rows with the greatest gaps."""
    parts: list[tuple[str, Row, Sequence[Row]]] = [
        ("", STATEMENT_FIGURE_HEADS[1:], [row[1:] for row in statement_figure_rows(check)]),
        ("Hierarchy, by sum", CLASS_HEADS, class_rows(check)),
        ("Hierarchy, macro AUC", RULE_HEADS, rule_rows_upwards(check)),
        ("Hidden stratification", CLUSTER_HEADS, cluster_rows(check.clusters[:most])),
        ("Spread against likelihood", SPREAD_HEADS, spread_rows(check)),
        ("Rules beside the network", DETECTOR_HEADS, detector_rows(check)),
    ]
    lines = [statements_words(check)]
    for title, heads, rows in parts:
        if rows:
            lines += ["", *([title] if title else []), *_columns([heads, *rows])]
    return "\n".join(lines)


def _columns(rows: Sequence[Row]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
