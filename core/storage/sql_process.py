"""The process that answers a question in SQL: `python -m core.storage.sql_process`, its socket descriptor 0.

It is told what the question may read and can open nothing else, writes nothing, and ends with its asker,
which is `core.storage.sql_asking`.
"""

import json
import mmap
import os
import re
import resource
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pandas as pd  # noqa: F401 - DuckDB asks for it, and for data sets, once it meets a table
import pyarrow as pa
import pyarrow.dataset

from core.storage.readers import confinement
from core.storage.sql_columns import add_tables, find_columns, plan_over

HEAD = struct.Struct("<cQ")  # kind and length
JSON_KIND, ARROW_KIND = b"J", b"A"
MOST_FILES = 253  # that one message carries
BATCH_ROWS = 10_000
COUNT_S = 2.0  # spent on counting rows beyond those that are sent
OVERHEAD_BYTES = 512 << 20  # of address space: stacks and arenas of threads, beside what the question takes
THREADS = 2
# One statement that only reads; a PIVOT without a list of values makes a type first and is none.
_EXPLAIN = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\b(?:\s+analyze\b)?(?:\s*\([^)]*\))?", re.IGNORECASE | re.DOTALL
)
LOCK = "SET lock_configuration = true"
NOT_ONE = "one question at a time: a single SELECT, WITH, FROM, DESCRIBE, SUMMARIZE or EXPLAIN"


class RefusedError(Exception):
    """The question is none that is answered here."""


# After these the process is as it was; whatever else happens, such as want of memory, ends it.
TELLING = (RefusedError, duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
NOT_NAMED = (duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException)


def main() -> None:
    """Answer one question after the other, until the asker is gone or one went so wrong that it ends this."""
    connection = socket.socket(fileno=0)
    confinement.end_with(0)
    send(connection, JSON_KIND, json.dumps({"ready": True}).encode())
    while True:
        try:
            named = name_sources(receive(connection)[0])
            send(connection, JSON_KIND, json.dumps(named).encode())
            request, files = receive(connection)
            answer(connection, request, files)
        except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is ends as a message
            send(connection, JSON_KIND, json.dumps(describe(error)).encode())
            if not isinstance(error, TELLING):
                sys.exit(1)


def name_sources(request: dict[str, Any]) -> dict[str, Any]:
    """Return the tables that a question names and what it reads of them; raise where it is no question."""
    text = request["sql"]
    with open_confined(request["memory_mb"]) as planner:
        limit_memory(request["memory_mb"] << 20)
        check(planner, text)
        try:
            names = sorted({name.lower() for name in planner.get_table_names(text)})
        except NOT_NAMED:  # told with its place once there are views
            return {"names": [], "columns": {}}
        plan_over(planner, {name: request["schema"][name] for name in names if name in request["schema"]})
        planner.execute(LOCK)
        return {"names": names, "columns": find_columns(planner, text)}


def check(warehouse: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raise where a text is not one statement that reads; the parser says what it is, not its words."""
    statements = warehouse.extract_statements(text)
    if len(statements) != 1:
        raise RefusedError(NOT_ONE)
    kind = statements[0].type
    if kind == duckdb.StatementType.EXPLAIN and (found := _EXPLAIN.match(text)):
        inner = text[found.end() :]
        if not _EXPLAIN.match(inner):
            check(warehouse, inner)
            return
    if kind != duckdb.StatementType.SELECT:
        raise RefusedError(f"{kind.name} is not answered here, which only reads; {NOT_ONE}")


def answer(connection: socket.socket, request: dict[str, Any], files: list[int]) -> None:
    """Answer a question over what was handed in."""
    allow_memory()
    tables = dict(zip(request["tables"], map(map_table, files), strict=True))
    brought_mb = sum(table.nbytes for table in tables.values()) >> 20  # is not the question's to answer for
    with open_confined(request["memory_mb"] + 2 * brought_mb, request["files"]) as warehouse:
        add_tables(warehouse, tables)
        del tables
        for statement in request["statements"]:
            warehouse.execute(statement)
        warehouse.execute(LOCK)
        limit_memory(request["memory_mb"] << 20)
        result = warehouse.execute(request["sql"])
        columns = [(name, str(kind)) for name, kind, *_ in result.description or ()]
        send(connection, JSON_KIND, json.dumps({"columns": columns}).encode())
        reader = result.to_arrow_reader(BATCH_ROWS)
        told = send_rows(connection, reader, request["max_rows"], request["max_bytes"])
        send(connection, JSON_KIND, json.dumps(told).encode())


def open_confined(memory_mb: int, files: Sequence[str] = ()) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that can open these files and no others; LOCK keeps it so."""
    allow_memory()
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": f"{memory_mb}MiB",
        "temp_directory": "",
        "errors_as_json": True,
        "python_enable_replacements": False,  # a name in a question never means a variable of this process
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    warehouse = duckdb.connect(":memory:", config=config)
    warehouse.execute("SET TimeZone = 'UTC'")
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    warehouse.execute(f"SET allowed_paths = [{listed}]")
    warehouse.execute("SET enable_external_access = false")
    return warehouse


def map_table(handle: int) -> pa.Table:
    """Return the table that a file in memory holds, without a copy."""
    mapped = mmap.mmap(handle, 0, prot=mmap.PROT_READ)  # lives as long as the table
    return pa.ipc.open_stream(pa.py_buffer(mapped)).read_all()


def limit_memory(num_bytes: int) -> None:
    """Take what a question does not need: memory beyond its own, files to write, a dump of its memory."""
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(what, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit is not kept
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        most = taken + num_bytes + OVERHEAD_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def allow_memory() -> None:
    """Give back what `limit_memory` took for the question before."""
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def send_rows(
    connection: socket.socket, reader: pa.RecordBatchReader, max_rows: int, max_bytes: int
) -> dict[str, Any]:
    """Send rows up to a number and a size; count what is left, for a while."""
    sent, num_bytes, is_cut = 0, 0, False
    send(connection, ARROW_KIND, pack(reader.schema))
    for batch in reader:
        part = batch.slice(0, max_rows - sent)
        if num_bytes + part.nbytes > max_bytes:
            part = part.slice(0, int(part.num_rows * (max_bytes - num_bytes) / part.nbytes))
        send(connection, ARROW_KIND, pack(reader.schema, part))
        sent += part.num_rows
        num_bytes += part.nbytes
        if part.num_rows < batch.num_rows:
            is_cut = True
            total = count_rest(reader, sent + batch.num_rows - part.num_rows)
            break
    else:
        total = sent
    return {"total": total, "truncated": is_cut, "by_size": is_cut and sent < max_rows}


def pack(schema: pa.Schema, *parts: pa.RecordBatch) -> pa.Buffer:
    """Return a stream of Arrow, which unlike a single batch brings the words of an ENUM along."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for part in parts:
            writer.write_batch(part)
    return sink.getvalue()


def count_rest(reader: pa.RecordBatchReader, counted: int) -> int | None:
    """Count the rows that are left; None where they are too many to count at once."""
    until = time.monotonic() + COUNT_S
    for batch in reader:
        counted += batch.num_rows
        if time.monotonic() > until:
            return None
    return counted


def describe(error: BaseException) -> dict[str, Any]:
    """Return what an error says, where DuckDB tells it with its place."""
    said = str(error)
    kind = type(error).__name__
    try:
        told: dict[str, Any] = json.loads(said[said.index("{") :])
    except ValueError:
        told = {"exception_type": kind, "exception_message": said}
    return {"error": told, "kind": kind}


def send(connection: socket.socket, kind: bytes, body: bytes | pa.Buffer) -> None:
    """Send one message."""
    connection.sendall(HEAD.pack(kind, len(body)))
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return one message and the open files that came with it; end where the asker is gone."""
    head, files, _, _ = socket.recv_fds(connection, HEAD.size, MOST_FILES)
    if len(head) < HEAD.size:
        sys.exit(0)
    body = b"".join(_chunks(connection, HEAD.unpack(head)[1]))
    request: dict[str, Any] = json.loads(body)
    return request, files


def _chunks(connection: socket.socket, length: int) -> Iterator[bytes]:
    while length:
        chunk = connection.recv(min(length, 1 << 20))
        if not chunk:
            sys.exit(0)
        length -= len(chunk)
        yield chunk


if __name__ == "__main__":
    main()
