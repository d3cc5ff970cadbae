"""All revisions walked up and down with rows in every table; what must be the same is compared."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise

from sqlalchemy import Engine, inspect
from sqlalchemy import text as sql

from core.storage import migrations
from core.storage.database import get_engine
from tests.core.storage.checksums import Checksums, checksums, common
from tests.core.storage.dying import survives_statements
from tests.core.storage.filling import fill, multiply, schema_of

OnStep = Callable[[str, float, int], None]  # what was done, how many seconds, how many columns were equal


def walk(on_step: OnStep, signals: int = 0) -> None:
    """Take every step between neighbouring revisions up, down and up again, and the first from nothing."""
    revisions = migrations.list_revisions()
    if len(revisions) == 1:
        migrations.upgrade(revisions[0])
    for older, newer in pairwise(revisions):
        migrations.upgrade(older)
        fill(get_engine())
        if signals:
            multiply(get_engine(), "signals", signals)
        _walk_step(older, newer, on_step)
        migrations.downgrade("base")
    with _timed(on_step, "base to head", 0):
        migrations.upgrade()
    fill(get_engine())
    if signals:
        multiply(get_engine(), "signals", signals)
    with _timed(on_step, "head to base, with all rows", 0):
        migrations.downgrade("base")
    assert inspect(get_engine()).get_table_names() == [migrations.VERSION_TABLE]


def _walk_step(older: str, newer: str, on_step: OnStep) -> None:
    engine = get_engine()
    schema, before, ids = schema_of(engine), checksums(engine), last_ids(engine)
    fresh = _go(f"{older} up to {newer}", lambda: migrations.upgrade(newer), before, on_step)
    assert ids.items() <= last_ids(engine).items()
    fill(engine, known=schema)
    filled = checksums(engine)
    after = _go(f"{newer} down to {older}", lambda: migrations.downgrade(older), filled, on_step)
    assert after == before
    assert last_ids(engine) == ids
    # What was lost on the way down is back as a fresh upgrade would have it.
    again = _go(f"{older} up to {newer} again", lambda: migrations.upgrade(newer), after, on_step)
    assert again == fresh


def _go(what: str, act: Callable[[], None], before: Checksums, on_step: OnStep) -> Checksums:
    started = time.monotonic()
    act()
    took_s = time.monotonic() - started
    after = checksums(get_engine())
    one, other = common(before, after)
    assert {name for name in one if one[name] != other[name]} == set(), what
    check_whole(get_engine())
    on_step(what, took_s, len(one))
    return after


@contextmanager
def _timed(on_step: OnStep, what: str, columns: int) -> Iterator[None]:
    started = time.monotonic()
    yield
    on_step(what, time.monotonic() - started, columns)


def check_whole(engine: Engine) -> None:
    """Assert what each database can say of its own wholeness."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        else:
            unsure = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
            assert connection.exec_driver_sql(unsure).scalar_one() == 0
            invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
            assert connection.exec_driver_sql(invalid).scalar_one() == 0


def last_ids(engine: Engine) -> Mapping[str, int]:
    """Return the highest id that each table has ever given."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return dict(connection.execute(sql("SELECT name, seq FROM sqlite_sequence")).all())
        given = (
            "SELECT tablename_of, last_value FROM (SELECT regexp_replace(sequencename, '_id_seq$', '') AS "
        )
        given += "tablename_of, last_value FROM pg_sequences) AS s WHERE last_value IS NOT NULL"
        return dict(connection.execute(sql(given)).all())


def kill_until_done(act: Callable[[], object], revision: str, step: int) -> int:
    """Kill the act at its 1st statement, then later and later, until it is done; return how often it died."""
    before, n, deaths = checksums(get_engine()), 1, 0
    while not survives_statements(act, n):
        deaths, n = deaths + 1, n + step
        assert (migrations.current_revision() or "base") == revision
        assert checksums(get_engine()) == before
        check_whole(get_engine())
    assert (migrations.current_revision() or "base") != revision
    check_whole(get_engine())
    return deaths
