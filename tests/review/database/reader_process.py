"""A reader in a process of its own: `reader_process.py URL READER CASE_ID[,CASE_ID...] [MODE]`.

Says 'ready', waits for a line, then commits its reads and says each read's id. In the mode `hang` it says 'within' in
the middle of the first save, and waits there to be killed; in the mode `open` it only opens the store.
"""

import sys
import time

url, reader, case_ids, mode = [*sys.argv[1:], ""][:4]

if mode == "open":
    from cardiov_core import review

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    review.open_store(url).close()
    sys.exit(0)

from cardiov_core import review  # noqa: E402
from cardiov_core.domain import Severity  # noqa: E402
from cardiov_core.review.reading import read as reading  # noqa: E402


def _hang(*_: object) -> None:
    sys.stdout.write("within\n")
    sys.stdout.flush()
    time.sleep(60)


if mode == "hang":
    reading.recount = _hang  # type: ignore[assignment]
store = review.open_store(url)
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.readline()
for case_id in case_ids.split(","):
    read = review.commit_read(store, case_id, reader, Severity.LOW_RISK, 2, ["a reason"], f"by {reader}")
    sys.stdout.write(f"{read.id}\n")
    sys.stdout.flush()
store.close()
