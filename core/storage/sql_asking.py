"""Questions in SQL that a person typed, answered by processes that are killed at their limits.

One that answered in order is kept for the next question, for its libraries take long to load; it ends with
this process.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from core.errors import LostProcessError
from core.storage.reading import ENVIRONMENT, KEPT_ENVIRONMENT
from core.storage.sql_answers import fit
from core.storage.sql_columns import Schema
from core.storage.sql_errors import SqlError, SqlLimitError, SqlStoppedError, out_of_memory, tell
from core.storage.sql_process import ARROW_KIND, HEAD, JSON_KIND, TELLING

START_S = 60.0  # for Python and its libraries, on a machine that has much else to do
LOOK_S = 0.05  # between looks whether the question was stopped
MOST_BYTES = 512 << 20  # of an answer
AT_ONCE = 4  # questions of this process
KEEPING = frozenset(error.__name__ for error in TELLING)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question may take."""

    time_s: float
    memory_mb: int
    max_rows: int


@dataclass(frozen=True, slots=True)
class Named:
    """What a question names: tables, and what it reads of them where that was found out."""

    names: list[str]
    columns: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Material:
    """What a question reads: how to make its views, of which tables in memory and which files."""

    statements: Sequence[str]
    tables: dict[str, pa.Table]
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """What came back."""

    table: pa.Table
    columns: tuple[tuple[str, str], ...]  # name and DuckDB's type
    total: int | None  # None where there are too many to count
    is_cut: bool


Collect = Callable[[Named, Callable[[], object]], Material]


class _Process:
    """One process that answers one question at a time."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", "core.storage.sql_process"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | ENVIRONMENT,
            )
        self._is_ready = False
        self.is_clean = True  # nothing of an earlier answer is still on its way

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def send(self, request: dict[str, Any], files: Sequence[int] = ()) -> None:
        body = json.dumps(request).encode()
        with suppress(ConnectionError):  # the answer that does not come tells more
            head = HEAD.pack(JSON_KIND, len(body))
            if files:
                socket.send_fds(self._connection, [head], list(files))
            else:
                self._connection.sendall(head)
            self._connection.sendall(body)

    def wait_ready(self, is_stopped: Callable[[], bool]) -> None:
        """Wait for its first message, which says that it has loaded its libraries."""
        if not self._is_ready:
            self.receive(time.monotonic() + START_S, is_stopped)
            self._is_ready = True

    def receive(self, until: float, is_stopped: Callable[[], bool]) -> tuple[bytes, bytes]:
        head = self._take(HEAD.size, until, is_stopped)
        kind, length = HEAD.unpack(head)
        if length > MOST_BYTES * 2:
            raise LostProcessError("the process that answers questions answered nonsense; ask again")
        return kind, self._take(length, until, is_stopped)

    def _take(self, length: int, until: float, is_stopped: Callable[[], bool]) -> bytes:
        taken = bytearray()
        while len(taken) < length:
            left = _time_left(until, is_stopped)
            if select.select([self._connection], [], [], min(left, LOOK_S))[0]:
                chunk = self._connection.recv(min(length - len(taken), 1 << 20))
                if not chunk:
                    raise EOFError
                taken += chunk
        return bytes(taken)


def _time_left(until: float, is_stopped: Callable[[], bool]) -> float:
    if is_stopped():
        raise SqlStoppedError("the question was stopped; nothing was changed by it")
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError
    return left


_places = threading.BoundedSemaphore(AT_ONCE)
_lock = threading.Lock()
_spare = list[_Process]()


def ask(
    text: str,
    collect: Collect,
    limits: Limits,
    schema: Schema,
    *,
    is_stopped: Callable[[], bool],
) -> Rows:
    """Answer a question over tables of a schema.

    `collect` is given what it names and returns what it may read; what it is given beside is called again
    and again meanwhile, and raises when the time is over: reading counts.
    """
    _wait_for_place(limits, is_stopped)
    try:
        process = _take_process()
        try:
            asked = _Asked(text, limits, schema, is_stopped)
            return _ask(process, asked, collect)
        except TimeoutError as error:
            raise SqlLimitError(
                f"the question took longer than {limits.time_s:g} s and was stopped; filter earlier, "
                "aggregate first, or ask for fewer experiments, such as WHERE experiment_id IN (...)"
            ) from error
        except EOFError as error:
            raise out_of_memory(limits.memory_mb) from error
        finally:
            _give_back(process)
    finally:
        _places.release()


def _wait_for_place(limits: Limits, is_stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + limits.time_s
    while not _places.acquire(timeout=LOOK_S):
        if is_stopped():
            raise SqlStoppedError("the question was stopped before it was asked")
        if time.monotonic() > until:
            raise SqlLimitError(f"{AT_ONCE} other questions are being answered; ask again when one is done")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question under way."""

    text: str
    limits: Limits
    schema: Schema
    is_stopped: Callable[[], bool]

    def receive(self, process: _Process, until: float) -> tuple[bytes, Any]:
        """Return the next message; raise what it tells of an error."""
        kind, body = process.receive(until, self.is_stopped)
        if kind != JSON_KIND:
            return kind, body
        told = json.loads(body)
        if "error" not in told:
            return kind, told
        process.is_clean = told["kind"] in KEEPING
        if told["kind"] == "RefusedError":
            raise SqlError(self.text, told["error"]["exception_message"])
        raise tell(self.text, told["error"], told["kind"], self.schema, self.limits.memory_mb)


def _ask(process: _Process, asked: _Asked, collect: Collect) -> Rows:
    text, limits = asked.text, asked.limits
    process.is_clean = False
    process.wait_ready(asked.is_stopped)
    until = time.monotonic() + limits.time_s
    process.send({"sql": text, "schema": asked.schema, "memory_mb": limits.memory_mb})
    _, told = asked.receive(process, until)
    named = Named(told["names"], {name: frozenset(columns) for name, columns in told["columns"].items()})
    material = collect(named, lambda: _time_left(until, asked.is_stopped))
    with ExitStack() as stack:
        files = [stack.enter_context(_in_memory(table)) for table in material.tables.values()]
        request = {
            "sql": text,
            "statements": list(material.statements),
            "tables": list(material.tables),
            "files": list(material.files),
            "memory_mb": limits.memory_mb,
            "max_rows": limits.max_rows,
            "max_bytes": MOST_BYTES,
        }
        process.send(request, [file.fileno() for file in files])
    _, head = asked.receive(process, until)
    parts = list[bytes]()
    while (message := asked.receive(process, until))[0] == ARROW_KIND:
        parts.append(message[1])
    process.is_clean = True
    return Rows(
        _assemble(parts), tuple(map(tuple, head["columns"])), message[1]["total"], message[1]["truncated"]
    )


def _in_memory(table: pa.Table) -> Any:
    """Return an open file in memory that holds a table."""
    file = os.fdopen(os.memfd_create("rows"), "w+b")
    with pa.ipc.new_stream(pa.PythonFile(file, "w"), table.schema) as writer:
        writer.write_table(table)
    file.flush()
    return file


def _assemble(parts: list[bytes]) -> pa.Table:
    return fit(pa.concat_tables(pa.ipc.open_stream(pa.py_buffer(part)).read_all() for part in parts))


def _take_process() -> _Process:
    with _lock:
        while _spare:
            process = _spare.pop()
            if process.is_alive:
                return process
            process.end()
    return _Process()


def _give_back(process: _Process) -> None:
    with _lock:
        is_kept = process.is_clean and process.is_alive and not _spare
        if is_kept:
            _spare.append(process)
    if not is_kept:
        process.end()


@atexit.register
def end_spare() -> None:
    """End the process that waits for a question."""
    with _lock:
        ended, _spare[:] = list(_spare), []
    for process in ended:
        process.end()


# What was forked is no parent of these processes and must neither ask nor end them.
os.register_at_fork(after_in_child=_spare.clear)
