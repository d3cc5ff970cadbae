"""The same made experiments on SQLite and on PostgreSQL, stored once for all tests of this process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.storage.database import make_engine
from tests.conftest import throwaway_database
from tests.core.queries.search.made_rows import Record, make_records, store


class Stores:
    """Sixty experiments as plain records, and sessions in which they are stored."""

    def __init__(self, records: list[Record], sqlite: Session, postgresql: Session) -> None:
        self.records, self.sqlite, self.postgresql = records, sqlite, postgresql


@pytest.fixture(scope="package")
def rows(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Session]:
    """The session on SQLite alone."""
    path = tmp_path_factory.mktemp("search") / "brinell.db"
    shutil.copyfile(sqlite_template, path)
    with stored_session(f"sqlite:///{path}", make_records(60)) as session:
        yield session


@pytest.fixture(scope="package")
def stores(rows: Session, postgres_template: str) -> Iterator[Stores]:
    """Both sessions."""
    records = make_records(60)
    with (
        throwaway_database(postgres_template) as url,
        stored_session(url, records) as postgresql,
    ):
        yield Stores(records, rows, postgresql)


@contextmanager
def stored_session(url: str, records: list[Record]) -> Iterator[Session]:
    """Give a session in which the records are stored, not committed."""
    engine = make_engine(url)
    with Session(engine) as session:
        store(session, records)
        yield session
    engine.dispose()
