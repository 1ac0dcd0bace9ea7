"""What the check of recognition counts: changes that leave a mark alone, twins, and others taken for one."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.varied import varied_record
from cardiov_core.errors import DatasetError
from cardiov_core.io import write_record
from cardiov_core.studies.graders import recognition
from cardiov_core.studies.graders.recognition import check_recognition

HEAD = "ecg_id,patient_id,age,sex,device,site,recording_date,scp_codes,strat_fold,filename_lr,filename_hr\n"
TWIN = 4


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    """Three recordings and, under the number 4, the first one again."""
    root = tmp_path_factory.mktemp("ptb-xl")
    rows = []
    for number, seed in ((1, 1), (2, 2), (3, 3), (TWIN, 1)):
        name = f"{number:05d}_hr"
        write_record(varied_record(seed), root / "records500", "wfdb", name=name)
        rows.append(f"{number},{number},50,1,A,0,,\"{{'NORM': 100.0}}\",1,records100/{name},records500/{name}\n")
    (root / "ptbxl_database.csv").write_text(HEAD + "".join(rows))
    return PtbXl(root)


def test_changed_records_are_known_and_twins_are_told_apart_from_mistakes(tree: PtbXl) -> None:
    check = check_recognition(tree, (1,))
    assert check.n_records == 4
    assert check.twins == ((1, TWIN),)
    assert check.mistaken == ()
    assert check.nearest_bits > check.limit_bits
    rounded = next(row for row in check.changes if row.name == "rounded to 2.5 uV")
    assert (rounded.n, rounded.n_known) == (4, 4)


def test_a_limit_that_is_too_wide_is_seen(tree: PtbXl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "SAME_MARK", 256)
    assert set(check_recognition(tree, (1,)).mistaken) == {(1, 2), (1, 3), (2, 3), (2, TWIN), (3, TWIN)}


def test_fewer_than_two_records_are_refused(tree: PtbXl) -> None:
    with pytest.raises(DatasetError, match="two are needed"):
        check_recognition(tree, (2,))


def test_the_command_prints_both(tree: PtbXl, tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["recognition-check", str(tree.root), "--every", "2"])
    assert ended.exit_code == 0, ended.output
    assert "| computed limb leads | 2 | 2 |" in ended.output
    assert "The same recording twice: 1 and 4." in ended.output
    assert "Others taken for one: 0" in ended.output
