"""Visit the points of one path: fail the n-th call, look at the laws, do the same again without the fault.

`python -m tests.faults.campaign PATH KIND,KIND FIRST STEP`, in a process into which shim.c is preloaded,
visits n = FIRST, FIRST + STEP, ... of each kind until the run is over before its n-th call, and prints one
line of JSON a point.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from uuid import uuid4

import psycopg
import torch
from sqlalchemy import select
from sqlalchemy.engine import make_url

from core.logs import configure_logs
from core.services.jobs import MODELS
from core.settings import get_settings
from core.storage import migrations
from core.storage.database import dispose_engines, read_scope
from tests.faults.injector import KINDS, injecting, watched_folder
from tests.faults.laws import is_forgiving, list_breaches
from tests.faults.paths import PATHS, FaultPath, keep_every_checkpoint, run_waiting
from tests.faults.visits import SERVER_VARIABLE, Point


class Homes:
    """One prepared home, and as many copies of it, one after the other, as there are runs."""

    def __init__(self, path: FaultPath) -> None:
        self.home, self._template = watched_folder() / "home", watched_folder().parent / "template"
        self._server = os.environ.get(SERVER_VARIABLE, "")
        os.environ["BRINELL_HOME"] = str(self.home)
        if self._server:
            self._create(template="template1")
        get_settings.cache_clear()
        self.home.mkdir()
        migrations.upgrade()
        path.prepare()
        dispose_engines()
        shutil.move(self.home, self._template)
        if self._server:
            self._prepared = make_url(get_settings().database_url).database or ""

    def reset(self) -> None:
        """Put the prepared home back in place."""
        dispose_engines()
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self._template, self.home)
        if self._server:
            self._drop()
            self._create(template=self._prepared)
            get_settings.cache_clear()

    def close(self) -> None:
        """Leave no database behind."""
        dispose_engines()
        if self._server:
            self._drop()
            self._execute(f"DROP DATABASE {self._prepared} WITH (FORCE)")

    def _create(self, template: str) -> None:
        name = f"brinell_faults_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        os.environ["BRINELL_DATABASE_URL"] = f"{self._server.rpartition('/')[0]}/{name}"

    def _drop(self) -> None:
        name = make_url(get_settings().database_url).database
        if name != self._prepared:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def prepared(path: FaultPath) -> Iterator[Homes]:
    """Give the homes of a path, and clean up after them."""
    homes = Homes(path)
    try:
        yield homes
    finally:
        homes.close()


def visit(path: FaultPath, kinds: Sequence[str], first: int, step: int) -> Iterator[Point]:
    """Yield point after point, of each kind until a run is over before its n-th call."""
    with prepared(path) as homes:
        homes.reset()
        path.act()
        expected = path.result()
        for kind in kinds:
            for nth in count(first, step):
                homes.reset()
                point = _visit_one(path, kind, nth, expected)
                if not point.hit:
                    break
                yield point


def _visit_one(path: FaultPath, kind: str, nth: int, expected: object) -> Point:
    raised = ""
    with injecting(KINDS[kind], nth) as fault:
        try:
            path.act()
        except Exception as error:  # noqa: BLE001 - whatever comes out is what the caller would see
            raised = f"{type(error).__name__}: {error}"
        dispose_engines()  # as the process's end does
    if not fault.hit:
        return Point(kind, nth, "", "clean", "", [])
    outcome, told = _judge(raised)
    point = Point(kind, nth, fault.hit, outcome, told, list_breaches())
    if outcome == "completed" and not is_forgiving(kind, fault.hit):
        point.breaches.append(f"completed as if {fault.hit} had been written")
    point.breaches.extend(_do_again(path, expected))
    return point


def _judge(raised: str) -> tuple[str, str]:
    with read_scope() as session:
        rows = [
            (row.status.value, row.error_message or "")
            for model in MODELS.values()
            for row in session.scalars(select(model).order_by(model.updated_at))
        ]
    states = dict(rows)
    if "failed" in states:
        return "failed", states["failed"]
    if {"pending", "running"} & set(states):
        return "waiting", raised
    if raised:
        return "raised", raised
    return "completed", ""


def _do_again(path: FaultPath, expected: object) -> list[str]:
    run_waiting()
    if path.result() != expected:
        path.act()
    breaches = list_breaches()
    if (found := path.result()) != expected:
        breaches.append(f"done again it gave {found} and not {expected}")
    return [f"after doing it again: {breach}" for breach in breaches]


def main() -> None:
    """Visit the points named on the command line."""
    name, kinds, first, step = sys.argv[1:]
    torch.set_num_threads(1)
    os.environ["BRINELL_LOG_LEVEL"] = os.environ.get("BRINELL_LOG_LEVEL", "error")
    keep_every_checkpoint()
    get_settings.cache_clear()
    configure_logs()
    for point in visit(PATHS[name], kinds.split(","), int(first), int(step)):
        print(json.dumps(point._asdict()), flush=True)  # noqa: T201 - read by whoever started this


if __name__ == "__main__":
    main()
