import numpy as np
import pandas as pd
import pytest

from cardiov_core.evaluation.subgroups import subgroup_figures


def _table(n: int, *, worse_men: bool) -> pd.DataFrame:
    """Graded records of as many patients: women are graded rightly, men too or one level off."""
    labels = np.arange(n) % 4
    sexes = np.where(np.arange(n) // 4 % 2, "male", "female")
    off = (sexes == "male") & worse_men & (np.arange(n) % 8 < 6)
    levels = np.where(off, np.where(labels == 3, 2, labels + 1), labels)
    ages = np.where(np.arange(n) // 8 % 2, 70.0, 40.0)
    columns = dict(zip(("p0", "p1", "p2", "p3"), np.eye(4)[levels].T, strict=True))
    return pd.DataFrame({"label": labels, "level": levels, "sex": sexes, "age": ages, **columns})


def test_a_difference_by_sex_is_found_and_none_by_age() -> None:
    table = _table(160, worse_men=True)
    patients = np.arange(160).astype(str)
    found = subgroup_figures(table, patients, 200)
    assert found["subgroups"]["women"]["mae"] == 0.0
    men = found["subgroups"]["men"]
    assert men["mae"] == pytest.approx((np.abs(table["label"] - table["level"])[table["sex"] == "male"]).mean())
    assert men["n"] == sum(men["records_a_level"].values()) == 80
    low, high = men["intervals"]["mae"]
    assert low < men["mae"] < high
    by = {(entry["by"], entry["figure"]): entry for entry in found["subgroup_tests"]}
    assert by["sex", "mae"]["difference"] == pytest.approx(-men["mae"])
    assert by["sex", "mae"]["p_value"] == pytest.approx(2 / 201)
    assert by["sex", "mae"]["interval"][1] < 0
    assert by["age", "mae"]["p_value"] > 0.2
    assert "bootstrap" in by["sex", "mae"]["test"]


def test_no_difference_has_no_small_p() -> None:
    found = subgroup_figures(_table(80, worse_men=False), np.arange(80).astype(str), 50)
    assert {entry["p_value"] for entry in found["subgroup_tests"]} == {1.0}


def test_patients_are_drawn_whole() -> None:
    """Twenty copies of each patient's record add nothing: the p-value stays that of the patients."""
    table = _table(16, worse_men=True)
    copies = pd.concat([table] * 20, ignore_index=True)
    once = subgroup_figures(table, np.arange(16).astype(str), 100)["subgroup_tests"][0]
    often = subgroup_figures(copies, np.tile(np.arange(16), 20).astype(str), 100)["subgroup_tests"][0]
    assert once["difference"] == pytest.approx(often["difference"])
    assert often["p_value"] == pytest.approx(once["p_value"], abs=0.05)


def test_records_without_sex_or_age_belong_to_no_group() -> None:
    table = _table(16, worse_men=False).assign(sex=None, age=np.nan)
    assert subgroup_figures(table, np.arange(16).astype(str), 5) == {"subgroups": {}, "subgroup_tests": []}


def test_origins_are_parts_and_small_ones_stand_together() -> None:
    table = _table(160, worse_men=True).assign(
        device=["large"] * 100 + ["small"] * 30 + ["smaller"] * 30, validated_by_human=["True"] * 120 + ["False"] * 40
    )
    parts = subgroup_figures(table, np.arange(160).astype(str), 20)["subgroups"]
    assert {name: part["n"] for name, part in parts.items() if name not in ("women", "men")} == {
        "under 65 years": 80,
        "65 years and over": 80,
        "device large": 100,
        "other devices": 60,
        "validated by a human": 120,
        "not validated by a human": 40,
    }
    gaps = np.abs(table["label"] - table["level"])
    assert parts["device large"]["mae"] == pytest.approx(gaps[:100].mean())


def test_a_group_whose_probabilities_do_not_hold_shows_it_and_so_do_its_sets() -> None:
    table = _table(160, worse_men=True)
    table["set_held"] = np.where(table["sex"] == "male", table["level"] == table["label"], True)
    parts = subgroup_figures(table, np.arange(160).astype(str), 50)["subgroups"]
    women, men = parts["women"]["calibration"], parts["men"]["calibration"]
    # Women's levels are certain and right: what is stated comes true.
    assert (women["stated"], women["observed"], women["ece"]) == (pytest.approx(0.5), 0.5, pytest.approx(0.0))
    wrong_side = (table["level"] >= 2) != (table["label"] >= 2)
    assert men["ece"] == pytest.approx(wrong_side[table["sex"] == "male"].mean())
    assert men["ece_interval"][0] <= men["ece"] <= men["ece_interval"][1]
    assert parts["women"]["sets"]["held"] == parts["women"]["sets"]["n"] == 80
    assert parts["men"]["sets"]["held"] == int((table["level"] == table["label"])[table["sex"] == "male"].sum())


def test_without_sets_none_are_counted() -> None:
    part = subgroup_figures(_table(16, worse_men=False), np.arange(16).astype(str), 5)["subgroups"]["women"]
    assert "sets" not in part
    mixed = _table(16, worse_men=False).assign(set_held=[None] * 8 + [True] * 8)
    assert subgroup_figures(mixed, np.arange(16).astype(str), 5)["subgroups"]["women"]["sets"]["n"] == 4
