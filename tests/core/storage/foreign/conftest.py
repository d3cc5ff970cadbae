"""Stores of other programs, made small, and what the confined process tells of them."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.storage.foreign.asking import RunReaders, open_reader
from core.storage.foreign.records import Role
from core.storage.foreign.runs import Part
from core.storage.foreign.sources import find_sources

Read = Callable[..., list[Part]]

SCHEMA = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256));
CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), user_id VARCHAR(256),
  status VARCHAR(9),
  start_time BIGINT, end_time BIGINT, source_name VARCHAR(500), source_version VARCHAR(50),
  lifecycle_stage VARCHAR(20), experiment_id INTEGER);
CREATE TABLE metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT, run_uuid VARCHAR(32), step BIGINT,
  is_nan BOOLEAN);
CREATE TABLE params (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
CREATE TABLE tags (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
INSERT INTO experiments VALUES (1, 'cwru');
INSERT INTO runs VALUES
  ('aa', 'first', 'eva', 'FINISHED', 1700000000000, 1700000060000, 'train.py', '', 'active', 1);
INSERT INTO runs VALUES ('bb', 'second', 'eva', 'RUNNING', 1700000100000, NULL, '', '', 'active', 1);
INSERT INTO metrics VALUES ('val/loss', 0.5, 1700000001000, 'aa', 1, 0),
  ('val/loss', 0.25, 1700000002000, 'aa', 2, 0);
INSERT INTO metrics VALUES ('val/loss', 0.75, 1700000101000, 'bb', 1, 0),
  ('acc', 0.9, 1700000102000, 'bb', 0, 0);
INSERT INTO params VALUES ('lr', '1e-3', 'aa'), ('deep', 'True', 'aa');
INSERT INTO tags VALUES ('team', 'north', 'aa'), ('mlflow.note.content', '*note*', 'aa');
"""


@pytest.fixture(scope="session")
def readers() -> Iterator[RunReaders]:
    """The process that reads."""
    with open_reader() as readers:
        yield readers


@pytest.fixture
def read(readers: RunReaders) -> Read:
    """Return what is told of all that lies under a path."""

    def read(path: Path, roles: dict[str, Role] | None = None) -> list[Part]:
        parts = []
        for source in find_sources([path]):
            with source.open() as file:
                parts += readers.read(file, source.form, source.name, roles)
        return parts

    return read


def make_mlflow(path: Path, *statements: str) -> Path:
    """Make a store of MLflow with two runs, and do to it what is said."""
    store = sqlite3.connect(path)
    store.executescript(SCHEMA)
    for statement in statements:
        store.execute(statement)
    store.commit()
    store.close()
    return path
