"""``python -m cardiov_core`` is ``cardiov``."""

from cardiov_core.cli import main

if __name__ == "__main__":
    main(prog_name="cardiov")
