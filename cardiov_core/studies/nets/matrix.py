"""The matrix of mean probabilities: what a network says of each class where records have each class.

Figure B1 of Kang and Wen 2022, out of fold: a class that the network takes for another shows beside the diagonal.
"""

from pathlib import Path

import numpy as np

from cardiov_core.domain import Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.studies.nets.compare import Comparison


def probability_matrix(comparison: Comparison, net: str) -> tuple[tuple[str, ...], Float64Array]:
    """Return the classes that a record has, and the mean probability of each over the records with each of them.

    `net`: one of the networks of a comparison on a task of labels. The matrix is float64 ``(classes, classes)``: a row
    the records with a class, a column what is said of one.
    """
    compared = next((one for one in comparison.nets if one.net == net), None)
    if comparison.task.kind != "labels" or compared is None:
        names = ", ".join(one.net for one in comparison.nets)
        raise ConfigurationError(
            f"There is no matrix of {net} on the task {comparison.task.name}.",
            f"Choose a task of labels and of {names}.",
        )
    labels = comparison.targets > 0.5
    kept = np.flatnonzero(labels.any(axis=0))
    matrix: Float64Array = np.stack([compared.outputs[labels[:, at]][:, kept].mean(axis=0) for at in kept])
    return tuple(comparison.task.outputs[at] for at in kept), matrix


def draw_probability_matrix(comparison: Comparison, net: str, target: Path) -> None:
    """Draw the matrix as a PNG file; arguments as in `probability_matrix`.

    Raises
    ------
    ConfigurationError
        As `probability_matrix`, or if the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    codes, matrix = probability_matrix(comparison, net)
    side = 2.5 + 0.14 * len(codes)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    image = axes.imshow(matrix, vmin=0.0, vmax=1.0, cmap="Blues")
    axes.set_xticks(range(len(codes)), codes, rotation=90, fontsize=6)
    axes.set_yticks(range(len(codes)), codes, fontsize=6)
    axes.set_xlabel("mean probability of")
    axes.set_ylabel("records with")
    axes.set_title(f"{net}, task {comparison.task.name}, out of fold", fontsize="small")
    figure.colorbar(image, shrink=0.7)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=100, format="png")
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error}.", "Name another folder for --out.") from error
