"""Throw damaged files at every reader: `python tests/fuzz [--executions N] [--seed S] [--out FOLDER]`.

Each execution must end as a record or a CardioVError within 5 s of processor time and 500 MB. Seeds are a generated
file of every format, and the real ones of CARDIOV_DATA where it is there. Prints tried, survived and lost; ends with 1
where something was lost.
"""

import argparse
import os
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Some packages install a `tests` of their own, which would be found first.
_tests = types.ModuleType("tests")
_tests.__path__ = [str(ROOT / "tests")]
sys.modules["tests"] = _tests
sys.path.insert(0, str(ROOT))

from tests.fuzz import campaign, seeds  # noqa: E402


def main() -> int:
    """Run a campaign and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"))
    parser.add_argument("--no-real", action="store_true", help="seeds are generated files alone")
    options = parser.parse_args()
    data = Path(os.environ.get("CARDIOV_DATA") or ROOT.parent / "shared" / "data")
    drops = (*seeds.generated(), *(() if options.no_real else seeds.real(data)))
    tally = campaign.run(drops, options.executions, options.seed, options.out)
    print(f"seeds     {len(drops)} drops of files")
    print(f"tried     {tally.executions} executions in {tally.seconds:.0f} s")
    print(f"survived  {tally.executions - tally.lost}: {tally.records} records, {tally.refusals} errors in words")
    print(f"lost      {tally.lost}")
    print(f"the most of one execution: {tally.longest_cpu_s:.2f} s of processor time, {tally.peak_mb:.0f} MB")
    print(
        f"{tally.n_lines} lines of readers and decoders ran; {tally.n_kept} mutants that ran new ones were mutated on"
    )
    for kind, count in sorted(tally.faults.items()):
        print(f"  {count}x  {kind}")
    return 1 if tally.lost else 0


sys.exit(main())
