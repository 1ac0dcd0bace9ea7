"""Cut files of carts end as a CardioVError, and leave nothing behind. (Mutants of them: tests/fuzz.)"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_record
from tests.io.carts import cart_files as make
from tests.io.carts.scp.test_parse import healforce
from tests.io.carts.test_contec import EIGHT, contec
from tests.io.carts.xml.test_schiller import document, wave


def counts_of(record: EcgRecord, leads: Sequence[str]) -> np.ndarray:
    """Counts of 1 uV of some leads."""
    return np.stack([make.counts(record, lead, 1.0) for lead in leads])


FORMATS: dict[str, Callable[[EcgRecord], bytes]] = {
    "dicom": make.dicom,
    "dicom-two-groups": lambda r: make.dicom(r, [make.dicom_group(r, r.leads[:6]), make.dicom_group(r, r.leads[6:])]),
    "aecg": make.aecg,
    "muse": make.muse,
    "sierra": make.sierra,
    "mortara": make.mortara,
    "scp": make.scp,
    "scp-huffman": lambda r: make.scp(r, compressed=True),
    "edf": make.edf,
    "ishne": make.ishne,
    "mfer": make.mfer,
    "schiller": lambda r: document(wave(counts_of(r, r.leads))).encode(),
    "contec": lambda r: contec(counts_of(r, EIGHT) // 5),
    "healforce": lambda r: healforce(counts_of(r, ("I", "II", "III")).clip(-5000, 5000) // 10),
}
# Formats that state how long they are; ISHNE's writers disagree on what they state.
TRUNCATION_SHOWS = sorted(set(FORMATS) - {"ishne"})


@pytest.fixture(scope="module")
def seeds() -> dict[str, bytes]:
    """A short file of each format."""
    record = generate("normal", seed=3, sampling_rate_hz=100, duration_s=4)
    record = replace(record, age=61.0, sex="female", recorded_at=datetime(2019, 5, 4, 10, 20, 30), patient_id="P")
    return {name: maker(record) for name, maker in FORMATS.items()}


@pytest.mark.parametrize("name", TRUNCATION_SHOWS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_an_error(tmp_path, seeds, name, share):
    content = seeds[name]
    (tmp_path / "ecg.bin").write_bytes(content[: int(share * len(content))])
    with pytest.raises(CardioVError):
        read_record(tmp_path / "ecg.bin", units="uV")


def test_nothing_stays_in_the_temporary_folder(tmp_path, seeds, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    for name in ("dicom", "muse"):
        (tmp_path / name).write_bytes(seeds[name])
        read_record(tmp_path / name)
        (tmp_path / name).write_bytes(seeds[name][:3000])
        with pytest.raises(CardioVError):
            read_record(tmp_path / name)
    assert list(scratch.iterdir()) == []
