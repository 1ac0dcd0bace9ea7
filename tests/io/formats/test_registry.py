"""The formats: one row each, none twice, and every part of the house reads the same rows."""

import dataclasses

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import collect, read_record, read_uploads
from cardiov_core.io.formats import registry
from cardiov_core.io.formats.registry import FORMATS, Format, format_of, titles
from tests.io.carts import cart_files as make

MADE = {
    "DICOM": make.dicom, "HL7 aECG": make.aecg, "MUSE": make.muse, "Sierra": make.sierra, "Mortara": make.mortara,
    "SCP-ECG": make.scp, "EDF": make.edf, "ISHNE": make.ishne, "MFER": make.mfer,
}  # fmt: skip


@pytest.fixture(scope="module")
def record():
    """A synthetic ECG."""
    return dataclasses.replace(generate("normal", seed=3, sampling_rate_hz=500, duration_s=10), age=61.0, sex="male")


@pytest.mark.parametrize("title", MADE)
def test_two_rows_never_claim_the_same_bytes(tmp_path, record, title):
    path = tmp_path / "a.bin"
    path.write_bytes(MADE[title](record))
    head = path.read_bytes()[: registry.HEAD_BYTES]
    assert format_of(path, head) in [row for row in FORMATS if row.title == title]
    # The last row asks the library of the carts' formats, which knows most of them.
    claimed = [row.title for row in FORMATS[:-1] if row.recognises(path, head)]
    assert claimed == [title]


def test_titles_name_every_listed_format_once():
    listed = [row.title for row in FORMATS if row.title]
    assert len(set(listed)) == len(listed)
    assert titles().startswith("DICOM, HL7 aECG, MUSE")
    assert titles().endswith("or a .zip of records")


def test_a_row_is_all_that_a_new_format_takes(tmp_path, monkeypatch, ecg_mv):
    """Reader, folder walk, uploads and hints follow the row."""
    from cardiov_core.io.assembly import Channels, sha256_of

    def reads(path, content, options):
        return Channels(
            path=path, format="Toy", signal_mv=np.frombuffer(content[4:], "<f4").reshape(2, -1).astype(float),
            names=("I", "II"), sampling_rate=500, files=(path.name,), sha256=sha256_of(content),
        )  # fmt: skip

    toy = Format("Toy", lambda _, head: head[:4] == b"\x00TOY", reads)
    monkeypatch.setattr(registry, "FORMATS", (toy, *FORMATS))
    content = b"\x00TOY" + ecg_mv[:2].astype("<f4").tobytes()
    (tmp_path / "a.toy").write_bytes(content)
    assert read_record(tmp_path / "a.toy").provenance.format == "Toy"
    with collect([tmp_path]) as found:
        assert [source.path.name for source in found.sources] == ["a.toy"]
    (upload,) = read_uploads([("a.toy", content)])
    assert upload.record is not None
    assert titles().startswith("Toy, DICOM")
