"""A store on SQLite and on a real PostgreSQL, cases without a network, and a way to damage neither."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    CaseReference,
    CaseSource,
    EcgRecord,
    Prediction,
    Quality,
    QualityVerdict,
    Role,
    Severity,
    Window,
)
from cardiov_core.review import Store

SHA = "a" * 64


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'review.db'}"
        return
    base = request.getfixturevalue("postgresql_url")
    name = f"review_{abs(hash(str(tmp_path)))}"
    admin = sa.create_engine(sa.make_url(base).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(base).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store with the readers Ada, Ben, Cyd and Dan, who may do everything."""
    opened = review.open_store(database_url)
    for name in ("Ada", "Ben", "Cyd", "Dan"):
        review.ensure_reader(opened, name)
        review.grant(opened, name, tuple(Role), "test", at_the_machine=True)
    yield opened
    opened.close()


def _prediction(
    level: int = 1, *, sha256: str = SHA, chosen: tuple[int, ...] | None = None, violation: float = 0.0
) -> Prediction:
    """A grade that says its level with 70 %."""
    shares = [0.1, 0.1, 0.1, 0.1]
    shares[level] = 0.7
    return Prediction(
        Severity(level),
        (shares[0], shares[1], shares[2], shares[3]),
        (0.9, 0.5, 0.1),
        violation,
        "cardiov",
        sha256,
        Window(0.0, 10.0),
        prediction_set=None if chosen is None else tuple(Severity(item) for item in chosen),
    )


@pytest.fixture(scope="session")
def prediction() -> Callable[..., Prediction]:
    """Make a grade: `prediction(2)`."""
    return _prediction


AddCase = Callable[..., str]


@pytest.fixture(scope="session")
def record() -> EcgRecord:
    """A synthetic ECG."""
    return generate("normal", seed=5, sampling_rate_hz=100, duration_s=10.0)


@pytest.fixture
def add(store: Store, record: EcgRecord) -> AddCase:
    """Add a case: `add("a", label=3, level=0)`."""

    def _add(
        name: str,
        *,
        label: int | None = 3,
        level: int | None = 1,
        by: str = "Ada",
        source: CaseSource = CaseSource.CASES,
        study: str = "review",
        **graded: object,
    ) -> str:
        return review.put_case(
            store,
            review.NewCase(
                replace(record, record_id=name),
                prediction=None if level is None else _prediction(level, **graded),  # type: ignore[arg-type]
                quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                label=None if label is None else Severity(label),
                reference=CaseReference("ptb-xl", name.removeprefix("r"), f"records500/{name}"),
                source=source,
                study=study,
            ),
            by,
        )[0]

    return _add
