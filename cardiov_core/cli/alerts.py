"""``cardiov alerts``: what waits to be acknowledged, and the clock that escalates what is late."""

from contextlib import closing
from datetime import UTC, datetime

import click

from cardiov_core.domain import how_many


@click.group()
def alerts() -> None:
    """Alerts for critical results: list, escalate, rule sets."""


@alerts.command("list")
def list_alerts() -> None:
    """List the alerts that nobody acknowledged yet, and how fast the others were."""
    from cardiov_core.reporting import age_words_of, alert_words, statistics_rows
    from cardiov_core.review import alert_statistics, open_store, waiting_alerts

    with closing(open_store()) as store:
        at = datetime.now(UTC)
        for alert in waiting_alerts(store):
            click.echo(f"{alert.id}  {alert.record_id}: {alert_words(alert)}; {age_words_of(alert, at)}")
        for title, value in statistics_rows(alert_statistics(store, at)):
            click.echo(f"{title}: {value}", err=True)


@alerts.command()
def escalate() -> None:
    """Escalate what is due and not acknowledged; for a timer that runs every minute.

    The Worklist page does the same whenever somebody looks at it.
    """
    from cardiov_core.review import channels_from_environment, escalate_due, open_store

    with closing(open_store()) as store:
        escalated = escalate_due(store, channels_from_environment())
    for alert in escalated:
        click.echo(alert.id)
    click.echo(f"{how_many(len(escalated), 'alert')} escalated", err=True)


@alerts.command()
@click.option("--against", metavar="NAME", help="Name the rules of each set that this one knows nothing of.")
def rules(against: str | None) -> None:
    """List the rule sets with source, limit, addressee and time limit of each rule."""
    from cardiov_core.critical import critical_only_in, list_rule_sets, load_rule_set
    from cardiov_core.reporting import limit_words

    other = None if against is None else load_rule_set(against)
    for rule_set in list_rule_sets():
        click.echo(f"{rule_set.name}: {rule_set.title}\n  {rule_set.source}\n  {rule_set.remark}")
        shown = rule_set.rules if other is None else critical_only_in(rule_set, other)
        for rule in shown:
            limit = limit_words(rule)
            click.echo(f"  - {rule.title}{f', {limit}' if limit else ''}")
            click.echo(f"      tell {rule.addressee} within {rule.within_minutes} min; {rule.source}")
