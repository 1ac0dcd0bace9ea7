"""``cardiov doctor``: versions, backend, converted networks, checksums of the weights, data, review database."""

import platform
from collections.abc import Sequence
from contextlib import closing

import click

from cardiov_core.domain import how_many
from cardiov_core.errors import CardioVError, WeightsError
from cardiov_core.version import installed_version


@click.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check the installation: versions, weights' checksums, backend, data."""
    lines, healthy = examine()
    click.echo("\n".join(lines))
    if not healthy:
        ctx.exit(1)


_VERSIONS = (
    "cardiov",
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "wfdb",
    "safetensors",
    "sleepecg",
    "streamlit",
    "plotly",
    "openvino",
)


def examine() -> tuple[list[str], bool]:
    """Return findings on the installation, and whether it is healthy: default grader, weights and database usable."""
    lines = [f"Python       {platform.python_version()} on {platform.system()} {platform.machine()}"]
    lines += [f"{name:<12} {installed_version(name)}" for name in _VERSIONS]
    weights_lines, healthy = _examine_weights()
    # Behind the weights, whose networks it finds converted.
    backend_lines, usable = _examine_backend()
    review_lines, reachable = _examine_review()
    return [*lines, *backend_lines, *weights_lines, *_examine_data(), *review_lines], usable and healthy and reachable


def _examine_backend() -> tuple[list[str], bool]:
    import torch

    from cardiov_core.backends import backend_words, kept_networks
    from cardiov_core.inference import load_predictor
    from cardiov_core.signals import make_delineator_ready

    try:
        words = backend_words()
        # Converted here and now, so that nothing waits for it later.
        load_predictor().make_ready()
        make_delineator_ready(every=True)
    except WeightsError:
        # Told of where the weights are examined.
        pass
    except CardioVError as error:
        return [f"backend      {error.message} {error.hint}"], False
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    folder, files = kept_networks()
    size_mib = sum(path.stat().st_size for path in files) / 1024**2
    return [
        f"backend      {words}, {device}",
        f"cache        {folder}, {how_many(len(files), 'converted network')}, {size_mib:.0f} MiB",
    ], True


def _examine_weights() -> tuple[list[str], bool]:
    from cardiov_core.inference import load_predictor
    from cardiov_core.weights import (
        DelineatorWeights,
        default_name,
        list_cards,
        load_delineator,
        load_findings,
        load_range,
        load_statement_head,
    )

    lines, healthy = [], True
    try:
        names = [card.name for card in list_cards()]
        default = default_name()
    except CardioVError as error:
        return [f"weights      {error.message} {error.hint}"], False
    for name in names:
        try:
            card = load_predictor(name).card
            load_range(card)
        except CardioVError as error:
            lines.append(f"weights      {name}: {error.message} {error.hint}")
            healthy = False
        else:
            mark = ", default" if name == default else ""
            lines.append(f"weights      {name} {card.version}: checksum {card.sha256[:16]} is right{mark}")
    for name, load in (
        ("delineator", load_delineator), ("findings", load_findings), ("statements", load_statement_head)
    ):  # fmt: skip
        try:
            opened = load()
            if isinstance(opened, DelineatorWeights):
                # Built, to see whether the weights fit their card.
                _ = opened.nets
        except CardioVError as error:
            lines.append(f"weights      {name}: {error.message} {error.hint}")
            healthy = False
            continue
        if opened is not None:
            sha256 = opened.sha256 if isinstance(opened, DelineatorWeights) else opened.card.sha256
            lines.append(f"weights      {name}: checksum {sha256[:16]} is right")
        elif name == "delineator":
            lines.append("weights      no delineator: waves are found by their slopes alone")
    if default not in names:
        lines.append(f"weights      the default grader {default!r} is not there: choose among {_among(names)}")
        healthy = False
    return lines, healthy


def _examine_data() -> list[str]:
    from cardiov_core.datasets import data_root, find_ptbxl

    root = data_root()
    if root is None:
        return ["data         none: set CARDIOV_DATA to a folder of real records (CardioV works without)"]
    ptbxl = find_ptbxl()
    if ptbxl is None:
        return [f"data         {root}, no PTB-XL in it"]
    return [f"data         {root}, PTB-XL with {how_many(len(ptbxl.table), 'record')}"]


def _examine_review() -> tuple[list[str], bool]:
    """Look at the review's database, without making one that nobody has asked for."""
    from cardiov_core.review import list_cases, open_store, store_begun

    try:
        if not store_begun():
            return ["review       not begun: its database is made on first use"], True
        with closing(open_store()) as store:
            return [f"review       {store.place}, {how_many(list_cases(store, limit=1).total, 'case')}"], True
    except CardioVError as error:
        return [f"review       {error.message} {error.hint}"], False


def _among(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
