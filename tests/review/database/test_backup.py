"""Back-up and restore on SQLite and PostgreSQL, from one to the other, and from the first schema."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from cardiov_core import review
from cardiov_core.cli import main
from cardiov_core.domain import Severity
from cardiov_core.errors import ExchangeError, ReviewError, StoreUnavailableError
from cardiov_core.review import Store
from cardiov_core.review.database.schema import metadata


def _rows(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.fixture
def filled(store: Store, add: Callable[..., str]) -> Store:
    """Three cases, one of them read."""
    for name in ("a", "b", "c"):
        add(name)
    case = review.blind_queue(store, "Ben")
    assert case is not None
    review.commit_read(store, case.id, "Ben", Severity(2), 3)
    return store


def test_what_comes_back_is_what_was_there(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "saved.db"
    n_rows = review.back_up(filled, file)
    before = _rows(filled)
    assert n_rows == sum(map(len, before.values()))
    assert sorted(path.name for path in tmp_path.glob("saved*")) == ["saved.db"]
    with closing(review.open_store(f"sqlite:///{tmp_path / 'new.db'}")) as new:
        assert review.restore(new, file) == n_rows
        assert _rows(new) == before
        # The next read and event get numbers of their own.
        case = review.blind_queue(new, "Cyd")
        assert case is not None
        review.commit_read(new, case.id, "Cyd", Severity(1), 2)
        assert len(_rows(new)["reads"]) == len(before["reads"]) + 1
    assert sorted(path.name for path in tmp_path.glob("saved*")) == ["saved.db"]


def test_a_back_up_moves_a_review_to_another_database(database_url: str, tmp_path: Path) -> None:
    with closing(review.open_store(f"sqlite:///{tmp_path / 'old.db'}")) as old:
        review.ensure_reader(old, "Ada")
        review.back_up(old, tmp_path / "saved.db")
        before = _rows(old)
    with closing(review.open_store(f"{database_url}{'2' if database_url.startswith('sqlite') else ''}")) as new:
        review.restore(new, tmp_path / "saved.db")
        assert _rows(new) == before
        review.ensure_reader(new, "Ben")
        assert len(_rows(new)["events"]) > len(before["events"])


def test_nothing_is_written_over(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "saved.db"
    review.back_up(filled, file)
    content = file.read_bytes()
    with pytest.raises(ExchangeError, match="is there already"):
        review.back_up(filled, file)
    with pytest.raises(ExchangeError, match=r"not empty: there are rows in .*readers"):
        review.restore(filled, file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_that_is_no_back_up_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "saved.db"
    file.write_bytes(content)
    with closing(review.open_store(f"sqlite:///{tmp_path / 'new.db'}")) as new:
        with pytest.raises((ReviewError, StoreUnavailableError)):
            review.restore(new, file)
        assert not any(_rows(new).values())
        with pytest.raises(ExchangeError, match="There is no file"):
            review.restore(new, tmp_path / "other.db")
    assert file.read_bytes() == content


def test_a_back_up_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    import cardiov_core.review.database.store as store_module

    file = tmp_path / "first.db"
    config = Config()
    config.set_main_option("script_location", str(Path(store_module.__file__).parent / "migrations"))
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.text("INSERT INTO readers (name, created_at) VALUES ('Ada', '2025-01-01 00:00:00')"))
    engine.dispose()
    content = file.read_bytes()
    with closing(review.open_store(f"sqlite:///{tmp_path / 'new.db'}")) as new:
        review.restore(new, file)
        assert [reader.name for reader in review.list_readers(new)] == ["Ada"]
    assert file.read_bytes() == content


def test_the_commands_do_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "old.db"))
    runner = CliRunner()
    with closing(review.open_store()) as store:
        review.ensure_reader(store, "Ada")
    saved = runner.invoke(main, ["review", "back-up", str(tmp_path / "saved.db")])
    assert saved.exit_code == 0, saved.output
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "new.db"))
    restored = runner.invoke(main, ["review", "restore", str(tmp_path / "saved.db")])
    assert restored.exit_code == 0, restored.output
    with sqlite3.connect(tmp_path / "new.db") as connection:
        assert connection.execute("SELECT name FROM readers").fetchall() == [("Ada",)]
