"""Recipes as files: TOML in, checked recipes out."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import ConfigurationError
from cardiov_core.training.recipes.blend import BlendRecipe, blend_recipe_from
from cardiov_core.training.recipes.faults import refuse
from cardiov_core.training.recipes.forest import ForestRecipe, forest_recipe_from
from cardiov_core.training.recipes.network import (
    OBJECTIVE_OF,
    Augmentation,
    Auxiliary,
    Distillation,
    Objective,
    OutputName,
    Plateau,
    Pretraining,
    Recipe,
    Stage,
    Validation,
)

_RECIPES = Path(__file__).parent


def list_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with CardioV."""
    return tuple(sorted(path.stem for path in _RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str | Path) -> Recipe | ForestRecipe | BlendRecipe:
    """Load a recipe by name or from a TOML file.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        One of `list_recipes`, or the path of a file of the same form.

    Returns
    -------
    Recipe, ForestRecipe or BlendRecipe
        Of a network, or of a forest or a blend where the file has a section ``forest`` or ``blend``; checked as far as
        it can be without data.

    Raises
    ------
    ConfigurationError
        If there is no such recipe, or a field is unknown, missing or of the wrong kind.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _RECIPES / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"There is no recipe {str(name_or_path)!r}.",
            f"Choose one of {', '.join(list_recipes())}, or give the path of a .toml file.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} is no TOML file: {error}.", "Mend the line it names.") from error
    if "forest" in table:
        return forest_recipe_from(table, path.name)
    return blend_recipe_from(table, path.name) if "blend" in table else _recipe_from(table, path.name)


def _recipe_from(table: dict[str, Any], shown_as: str) -> Recipe:
    known = ({field.name for field in fields(Recipe)} | {"input"}) - {"contract", "max_epochs"}
    unknown = set(table) - known
    if unknown:
        raise ConfigurationError(
            f"{shown_as} has unknown fields: {', '.join(sorted(unknown))}.", f"Known are {', '.join(sorted(known))}."
        )
    output: OutputName = table.get("output", "ordinal")
    try:
        recipe = Recipe(
            name=str(table["name"]),
            title=str(table["title"]),
            net=str(table["net"]),
            contract=_contract(table["input"]),
            stages=tuple(_stage(stage, output) for stage in table["stages"]),
            augmentation=Augmentation(**table.get("augmentation", {})),
            net_arguments=dict(table.get("net_arguments", {})),
            batch_size=int(table["batch_size"]),
            weight_decay=float(table["weight_decay"]),
            seed=int(table["seed"]),
            cv_groups=int(table["cv_groups"]),
            folds=_folds(table["folds"]),
            output=output,
            optimiser=table.get("optimiser", "adamw"),
            schedule=table.get("schedule", "one_cycle"),
            plateau=Plateau(**table.get("plateau", {})),
            weight_normalisation=bool(table.get("weight_normalisation", False)),
            validation=_validation(table.get("validation", {})),
            auxiliary=Auxiliary(**table.get("auxiliary", {})),
            distillation=Distillation(**table.get("distillation", {})),
            pretraining=Pretraining(**table.get("pretraining", {})),
            precision=table.get("precision", "float32"),
            compile=bool(table.get("compile", False)),
            recompute=bool(table.get("recompute", False)),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{shown_as} lacks a field or has one of the wrong kind: {error}.",
            "Compare it with a recipe that comes with CardioV.",
        ) from error
    _check(recipe, shown_as)
    return recipe


def _contract(given: dict[str, Any]) -> InputContract:
    return InputContract(
        leads=STANDARD_LEADS,
        sampling_rate_hz=float(given["sampling_rate_hz"]),
        n_samples=int(given["n_samples"]),
        band_hz=(float(given["band_hz"][0]), float(given["band_hz"][1])),
        filter_order=int(given["filter_order"]),
        normalisation=given["normalisation"],
    )


def _stage(given: dict[str, Any], output: OutputName) -> Stage:
    stage = Stage(**given)
    if str(stage.objective) != "output":
        return stage
    if output not in OBJECTIVE_OF:
        raise ValueError(f"there is no output {output!r}")
    return Stage(OBJECTIVE_OF[output], stage.epochs, stage.learning_rate)


def _validation(given: dict[str, Any]) -> Validation:
    rest = {name: value for name, value in given.items() if name != "folds"}
    return Validation(**rest, folds=_folds(given.get("folds", ())))


def _folds(given: Any) -> tuple[int, ...]:
    return tuple(int(fold) for fold in given)


def _check(recipe: Recipe, shown_as: str) -> None:
    faults = _faults_of_fields(recipe) | _faults_of_folds(recipe)
    refuse(faults, shown_as)


def _faults_of_fields(recipe: Recipe) -> dict[str, bool]:
    objectives, outputs = get_args(Objective), get_args(OutputName)
    wanted = OBJECTIVE_OF.get(recipe.output)
    taught, before = recipe.distillation, recipe.pretraining
    shares = (taught.share, taught.hearts_until, recipe.augmentation.lead_scale_share)
    return {
        f"output must be one of {', '.join(outputs)}": recipe.output not in outputs,
        f"an objective must be one of {', '.join(objectives)}, output": any(
            stage.objective not in objectives for stage in recipe.stages
        ),
        f"stages must end with the output's own objective, {wanted}: a stage of {recipe.output} outputs": (
            not recipe.stages or recipe.stages[-1].objective != wanted
        ),
        "epochs must be at least 1": any(stage.epochs < 1 for stage in recipe.stages),
        "batch_size must be at least 2": recipe.batch_size < 2,
        "optimiser must be adamw or adam": recipe.optimiser not in ("adamw", "adam"),
        "schedule must be one_cycle or plateau": recipe.schedule not in ("one_cycle", "plateau"),
        "precision must be float32 or bfloat16": recipe.precision not in ("float32", "bfloat16"),
        "plateau.factor must lie between 0 and 1": not 0 < recipe.plateau.factor < 1,
        "shares must lie within 0 and 1": any(not 0 <= share <= 1 for share in shares),
        "auxiliary.weight must not be negative": recipe.auxiliary.weight < 0,
        "distillation.share needs distillation.teacher": taught.share > 0 and not taught.teacher,
        "distillation.hearts_a_batch needs pretraining.hearts and distillation.teacher": taught.hearts_a_batch != 0
        and not (taught.hearts_a_batch > 0 and before.hearts and taught.teacher),
        "pretraining knows no weight_normalisation": before.epochs > 0 and recipe.weight_normalisation,
        "pretraining.epochs needs as many hearts as a batch": before.epochs > 0 and before.hearts < recipe.batch_size,
        "normalisation must be none or global_std": recipe.contract.normalisation not in ("none", "global_std"),
    }


def _faults_of_folds(recipe: Recipe) -> dict[str, bool]:
    validation = recipe.validation
    fewest = 3 if validation.inner_group else 2
    none_at_all = recipe.cv_groups == 0 and bool(validation.folds)
    return {
        f"cv_groups must be between {fewest} and the number of folds, or 0 where validation.folds gives the figures": (
            not none_at_all and not fewest <= recipe.cv_groups <= len(recipe.folds)
        ),
        "a teacher needs cv_groups of 3 or more: forests are grown without two groups": bool(
            recipe.distillation.teacher
        )
        and recipe.cv_groups < 3,
        "fold 10 is the test fold and must not be trained on": 10 in recipe.folds,
        "fold 10 is the test fold and must not be validated on": 10 in validation.folds,
        "validation.folds must not be trained on": bool({*validation.folds} & {*recipe.folds}),
        "validation has either folds or inner_group": bool(validation.folds) and validation.inner_group,
        "the schedule plateau needs validation": recipe.schedule == "plateau" and not validation.used,
        "validation.patience needs folds or inner_group": validation.patience > 0 and not validation.used,
    }
