"""What tests of studies of networks share: a small PTB-XL of synthetic records."""

import numpy as np
import pytest

from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate

CODES = ("{'NORM': 100.0}", "{'LAFB': 100.0}", "{'LVH': 50.0}", "{'IMI': 100.0}")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    """Write 36 records of 36 patients in nine folds."""
    root = tmp_path_factory.mktemp("ptb-xl")
    rows = ["ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_lr,filename_hr"]
    (root / "h").mkdir()
    for index in range(36):
        name = str(index + 1)
        rows.append(f'{name},{index},50,0,,,"{CODES[index % 4]}",{index // 4 % 9 + 1},l/{name},h/{name}')
        record = generate("normal", seed=index)
        samples = np.round(record.signal.T * 1000.0 * (1 + index % 4)).astype("<i2")
        samples.tofile(root / "h" / f"{name}.dat")
        lines = [f"{name} 12 500 {len(samples)}"]
        for column, lead in enumerate(record.leads):
            checksum = int(samples[:, column].sum(dtype=np.int64)) % 65536
            lines.append(f"{name}.dat 16 1000(0)/mV 16 0 {samples[0, column]} {checksum} 0 {lead}")
        (root / "h" / f"{name}.hea").write_text("\n".join(lines) + "\n")
    (root / "ptbxl_database.csv").write_text("\n".join([*rows, ""]))
    return PtbXl(root)
