"""Recipes as files: TOML in, checked recipes out."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import get_args

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import ConfigurationError
from cardiov_core.training.recipes.blend import BlendRecipe, blend_recipe_from
from cardiov_core.training.recipes.boosting import BoostingRecipe, boosting_recipe_from
from cardiov_core.training.recipes.checks import refuse, refuse_unknown, typed
from cardiov_core.training.recipes.forest import ForestRecipe, forest_recipe_from
from cardiov_core.training.recipes.network import CRITICAL_VALUE, OBJECTIVE_OF, Objective, Recipe

_RECIPES = Path(__file__).parent


def list_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with CardioV."""
    return tuple(sorted(path.stem for path in _RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str | Path) -> Recipe | ForestRecipe | BoostingRecipe | BlendRecipe:
    """Load a recipe by name or from a TOML file.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        One of `list_recipes`, or the path of a file of the same form.

    Returns
    -------
    Recipe, ForestRecipe, BoostingRecipe or BlendRecipe
        Of a network, or of what the file has a section for: ``forest``, ``boosting`` or ``blend``; checked as far as it
        can be without data.

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
    if "boosting" in table:
        return boosting_recipe_from(table, path.name)
    return blend_recipe_from(table, path.name) if "blend" in table else _recipe_from(table, path.name)


def _recipe_from(table: Mapping[str, object], shown_as: str) -> Recipe:
    refuse_unknown(table, {item.name for item in fields(Recipe)} - {"contract", "max_epochs"} | {"input"}, shown_as)
    given = {key: value for key, value in table.items() if key != "input"}
    defaults: dict[str, object] = {"augmentation": {}, "net_arguments": {}}
    contract = None
    section = table.get("input")
    if isinstance(section, dict):
        named = section.get("leads", STANDARD_LEADS)
        # No grader's recipe may name other leads: records of fewer are graded by nobody.
        leads = STANDARD_LEADS if table.get("task", CRITICAL_VALUE) == CRITICAL_VALUE else tuple(named)
        contract = {**section, "leads": leads}
    stages = _stages(table, shown_as)
    recipe = typed(Recipe, defaults | given | stages | {"contract": contract}, shown_as)
    refuse(_faults_of_fields(recipe) | _faults_of_folds(recipe), shown_as)
    return recipe


def _stages(table: Mapping[str, object], shown_as: str) -> dict[str, object]:
    """Return the stages, where a file has some, with the objective 'output' as that of the recipe's output."""
    output, stages = table.get("output", "ordinal"), table.get("stages")
    objective = next((own for name, own in OBJECTIVE_OF.items() if name == output), None)
    refuse({f"there is no output {output!r}": objective is None}, shown_as)
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        return {}
    own = {"objective": objective}
    whole = [stage | own if stage.get("objective") == "output" else stage for stage in stages]
    named = [*get_args(Objective), "output"]
    unknown = any(stage.get("objective") not in named for stage in whole)
    refuse({f"an objective must be one of {', '.join(named)}": unknown}, shown_as)
    return {"stages": whole}


def _faults_of_fields(recipe: Recipe) -> dict[str, bool]:
    wanted = OBJECTIVE_OF.get(recipe.output) if recipe.task == CRITICAL_VALUE else "task"
    taught, before = recipe.distillation, recipe.pretraining
    changed = recipe.augmentation
    shares = (taught.share, taught.hearts_until, changed.lead_scale_share, changed.mixup_share, recipe.undersampling)
    return {
        f"stages must end with the output's own objective, {wanted}: a stage of {recipe.output} outputs": (
            not recipe.stages or recipe.stages[-1].objective != wanted
        ),
        "epochs must be at least 1": any(stage.epochs < 1 for stage in recipe.stages),
        "batch_size must be at least 2": recipe.batch_size < 2,
        "plateau.factor must lie between 0 and 1": not 0 < recipe.plateau.factor < 1,
        "shares must lie within 0 and 1": any(not 0 <= share <= 1 for share in shares),
        "auxiliary.weight must not be negative": recipe.auxiliary.weight < 0,
        "distillation.share needs distillation.teacher": taught.share > 0 and not taught.teacher,
        "distillation.hearts_a_batch needs pretraining.hearts and distillation.teacher": taught.hearts_a_batch != 0
        and not (taught.hearts_a_batch > 0 and before.hearts and taught.teacher),
        "pretraining has either hearts or a start": before.hearts > 0 and bool(before.start),
        "pretraining knows no weight_normalisation": before.epochs > 0 and recipe.weight_normalisation,
        "pretraining.epochs needs as many hearts as a batch": before.epochs > 0 and before.hearts < recipe.batch_size,
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
        "validation.every must be at least 1": validation.every < 1,
        "validation.by score needs a task of the challenges": validation.by == "score"
        and not recipe.task.startswith("cinc"),
        "validation.patience needs folds or inner_group": validation.patience > 0 and not validation.used,
    }
