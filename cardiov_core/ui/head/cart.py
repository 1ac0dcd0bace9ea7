"""The head of a cart's print: who, rhythm, intervals, what the machine said, which level, what needs a look."""

from html import escape

from cardiov_core.domain import Analysis
from cardiov_core.reporting import (
    HeadValue,
    age_and_sex,
    head_alerts,
    head_lines,
    head_values,
    level_reason,
    machine_lines,
    recording_time,
    wording,
)
from cardiov_core.ui.frame.session import Case
from cardiov_core.ui.frame.styles import level_shape
from cardiov_core.ui.head.rhythm import rhythm_words

SAID = "on a scale of 0 to 3"
"""What a screen reader hears of every level, and nothing else on the page."""


def cart_head(case: Case, analysis: Analysis | None) -> str:
    """Return the head as HTML; at most 120 px high, whatever is wrong.

    `analysis`: None while the ECG is analysed: the ECG stands there before its level.
    """
    record = case.record
    rhythm = "" if analysis is None else rhythm_words(analysis)
    who = (
        f'<div class="cv-cell cv-who"><b title="{escape(case.title)}">{escape(case.title)}</b>'
        f"<span>{escape(age_and_sex(record.age, record.sex))}</span><span>{escape(_recorded(case))}</span>"
        f'<b class="cv-rhythm">{escape(rhythm)}</b></div>'
    )
    values = () if analysis is None else head_values(analysis.measurements, record)
    cells = "".join(_value(value) for value in values)
    return (
        f'<section class="cv-cart" aria-label="Head">{who}<dl class="cv-cell cv-values">{cells}</dl>'
        f"{_machine(case)}{_level(analysis)}{_alerts(analysis)}</section>"
    )


def _recorded(case: Case) -> str:
    return "" if case.record.recorded_at is None else recording_time(case.record, brief=True)


def _value(value: HeadValue) -> str:
    sign = {"high": "\u25b2", "low": "\u25bc"}.get(value.flag, "")
    flag = f' <em title="{value.flag}">{sign}</em>' if sign else ""
    hint = f' title="{escape(value.remark, quote=True)}"' if value.remark else ""
    return f"<div{hint}><dt>{value.name}</dt><dd>{escape(value.value)}{flag}</dd></div>"


def _machine(case: Case) -> str:
    machine = case.record.machine
    lines = machine_lines(machine)
    if machine is None or not lines:
        return '<div class="cv-cell cv-machine"></div>'
    spans = "".join(f"<span>{escape(line)}</span>" for line in head_lines(lines))
    title = escape("\n".join(lines), quote=True)
    whose = "Confirmed in the file" if machine.confirmed_statements else f"The machine ({machine.source})"
    return f'<div class="cv-cell cv-machine" title="{title}"><small>{escape(whose)}</small>{spans}</div>'


def _level(analysis: Analysis | None) -> str:
    if analysis is None:
        return '<div class="cv-cell cv-answer" role="status"><div>Analysing the ECG ...</div></div>'
    level = analysis.level
    reason = escape(level_reason(analysis))
    if level is None:
        return (
            f'<div class="cv-cell cv-answer" role="img" aria-label="No level. {reason}"><div>'
            f'<div class="cv-word">No level</div><div class="cv-reason" title="{reason}">{reason}</div></div></div>'
        )
    spoken = f"Level {int(level)} {SAID}: {level.title}. {wording(level)} {reason}"
    return (
        f'<div class="cv-cell cv-answer" role="img" aria-label="{spoken}" title="{spoken}">{level_shape(level)}<div>'
        f'<div class="cv-word">Level {int(level)} <small>{level.title.lower()}</small></div>'
        f'<div class="cv-reason">{reason}</div></div></div>'
    )


def _alerts(analysis: Analysis | None) -> str:
    """Return one line, the gravest first, that opens to all of them."""
    # Why there is no level stands beside 'No level' already.
    alerts = () if analysis is None else [each for each in head_alerts(analysis) if each != level_reason(analysis)]
    if not alerts:
        return '<div class="cv-alerts"></div>'
    grave = " cv-grave" if analysis is not None and analysis.critical else ""
    items = "".join(f"<li>{escape(alert)}</li>" for alert in alerts)
    more = f'<span class="cv-chip">+{len(alerts) - 1}</span> ' if alerts[1:] else ""
    return (
        f'<details class="cv-alerts{grave}" role="alert"><summary>{more}{escape(alerts[0])}</summary>'
        f"<ol>{items}</ol></details>"
    )
