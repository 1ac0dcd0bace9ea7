"""The check of the quality gate: faults that are what they say, counts worked out by hand, and the printed tables."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, LeadQuality, Quality, QualityVerdict, Reason, ReasonCode
from cardiov_core.errors import DatasetError
from cardiov_core.studies.signals import quality as check
from cardiov_core.studies.signals.faults import FAULTS, Fault, random_of

BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return generate("normal", seed=3, sampling_rate_hz=500, duration_s=10.0)


def put(fault: Fault, record: EcgRecord) -> tuple[EcgRecord, tuple[str, ...]]:
    return fault.put(record, random_of(record, fault))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_its_leads_and_no_others_and_is_the_same_each_time(fault: Fault, record: EcgRecord) -> None:
    before = record.signal.copy()
    faulty, leads = put(fault, record)
    assert np.array_equal(record.signal, before)
    changed = {
        lead for lead in record.leads if not np.array_equal(faulty.lead(lead), record.lead(lead), equal_nan=True)
    }
    assert changed == set(leads)
    again, _ = put(fault, record)
    assert np.array_equal(again.signal, faulty.signal, equal_nan=True)


def test_swapped_arms_obey_einthoven_and_are_their_own_inverse(record: EcgRecord) -> None:
    for name in ("arms swapped", "right arm and left leg swapped"):
        swapped, _ = put(BY_NAME[name], record)
        np.testing.assert_allclose(
            swapped.lead("III") - swapped.lead("II") + swapped.lead("I"),
            0.0,
            atol=2 * float(np.abs(record.lead("III") - record.lead("II") + record.lead("I")).max()) + 1e-6,
        )
        twice, _ = put(BY_NAME[name], swapped)
        np.testing.assert_array_equal(twice.signal, record.signal)
    arms, _ = put(BY_NAME["arms swapped"], record)
    np.testing.assert_array_equal(arms.lead("I"), -record.lead("I"))
    np.testing.assert_array_equal(arms.lead("aVR"), record.lead("aVL"))
    np.testing.assert_array_equal(arms.lead("aVF"), record.lead("aVF"))


def test_added_noise_has_the_stated_size(record: EcgRecord) -> None:
    muscle, _ = put(BY_NAME["muscle noise of 0.025 mV (20-120 Hz)"], record)
    np.testing.assert_allclose((muscle.signal - record.signal).std(axis=1), 0.025, rtol=1e-3)
    hum, _ = put(BY_NAME["hum of 0.05 mV at 50 Hz"], record)
    np.testing.assert_allclose(np.ptp(hum.signal - record.signal, axis=1), 0.05, rtol=0.02)
    drift, (lead,) = put(BY_NAME["drift of 1 mV at 0.25 Hz in a lead"], record)
    assert np.ptp(drift.lead(lead) - record.lead(lead)) == pytest.approx(1.0, rel=0.01)


def judged(
    name: str, *, notes: tuple[str, ...] = (), fold: int = 6, drift_mv: float = 0.1, limited: bool = False
) -> check.JudgedRecord:
    made = generate("normal", seed=1, sampling_rate_hz=100, duration_s=2.0)
    verdict = QualityVerdict.LIMITED if limited else QualityVerdict.ACCEPTABLE
    reasons = (Reason(ReasonCode.DRIFT, "V1 drifts by 1.2 mV.", ("V1",)),) if limited else ()
    leads = (LeadQuality("V1", verdict, reasons, {"drift_mv": drift_mv}),)
    object.__setattr__(made, "record_id", name)
    return check.JudgedRecord(made, Quality(verdict, leads, reasons), "PTB-XL", fold, notes, paced=False)


def test_notes_are_counted_as_by_hand() -> None:
    noted = ("baseline_drift",)
    records = [
        judged("1", notes=noted, drift_mv=0.9, limited=True),
        judged("2", notes=noted, drift_mv=0.3),
        judged("3", drift_mv=0.2),
        judged("4", drift_mv=0.4, limited=True),
        judged("5", drift_mv=0.1, fold=2),
        judged("6", drift_mv=0.1, fold=3, notes=("static_noise",)),
    ]
    rows = {(row.note, row.group): row for row in check._note_rows(records)}
    drift = rows["baseline_drift", "all folds"]
    assert (drift.n_noted, drift.n_other) == (2, 4)
    # 0.9 is above all four others, 0.3 above three of them.
    assert drift.auc == pytest.approx(7 / 8)
    assert drift.sensitivity == pytest.approx(1 / 2)
    assert drift.specificity == pytest.approx(2 / 3)
    other = rows["baseline_drift", "other folds"]
    assert (other.n_noted, other.n_other) == (2, 2)
    assert other.auc == pytest.approx(3 / 4)
    assert other.specificity == pytest.approx(1 / 2)
    assert rows["any", "all folds"].n_noted == 3
    assert rows["burst_noise", "all folds"].auc is None
    assert rows["burst_noise", "all folds"].sensitivity is None


def test_verdicts_are_counted_by_group_and_reason() -> None:
    records = [judged("1", limited=True), judged("2"), judged("3", fold=1), judged("4", notes=("burst_noise",))]
    rows = {row.group: row for row in check._verdict_rows(records, ["PTB-XL"])}
    assert (rows["PTB-XL"].n, rows["PTB-XL"].acceptable, rows["PTB-XL"].limited) == (4, 3, 1)
    assert rows["PTB-XL"].reasons == {"drift": 1}
    assert rows["PTB-XL, noted as free of noise"].n == 3
    assert rows["  of these, folds 1-5 (limits chosen)"].n == 1
    assert rows["PTB-XL, a disturbance noted"].limited == 0


@pytest.fixture
def small_ptbxl(data_folder: Path, tmp_path: Path) -> Path:
    """Four records of PTB-XL with their rows: one noted as drifting, one paced, one of a fold used for limits."""
    source = data_folder / "ptb-xl-subset"
    with (source / "ptbxl_database.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_id = {int(row["ecg_id"]): row for row in rows}
    drifting = next(i for i, row in by_id.items() if row["baseline_drift"] and int(row["strat_fold"]) > 5)
    free = next(
        i
        for i, row in by_id.items()
        if int(row["strat_fold"]) > 5 and not any(row[name] for name in check.NOTES) and "PACE" not in row["scp_codes"]
    )
    kept = [by_id[i] for i in sorted({drifting, free, 143, 1})]
    with (tmp_path / "ptbxl_database.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
    for row in kept:
        for suffix in (".hea", ".dat"):
            target = tmp_path / f"{row['filename_hr']}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((source / f"{row['filename_hr']}{suffix}").read_bytes())
    return tmp_path


@pytest.mark.dataset
def test_the_command_prints_tables_and_json(small_ptbxl: Path) -> None:
    done = CliRunner().invoke(main, ["quality-check", str(small_ptbxl), "--records", "1"])
    assert done.exit_code == 0, done.output
    for head in ("VERDICTS", "NOTE OF PTB-XL", "FAULT PUT IN", "PACEMAKER SPIKES"):
        assert head in done.output
    done = CliRunner().invoke(main, ["quality-check", str(small_ptbxl), "--records", "1", "--json"])
    tables = json.loads(done.output)
    assert tables["verdicts"][0]["n"] == 4
    assert tables["verdicts"][0]["not_analysable"] == 0
    assert tables["pacing"] == [
        {"source": "PTB-XL", "n_paced": 1, "found": 1, "n_other": 3, "false_alarms": [], "missed": []}
    ]
    found = {row["fault"]: row["sensitivity"] for row in tables["faults"]}
    assert found["dead lead"] == found["hum of 0.05 mV at 50 Hz"] == found["III upside down"] == 1.0
    assert len(found) == len(FAULTS)


@pytest.mark.dataset
def test_a_table_without_notes_is_refused(small_ptbxl: Path) -> None:
    table = small_ptbxl / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("burst_noise", "other", 1))
    with pytest.raises(DatasetError, match="burst_noise"):
        check.check_quality([small_ptbxl])


def test_no_folder_is_refused() -> None:
    with pytest.raises(DatasetError, match="no record"):
        check.check_quality([])
