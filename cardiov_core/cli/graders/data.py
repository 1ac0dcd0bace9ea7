"""``cardiov data``: PTB-XL described, prepared for training and fetched."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from cardiov_core.cli import output
from cardiov_core.cli.graders.train import labelled_of, ptbxl_of
from cardiov_core.domain import how_many

if TYPE_CHECKING:
    from cardiov_core.datasets import Description, Part
    from cardiov_core.statements import LabelRule

_RULE_TITLES: Mapping[str, str] = {
    "highest_likelihood": "LEVEL BY HIGHEST LIKELIHOOD",
    "most_severe": "LEVEL BY MOST SEVERE STATEMENT",
}


@click.group()
def data() -> None:
    """PTB-XL: what is there, a cache for training, the download."""


@data.command()
@click.option("--data", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def describe(folder: Path, as_json: bool) -> None:
    """Print the paper's Table 1 for what is there, the records per level by both label rules, and where they come from.

    PTB-XL's first 500 numbers are of the oldest years and few devices: they stand beside the rest.
    """
    from cardiov_core.datasets import describe as described

    description = described(labelled_of(folder))
    click.echo(output.to_json(description.as_dict()) if as_json else "\n".join(_description_lines(description)))


def _description_lines(description: "Description") -> list[str]:
    return [*_table_one(description), "", *_level_lines(description), *_part_lines(description.parts)]


def _part_lines(parts: "tuple[Part, ...]") -> list[str]:
    """Lay out two parts of the records side by side."""
    if not parts:
        return []
    from cardiov_core.domain import Severity

    def _most(counts: Mapping[str, int], n_records: int, n_shown: int = 4) -> str:
        shown = [f"{name} {100 * n / n_records:.0f} %" for name, n in list(counts.items())[:n_shown]]
        return ", ".join(shown) + (f", {len(counts) - n_shown} more" if len(counts) > n_shown else "")

    lines = [""]
    for part in parts:
        n = part.n_records
        age = "not stated" if part.age_median is None else f"{part.age_median:.0f}"
        shares = ", ".join(f"{level.title} {100 * part.levels[level] / n:.0f} %" for level in Severity)
        lines += [
            f"{part.title.upper()}: {n:,} records",
            f"  years           {'not stated' if part.years is None else f'{part.years[0]} to {part.years[1]}'}",
            f"  median age      {age}",
            f"  by a human      {100 * part.n_validated_by_human / n:.0f} % validated",
            f"  devices         {_most(part.devices, n)}",
            f"  sites           {_most(part.sites, n)}",
            f"  annotators      {_most(part.annotators, n)}",
            f"  levels          {shares}",
        ]
    return lines


def _table_one(description: "Description") -> list[str]:
    """Lay out the paper's Table 1 with its counts beside ours."""
    from cardiov_core.datasets import CLASSES, PAPER

    def age(mean: float | None, least: float | None, most: float | None) -> str:
        return "none stated" if mean is None else f"{mean:.0f}, ({least:g}, {most:g})"

    rows = [("Records", f"{description.n_records:,}", f"{PAPER.n_records:,}")]
    rows += [
        (
            f"  {title}",
            "-" if description.classes is None else f"{description.classes[name]:,}",
            f"{PAPER.classes[name]:,}",
        )
        for name, title in CLASSES.items()
    ]
    rows += [
        (_duration_title(length), f"{n:,}", f"{PAPER.durations_s[length]:,}" if length == "10" else "")
        for length, n in description.durations_s.items()
    ]
    rows.append(("Patients", f"{description.n_patients:,}", f"{PAPER.n_patients:,}"))
    rows += [
        (sex.capitalize(), _with_share(n, description.n_records), _with_share(PAPER.sexes.get(sex), PAPER.n_records))
        for sex, n in description.sexes.items()
    ]
    rows += [
        (
            "Age: mean, (min, max)",
            age(description.age_mean, description.age_min, description.age_max),
            age(PAPER.age_mean, PAPER.age_min, PAPER.age_max),
        ),
        ("Age under 65", f"{description.n_under_65:,}", f"{PAPER.n_under_65:,}"),
        ("Age from 65", f"{description.n_from_65:,}", f"{PAPER.n_from_65:,}"),
        ("  of these over 89, masked", f"{description.n_over_89_masked:,}", ""),
        ("Age unknown", f"{description.n_age_unknown:,}", ""),
    ]
    lines = [f"{'TABLE 1':<32}  {'HERE':>14}  {'PAPER':>14}"]
    lines += [f"{title:<32}  {here:>14}  {paper:>14}".rstrip() for title, here, paper in rows]
    if description.classes is None:
        lines.append("Diagnostic classes need scp_statements.csv, which is not there.")
    return lines


def _duration_title(length: str) -> str:
    return f"Duration {length} s" if length[0].isdecimal() else f"Header {length}"


def _with_share(n: int | None, whole: int) -> str:
    return "" if n is None else f"{n:,} ({100 * n / max(whole, 1):.0f} %)"


def _level_lines(description: "Description") -> list[str]:
    from cardiov_core.datasets import FOLD_GROUPS, PAPER
    from cardiov_core.domain import Severity

    heads = "  ".join(f"{name:>6}" for name in ("1-8", "9", "10", "ALL"))
    lines = []
    for rule, groups in description.levels.items():
        paper = PAPER.levels if rule == "highest_likelihood" else None
        lines.append(f"{_RULE_TITLES[rule]:<32}  {heads}" + ("  PAPER'S TABLE 2" if paper else ""))
        for level in Severity:
            counts = "  ".join(f"{groups[name][level]:>6,}" for name in FOLD_GROUPS)
            beside = f"  {paper[level]:>15,}" if paper else ""
            lines.append(f"  {int(level)} {level.title:<28}  {counts}{beside}")
    differ = "  ".join(f"{description.n_graded_differently[name]:>6,}" for name in FOLD_GROUPS)
    return [*lines, f"{'Graded differently by the two':<32}  {differ}"]


@data.command()
@click.option("--data", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL tree.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the cache.")
@click.option("--recipe", "recipe_name", metavar="NAME", help="The recipe to prepare for; default: cardiov-plain.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="A recipe as a TOML file instead.")
@click.option("--skip-unreadable", is_flag=True, help="Leave out records that cannot be read, and name them.")
def prepare(folder: Path, out: Path, recipe_name: str | None, config: Path | None, skip_unreadable: bool) -> None:
    """Turn a PTB-XL tree into a memory-mapped cache for `cardiov train --data`.

    The cache holds what the recipe's network is fed. An interrupted preparation goes on when it is started again.
    Records that cannot be read are named in the end, when all others are done.
    """
    if config is not None and recipe_name is not None:
        raise click.UsageError("Give either --config FILE or --recipe NAME.")
    from cardiov_core import training
    from cardiov_core.training import prepare_cache

    recipe = training.load_recipe(config or recipe_name or "cardiov-plain")
    if not isinstance(recipe, training.Recipe):
        raise click.UsageError(f"{recipe.name} trains no network alone: what measures whole records needs the tree.")
    made = prepare_cache(
        labelled_of(folder),
        recipe.contract,
        out,
        skip_unreadable=skip_unreadable,
        progress=sys.stderr.isatty(),
    )
    for ecg_id, why in made.unreadable.items():
        click.echo(f"left out {ecg_id:05d}: {why}", err=True)
    click.echo(f"{out}: {how_many(made.n_records, 'record')}")


@data.command()
@click.option("--data", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL tree.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes of this machine that measure side by side.",
)
def measure(folder: Path, processes: int) -> None:
    """Measure the records of folds 1-9 once, for all trainings and checks that follow in this folder.

    What was measured is kept under runs/measured and taken as long as neither the code that measures nor the
    delineator changes; a killed run goes on where it was.
    """
    from tqdm import tqdm

    from cardiov_core.signals import KeptExaminations

    dataset = ptbxl_of(folder)
    ids = dataset.ecg_ids(range(1, 10))
    kept = KeptExaminations(n_processes=processes)
    records = (dataset.record(ecg_id) for ecg_id in ids)
    for _ in tqdm(kept.of(records), total=len(ids), disable=not sys.stderr.isatty(), unit="record"):
        pass
    click.echo(kept.path)


@data.command()
@click.option("--data", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL.")
@click.option(
    "--rule",
    type=click.Choice(list(_RULE_TITLES)),
    default="most_severe",
    show_default=True,
    help="Which statement decides: that of the highest likelihood, or the gravest one.",
)
@click.option("--out", required=True, type=click.File("w", encoding="utf-8"), metavar="FILE", help="A CSV.")
def labels(folder: Path, rule: "LabelRule", out: TextIO) -> None:
    """Write each record's level by a label rule, for --labels of `cardiov train` and `cardiov evaluate`.

    The paper's rule takes the statement of the highest likelihood. PTB-XL gives rhythms, atrial fibrillation among
    them, a likelihood of 0: only by most_severe do they count beside a diagnosis.
    """
    dataset = labelled_of(folder)
    ids = dataset.ecg_ids(range(1, 11))
    out.write("ecg_id,level\n" + "".join(f"{ecg_id},{int(dataset.label(ecg_id, rule))}\n" for ecg_id in ids))
    click.echo(f"{out.name}: {how_many(len(ids), 'record')}")


@data.command("ptb-xl")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL's folder.")
@click.option("--url", metavar="BASE", help="Another place with PTB-XL and its SHA256SUMS.txt; default: PhysioNet.")
@click.option("--check", "check_only", is_flag=True, help="Fetch nothing: name what is missing, damaged or extra.")
@click.option(
    "--connections", type=click.IntRange(1, 16), default=4, show_default=True, help="Files that are fetched at once."
)
@click.pass_context
def ptb_xl(ctx: click.Context, folder: Path, url: str | None, check_only: bool, connections: int) -> None:
    """Fetch PTB-XL 1.0.3 from PhysioNet, some 3 GB, or check one that is there.

    Every file is compared with the published SHA-256. An interrupted download goes on when it is started again. PTB-XL
    is published under CC BY 4.0.
    """
    from cardiov_core.datasets import URL, check, fetch

    progress = sys.stderr.isatty()
    if not check_only:
        done = fetch(folder, url or URL, connections=connections, progress=progress)
        fetched = how_many(done.n_files - done.n_kept, "file")
        click.echo(f"{folder}: {fetched} fetched, {how_many(done.n_kept, 'file')} already whole")
        return
    checked = check(folder, url or URL, progress=progress)
    rows = {"missing": checked.missing, "damaged": checked.damaged, "extra": checked.extra}
    for kind, names in rows.items():
        for name in names:
            click.echo(f"{kind} {name}")
    counts = ", ".join(f"{len(names)} {kind}" for kind, names in rows.items())
    click.echo(f"{folder}: {how_many(checked.n_files, 'file')} published, {counts}", err=True)
    if not checked.whole:
        ctx.exit(1)
