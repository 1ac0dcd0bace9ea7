"""Time from an upload to the first result on a warm server, as the page's own script runs it.

The page runs under Streamlit's AppTest in this process, so what the browser adds (transfer and drawing) is not in the
figure. The first upload warms the caches (grader, imports) and does not count. Exits with 1 where the median is over
the limit.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import wfdb
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets import generate
from cardiov_core.domain import EcgRecord

LIMIT_S = 1.5
N_UPLOADS = 7
APP = Path(__file__).resolve().parents[1] / "app.py"


def wfdb_files(record: EcgRecord, name: str) -> dict[str, bytes]:
    """Return header and signal file of a record, as a browser would send them."""
    with tempfile.TemporaryDirectory() as folder:
        wfdb.wrsamp(
            name,
            fs=record.sampling_rate,
            units=["mV"] * len(record.leads),
            sig_name=list(record.leads),
            p_signal=record.signal.T.astype(np.float64),
            fmt=["16"] * len(record.leads),
            adc_gain=[1000.0] * len(record.leads),
            baseline=[0] * len(record.leads),
            write_dir=folder,
        )
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def time_upload(seed: int) -> float:
    """Return the seconds that the page needs from the upload to the level and the traces."""
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    zone = app.file_uploader[0]
    for name, content in wfdb_files(generate("normal", seed=seed), f"bench{seed}").items():
        zone.upload(name, content)
    start = time.perf_counter()
    app.run()
    elapsed = time.perf_counter() - start
    if app.exception or app.error or not app.get("plotly_chart"):
        sys.exit("The page shows no traces: run cardiov doctor, then make test.")
    return elapsed


def main() -> None:
    """Print the times and compare their median with the limit."""
    cold, *warm = (time_upload(seed) for seed in range(N_UPLOADS + 1))
    median = statistics.median(warm)
    print(f"first upload after a start   {cold:.2f} s")
    print(f"warm server, median of {N_UPLOADS}     {median:.2f} s ({min(warm):.2f} to {max(warm):.2f})")
    print(f"limit                        {LIMIT_S:.2f} s, used to {100 * median / LIMIT_S:.0f} %")
    sys.exit(median > LIMIT_S)


if __name__ == "__main__":
    main()
