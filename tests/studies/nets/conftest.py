"""What tests of studies of networks share: a small PTB-XL of synthetic records."""

import numpy as np
import pytest

from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

CODES = ("{'NORM': 100.0}", "{'LAFB': 100.0}", "{'LVH': 50.0}", "{'IMI': 100.0}")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    """Write 36 records of 36 patients in nine folds."""
    root = tmp_path_factory.mktemp("ptb-xl")
    rows = [PTBXL_HEAD]
    for index in range(36):
        name = str(index + 1)
        rows.append(f'{name},{index},50,0,,,"{CODES[index % 4]}",{index // 4 % 9 + 1},l/{name},h/{name}')
        record = generate("normal", seed=index)
        write_wfdb(root / "h", name, np.round(record.signal.T * 1000.0 * (1 + index % 4)).astype("<i2"))
    (root / "ptbxl_database.csv").write_text("\n".join([*rows, ""]))
    return PtbXl(root)
