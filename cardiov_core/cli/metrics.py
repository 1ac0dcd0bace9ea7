"""``cardiov metrics``: how far the work is, in the text form that Prometheus reads."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime

import click


@click.command()
def metrics() -> None:
    """Print cases, alerts and results that wait, for Prometheus (write it to a file of its textfile collector).

    Numbers alone: no name, no id. `GET /_stcore/health` of the app answers ok while it runs.
    """
    from cardiov_core.domain import CaseStatus
    from cardiov_core.review import list_cases, open_store, waiting_alerts, waiting_deliveries

    with closing(open_store()) as store:
        by_status = list_cases(store, limit=1).by_status
        alerts = waiting_alerts(store)
        results = waiting_deliveries(store)
    at = datetime.now(UTC)
    to_destinations: dict[str, int] = {}
    for each in results:
        to_destinations[each.destination] = to_destinations.get(each.destination, 0) + 1
    oldest_s = max(((at - each.queued_at).total_seconds() for each in results), default=0.0)
    late = sum(alert.due_at < at for alert in alerts)
    rows: Iterable[tuple[str, str, Mapping[str, float]]] = (
        ("cases", "Cases of the review by status.", {f'status="{s.value}"': by_status.get(s, 0) for s in CaseStatus}),
        ("alerts_waiting", "Alerts that nobody acknowledged yet.", {"": len(alerts)}),
        ("alerts_late", "Of these, past the time by which they are due.", {"": late}),
        ("results_waiting", "Results that no destination has taken yet.", _labelled(to_destinations)),
        ("results_oldest_seconds", "For how long the oldest of them has waited.", {"": oldest_s}),
    )
    for name, meaning, values in rows:
        click.echo(f"# HELP cardiov_{name} {meaning}\n# TYPE cardiov_{name} gauge")
        for labels, value in values.items():
            click.echo(f"cardiov_{name}{f'{{{labels}}}' if labels else ''} {value:g}")


def _labelled(counts: Mapping[str, int]) -> Mapping[str, float]:
    if not counts:
        return {"": 0}
    escaped = {name.replace("\\", "\\\\").replace('"', '\\"'): count for name, count in counts.items()}
    return {f'destination="{name}"': count for name, count in escaped.items()}
