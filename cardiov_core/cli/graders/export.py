"""``cardiov export``: a grader's network for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cardiov_core.inference import NetworkFormat


@click.command()
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--format", "file_format", type=click.Choice(["onnx", "openvino"]), default="onnx", show_default=True)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def export(model: str | None, file_format: "NetworkFormat", out: Path) -> None:
    """Write the network of a grader, of a blend the one in it, as ONNX or for OpenVINO.

    The file's metadata say what it must be fed (leads, rate, samples, filter, scaling) and how its logits become
    levels. What other graders add to a blend is not in it.
    """
    from cardiov_core.inference import export_network

    click.echo(export_network(model, out, file_format))
