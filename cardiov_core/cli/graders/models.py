"""``cardiov models`` and ``networks``: graders with their cross-validated figures, and the networks that there are."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NotRequired, TypedDict

import click

from cardiov_core.cli import output

if TYPE_CHECKING:
    from cardiov_core.domain import JsonObject
    from cardiov_core.nets import NetInfo
    from cardiov_core.weights import ModelCard

_WIDTH = 105


class InputRow(TypedDict):
    """What a network is fed."""

    sampling_rate_hz: float
    window_s: float
    preparation: str


class WeightsRow(TypedDict):
    """What a card says of its weights."""

    version: str
    sha256: str
    metrics: "JsonObject"
    checks: dict[str, str]  # topic -> what was measured of probabilities, sets, maps and scope


class Row(TypedDict):
    """A network or a grader; one that is no network has neither `network` nor `paper`."""

    name: str
    network: str | None
    paper: str | None
    parameters: int
    flops: NotRequired[int]  # of one window as the publication cuts it, for 12 leads and 3 outputs, like `parameters`
    published: NotRequired[str | None]
    input: NotRequired[InputRow]
    kind: NotRequired[str]  # what a grader is that is no network
    counted: NotRequired[str]  # what its `parameters` counts: nodes of trees, or members of a blend
    default: NotRequired[bool]
    weights: NotRequired[WeightsRow | None]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def models(as_json: bool) -> None:
    """List networks and graders: paper, parameters, weights, cross-validated figures."""
    rows = model_rows()
    click.echo(output.to_json(rows) if as_json else models_table(rows))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def networks(as_json: bool) -> None:
    """List every network by name: paper, parameters, operations of a window, published figure."""
    from cardiov_core.nets import list_nets

    rows = [network_row(net) for net in list_nets()]
    click.echo(output.to_json(rows) if as_json else networks_table(rows))


def network_row(net: "NetInfo") -> Row:
    """Return what there is to know of a network without weights."""
    from cardiov_core.nets import flops_of

    return {
        "name": net.name,
        "network": net.name,
        "paper": net.paper,
        "parameters": net.n_parameters,
        "flops": flops_of(net.name),
        "published": net.published or None,
        "input": {
            "sampling_rate_hz": net.input_use.sampling_rate_hz,
            "window_s": net.input_use.window_s,
            "preparation": net.input_use.preparation,
        },
    }


def networks_table(rows: Sequence[Row]) -> str:
    """Return the networks for people, those of a paper together."""
    lines = []
    width = max(len(row["name"]) for row in rows)
    for paper, group in groupby(rows, key=lambda row: row["paper"]):
        lines.append(f"{paper}")
        for row in group:
            used = row["input"]
            numbers = f"{row['parameters']:>12,} parameters {row['flops'] / 1e6:>9,.1f} MFLOP"
            window = f"{used['sampling_rate_hz']:g} Hz x {used['window_s']:g} s"
            lines.append(f"  {row['name']:<{width}} {numbers}  {window:<14} {row['published'] or ''}".rstrip())
    return "\n".join(lines)


def model_rows() -> list[Row]:
    """Return the registry: one row for each grader with weights, and one for each network without."""
    from cardiov_core.nets import list_nets
    from cardiov_core.weights import BLEND, default_name, list_cards

    cards, known = list_cards(), {net.name for net in list_nets()}
    default = default_name() if cards else None
    rows: list[Row] = []
    for net in list_nets():
        common = network_row(net)
        graders = [card for card in cards if card.architecture.name == net.name]
        rows += [
            {**common, "name": card.name, "default": card.name == default, "weights": _weights_row(card)}
            for card in graders
        ]
        if not graders:
            rows.append({**common, "default": False, "weights": None})
    return rows + [
        {
            "name": card.name,
            "network": None,
            "paper": None,
            "kind": card.stated.title,
            "parameters": card.stated.n_parameters,
            "counted": "members" if card.architecture.name == BLEND else "nodes",
            "default": card.name == default,
            "weights": _weights_row(card),
        }
        for card in cards
        if card.architecture.name not in known
    ]


def _weights_row(card: "ModelCard") -> WeightsRow:
    from cardiov_core.reporting import card_words

    return {
        "version": card.version,
        "sha256": card.sha256,
        "metrics": card.stated.metrics.as_json(),
        "checks": card_words(card),
    }


def models_table(rows: Iterable[Row]) -> str:
    """Return the registry for people; the figures are those of the model cards."""
    blocks, bare = [], []
    for row in rows:
        weights = row["weights"]
        if weights is None:
            bare.append(row)
            continue
        mark = "  (default)" if row["default"] else ""
        lines = [f"{row['name']}{mark}", *_kind_lines(row)]
        lines.append(f"  weights     {weights['version']}, sha256 {weights['sha256'][:16]}")
        lines += [f"  {name:<10}  {figure}" for name, figure in figures(weights["metrics"])]
        lines += _wrapped(weights["checks"])
        blocks.append("\n".join(lines))
    if bare:
        blocks.append(f"Networks without weights: train them with cardiov train\n\n{networks_table(bare)}")
    return "\n\n".join(blocks)


def _wrapped(topics: Mapping[str, str]) -> list[str]:
    """Return topics with their sentences, broken at the width of a terminal."""
    lines = []
    for name, text in topics.items():
        first, *rest = textwrap.wrap(text, _WIDTH)
        lines += [f"  {name:<11} {first}", *(f"  {'':<11} {line}" for line in rest)]
    return lines


def _kind_lines(row: Row) -> list[str]:
    if row["network"] is None:
        return [f"  kind        {row['kind']}; {row['parameters']:,} {row['counted']}"]
    return [f"  network     {row['network']}, {row['parameters']:,} parameters", f"  paper       {row['paper']}"]


def figures(metrics: "JsonObject") -> list[tuple[str, str]]:
    """Return a model card's figures as (name, value with its 95 % interval)."""
    from cardiov_core.weights import Figures

    stated = Figures.of(metrics)
    intervals = stated.intervals
    named = [("MAE", stated.mae, intervals.mae)]
    named += [(f"AUC {name}", value, intervals.auc.get(name)) for name, value in stated.auc.items()]
    lines = []
    for name, value, interval in named:
        if value is not None:
            lines.append((name, f"{value:.3f}" + (f"  ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")))
    if stated.kind:
        n = "not stated" if stated.n is None else stated.n
        lines.append(("figures", f"{stated.kind}, n = {n}; 95 % intervals in brackets"))
    return lines
