"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path

import click

Command = Callable[..., object]

labels_option = click.option(
    "--labels",
    "labels_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Corrected labels, as `cardiov review export labels` writes them; they count instead of PTB-XL's own.",
)
"""``--labels`` of the commands that read PTB-XL's labels; the command takes ``labels_file``."""


def resamples_option(
    default: int = 1000, help_text: str = "Bootstrap resamples of an interval."
) -> Callable[[Command], Command]:
    """Return ``--resamples`` of a command whose figures have intervals."""
    return click.option("--resamples", type=click.IntRange(min=1), default=default, show_default=True, help=help_text)


def reading_options(command: Command) -> Command:
    """Add what a file itself may not say, or says wrongly: ``--rate``, ``--units`` and ``--gain-factor``."""
    positive = click.FloatRange(min=0, min_open=True)
    gain_help = "Multiply the signal by F: confirms that a file's gain is wrong."
    for option in (
        click.option("--gain-factor", type=positive, default=1.0, metavar="F", help=gain_help),
        click.option("--units", metavar="UNIT", help="For files without units: mV, uV ..."),
        click.option("--rate", type=positive, metavar="HZ", help="For files without a rate."),
    ):
        command = option(command)
    return command


def computing_options(command: Command) -> Command:
    """Add on what networks compute: ``--backend``, ``--precision`` and ``--threads``.

    The command takes nothing: they state the environment's variables for as long as it runs (`cardiov_core.computing`).
    """
    for option in (
        click.option("--threads", type=click.IntRange(min=1), metavar="N", expose_value=False, callback=_stated,
                     help="Threads of a process; default: one, or CARDIOV_THREADS."),
        click.option("--precision", type=click.Choice(["f32", "bf16"]), expose_value=False, callback=_stated,
                     help="Of networks on OpenVINO; default: f32, or CARDIOV_PRECISION."),
        click.option("--backend", type=click.Choice(["auto", "torch", "openvino"]), expose_value=False,
                     callback=_stated,
                     help="What runs networks; default: auto, openvino where it is installed, or CARDIOV_BACKEND."),
    ):  # fmt: skip
        command = option(command)
    return command


def _stated(ctx: click.Context, parameter: click.Parameter, value: str | int | None) -> None:
    if value is None or parameter.name is None:
        return
    from cardiov_core.computing import computing_by

    ctx.with_resource(computing_by(**{parameter.name: value}))
