"""What the command line prints: rows, tables and the findings of ``cardiov doctor``. Nothing here writes."""

import json
import platform
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cardiov_core.domain import Severity
from cardiov_core.errors import CardioVError

if TYPE_CHECKING:
    from cardiov_core.weights import ModelCard

_WIDTH = 105
_VERSIONS = ("cardiov", "torch", "numpy", "scipy", "pandas", "wfdb", "safetensors", "sleepecg", "streamlit", "plotly")
_ROW = "{record:<24}  {level:<15}  {no:>5}  {low:>5}  {medium:>6}  {high:>5}  {quality}"

TABLE_HEAD = _ROW.format(
    record="RECORD", level="LEVEL", no="NO", low="LOW", medium="MEDIUM", high="HIGH", quality="QUALITY"
)
"""Head of the table that `table_row` fills: probabilities of the four levels and the verdict on the signal."""


def to_json(value: Any) -> str:
    """Return `value` as one line of JSON; NaN has no JSON and is refused.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def json_row(row: Mapping[str, Any]) -> str:
    """Return a record's row as one line of JSON."""
    return to_json(row)


def error_row(shown_as: str, error: CardioVError) -> dict[str, Any]:
    """Return the row of a record that could not be analysed.

    Parameters
    ----------
    shown_as : str
        The path that the caller knows.
    error : CardioVError
        What happened.

    Returns
    -------
    dict
        ``record`` {id, path} and ``error`` {type, message, hint}.
    """
    return {
        "record": {"id": PurePath(shown_as).stem, "path": shown_as},
        "error": {"type": type(error).__name__, "message": error.message, "hint": error.hint},
    }


def table_row(row: Mapping[str, Any]) -> str:
    """Return a record's row for people: one line, and one more for each thing to know about it."""
    record_id = str(row["record"]["id"])
    if "error" in row:
        error = row["error"]
        return f"{record_id:<24}  not analysed\n    {error['message']}\n    {error['hint']}"
    quality = str(row["quality"]["verdict"])
    risk = row.get("risk")
    if risk is None:
        cells = {"level": "withheld", "no": "-", "low": "-", "medium": "-", "high": "-"}
    else:
        shares = [f"{100 * share:.0f} %" for share in risk["probabilities"]]
        level = Severity(risk["level"])
        cells = {
            "level": f"{level.value} {level.title}",
            **dict(zip(("no", "low", "medium", "high"), shares, strict=True)),
        }
    lines = [_ROW.format(record=record_id, quality=quality, **cells)]
    lines += [f"    withheld: {reason}" for reason in (row.get("withheld") or {}).get("reasons", ())]
    lines += [f"    {warning}" for warning in row.get("warnings", ())]
    lines += _attention_lines(row)
    return "\n".join(lines)


def _attention_lines(row: Mapping[str, Any]) -> list[str]:
    explanation = row.get("explanation")
    if not explanation:
        return []
    if "stages" not in explanation:
        return _reason_lines(explanation)
    rate = float(row["record"]["sampling_rate_hz"])
    lines = [f"    looked most, for {explanation['target']}, at:"]
    for stage, attention in explanation["stages"].items():
        if stage in explanation["withheld"]:
            lines.append(f"      stage {stage}: {explanation['withheld'][stage]}")
            continue
        analysed = [(value, position) for position, value in enumerate(attention) if value is not None]
        peak, position = max(analysed, default=(0.0, 0))
        where = f"{position / rate:.2f} s" if peak > 0 else "nothing"
        lines.append(f"      stage {stage}: {where}")
    # A blend's other half.
    return [*lines, *(_reason_lines(explanation["measurements"]) if "measurements" in explanation else ())]


def _reason_lines(explanation: Mapping[str, Any]) -> list[str]:
    told = [f"      {reason['contribution']:+.2f}  {reason['statement']}" for reason in explanation["reasons"]]
    return [f"    measured, for {explanation['target']}:", *(told or ["      nothing weighs one per cent"])]


def model_rows() -> list[dict[str, Any]]:
    """Return the registry: one row for each grader with weights, and one for each network without.

    Returns
    -------
    list of dict
        ``name``, ``network``, ``paper``, ``parameters``, ``default`` and ``weights``: None, or {version, sha256,
        metrics as in the model card, honesty as in `honesty_words`}. A grader that is no network has None for
        ``network`` and ``paper``, says under ``kind`` what it is, and under ``counted`` what ``parameters`` counts:
        nodes of trees, or members of a blend.

    Raises
    ------
    WeightsError
        If a model card is damaged.
    """
    from cardiov_core.nets import list_nets
    from cardiov_core.weights import BLEND, default_name, list_cards

    cards, known = list_cards(), {net.name for net in list_nets()}
    default = default_name() if cards else None
    rows: list[dict[str, Any]] = []
    for net in list_nets():
        common = {"network": net.name, "paper": net.paper, "parameters": net.n_parameters}
        graders = [card for card in cards if card.architecture["name"] == net.name]
        rows += [
            {
                "name": card.name,
                **common,
                "default": card.name == default,
                "weights": _weights_row(card),
            }
            for card in graders
        ]
        if not graders:
            rows.append({"name": net.name, **common, "default": False, "weights": None})
    return rows + [
        {
            "name": card.name,
            "network": None,
            "paper": None,
            "kind": card.raw["title"],
            "parameters": card.raw["n_parameters"],
            "counted": "members" if card.architecture["name"] == BLEND else "nodes",
            "default": card.name == default,
            "weights": _weights_row(card),
        }
        for card in cards
        if card.architecture["name"] not in known
    ]


def _weights_row(card: "ModelCard") -> dict[str, Any]:
    from cardiov_core.reporting.words.model_card import honesty_words

    return {
        "version": card.version,
        "sha256": card.sha256,
        "metrics": card.raw.get("metrics"),
        "honesty": honesty_words(card),
    }


def models_table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the registry for people; the figures are those of the model cards."""
    blocks = []
    for row in rows:
        mark = "  (default)" if row["default"] else ""
        lines = [
            f"{row['name']}{mark}",
            *_kind_lines(row),
        ]
        weights = row["weights"]
        if weights is None:
            lines.append("  weights     none: train it with cardiov train")
        else:
            lines.append(f"  weights     {weights['version']}, sha256 {weights['sha256'][:16]}")
            lines += [f"  {name:<10}  {figure}" for name, figure in figures(weights["metrics"] or {})]
            lines += _wrapped(weights["honesty"])
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _wrapped(told: Mapping[str, str]) -> list[str]:
    """Return topics with their sentences, broken at the width of a terminal."""
    lines = []
    for name, text in told.items():
        first, *rest = textwrap.wrap(text, _WIDTH)
        lines += [f"  {name:<11} {first}", *(f"  {'':<11} {line}" for line in rest)]
    return lines


def _kind_lines(row: Mapping[str, Any]) -> list[str]:
    if row["network"] is None:
        return [f"  kind        {row['kind']}; {row['parameters']:,} {row['counted']}"]
    return [f"  network     {row['network']}, {row['parameters']:,} parameters", f"  paper       {row['paper']}"]


def figures(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a model card's figures as (name, value with its 95 % interval)."""
    intervals = metrics.get("intervals", {})
    named = [("MAE", metrics.get("mae"), intervals.get("mae"))]
    auc_intervals = intervals.get("auc", {})
    named += [(f"AUC {name}", value, auc_intervals.get(name)) for name, value in metrics.get("auc", {}).items()]
    lines = []
    for name, value, interval in named:
        if value is not None:
            lines.append((name, f"{value:.3f}" + (f"  ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")))
    if metrics.get("kind"):
        lines.append(
            ("figures", f"{metrics['kind']}, n = {metrics.get('n', 'not stated')}; 95 % intervals in brackets")
        )
    return lines


def examine() -> tuple[list[str], bool]:
    """Look at the installation.

    Returns
    -------
    lines : list of str
        Findings, one a line.
    healthy : bool
        False where a grader's files are damaged, there is no default grader, or the review's database is unusable.
    """
    lines = [f"Python       {platform.python_version()} on {platform.system()} {platform.machine()}"]
    lines += [f"{name:<12} {_version(name)}" for name in _VERSIONS]
    lines.append(f"backend      {_backend()}")
    weights_lines, healthy = _examine_weights()
    review_lines, reachable = _examine_review()
    return [*lines, *weights_lines, *_examine_data(), *review_lines], healthy and reachable


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _backend() -> str:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"torch, {count(torch.get_num_threads(), 'thread')}, {device}"


def _examine_weights() -> tuple[list[str], bool]:
    from cardiov_core.inference import load_predictor
    from cardiov_core.weights import default_name, list_cards, load_delineator, load_range

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
    try:
        delineator = load_delineator()
    except CardioVError as error:
        lines.append(f"weights      delineator: {error.message} {error.hint}")
        healthy = False
    else:
        if delineator is None:
            lines.append("weights      no delineator: waves are found by their slopes alone")
        else:
            lines.append(f"weights      delineator: checksum {delineator.card['sha256'][:16]} is right")
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
    return [f"data         {root}, PTB-XL with {count(len(ptbxl.table), 'record')}"]


def _examine_review() -> tuple[list[str], bool]:
    """Look at the review's database, without making one that nobody has asked for."""
    from cardiov_core.review import list_cases, open_store, store_begun

    try:
        if not store_begun():
            return ["review       not begun: its database is made on first use"], True
        with closing(open_store()) as store:
            return [f"review       {store.place}, {count(list_cases(store, limit=1).total, 'case')}"], True
    except CardioVError as error:
        return [f"review       {error.message} {error.hint}"], False


def count(n: int, noun: str) -> str:
    """Return '1 file' or '3 files'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _among(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
