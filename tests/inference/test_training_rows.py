"""Records that trained a grader are known again, also those that PTB-XL publishes twice."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Severity
from cardiov_core.domain.reasons import texts
from cardiov_core.inference import Grader, analyze, load_predictor
from cardiov_core.nets import build_net
from cardiov_core.weights import save


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return generate("normal", seed=1)


def _grader(card: dict[str, Any], folder: Path, rows: list[dict[str, Any]]) -> Grader:
    torch.manual_seed(0)
    net = build_net("cardiov-compact", **card["architecture"]["kwargs"])
    return load_predictor(save(net, card, folder, out_of_fold=pd.DataFrame(rows)))


def _row(ecg_id: int, patient: str, level: int, fingerprint: str) -> dict[str, Any]:
    p = [0.0] * 4
    p[level] = 1.0
    e = {f"e{index}": float(level > index) for index in range(3)}
    names = {"ecg_id": ecg_id, "patient_id": patient, "fold": 1, "label": 0}
    return {
        **names,
        **{f"p{i}": share for i, share in enumerate(p)},
        **e,
        "fingerprint_500": fingerprint,
        "fingerprint_100": f"{ecg_id:016x}",
    }


def test_samples_of_two_patients_are_both_told_and_the_graver_one_is_shown(
    tiny_card: dict[str, Any], tmp_path: Path, record: EcgRecord
) -> None:
    same = record.fingerprint
    for order in ((145, 463), (463, 145)):
        rows = [_row(number, str(number), 2 if number == 145 else 0, same) for number in order]
        grader = _grader(tiny_card, tmp_path, rows)
        assert [row.ecg_id for row in grader.training_rows(record)] == list(order)
        found = grader.out_of_fold_prediction(record)
        assert found is not None
        assert found.severity is Severity.MEDIUM_RISK
        assert "145" in texts(found.notes)[0]
        assert "463" in texts(found.notes)[0]
        assert texts(found.notes)[0] in texts(analyze(record, grader).warnings)


def test_the_same_recording_twice_of_one_patient_is_no_riddle(
    tiny_card: dict[str, Any], tmp_path: Path, record: EcgRecord
) -> None:
    same = record.fingerprint
    grader = _grader(tiny_card, tmp_path, [_row(137, "8727", 1, same), _row(138, "8727", 1, same)])
    found = grader.out_of_fold_prediction(record)
    assert found is not None
    assert found.out_of_fold
    assert texts(found.notes) == ()
    assert {row.patient_id for row in grader.training_rows(record)} == {"8727"}


def test_another_record_trained_nothing(tiny_card: dict[str, Any], tmp_path: Path, record: EcgRecord) -> None:
    grader = _grader(tiny_card, tmp_path, [_row(1, "1", 1, record.fingerprint)])
    assert grader.training_rows(generate("normal", seed=2)) == ()
    assert grader.out_of_fold_prediction(generate("normal", seed=2)) is None
