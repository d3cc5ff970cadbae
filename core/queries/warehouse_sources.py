# ruff: noqa: S608 - views are made of names of ours, and paths that are quoted
"""What a question reads, taken at one moment: sealed files, the rows that are in none, and our tables.

DuckDB never opens the SQLite file itself: its scanner brings a second SQLite library, and two of them in one
process break each other's locks, since closing a file drops all POSIX locks that the process has on it
(sqlite.org/howtocorrupt.html, section 2.2). So rows come through our own engine, as Arrow.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa
import structlog
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from core.queries.sealed_parts import list_parts, list_removals
from core.queries.warehouse_rows import ROWS, STEP_FILES
from core.queries.warehouse_views import VIEWS, Column, View
from core.storage import artifacts
from core.storage.arrow_rows import as_stored, read_table, schema_of
from core.storage.sealed import LOGS, Removal, require_there

logger = structlog.get_logger(__name__)

LONG_TAIL = 1_000_000  # rows that take seconds to read
REMOVALS = pa.schema([(name, pa.int64()) for name in ("experiment_id", "after_epoch", "up_to_id")])
NOT_READ = "was not read for this question"  # of a column that was found to be needless

_Selected = tuple[Select[*tuple[Any, ...]], pa.Schema, str]  # and how the view tells its columns
Needed = Mapping[str, frozenset[str]]  # columns by view; a view that is missing is needed whole


def go_on() -> None:
    """Let a reading take as long as it takes."""


@dataclass(slots=True)
class Sources:
    """How to make the views that a question names: statements, tables in memory, files it may read."""

    statements: list[str] = field(default_factory=list)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def read_sources(
    session: Session,
    names: Iterable[str],
    needed: Needed,
    *,
    every_view: bool = False,
    between: Callable[[], object] = go_on,
) -> Sources:
    """Read in one_moment() what stands behind some views; `every_view` makes the others, which say so.

    Of the database only the columns that are `needed` are read; one of the others that is asked for
    nevertheless is an error that says NOT_READ. `between` is called again and again and may raise.
    """
    named, sources = set(names), Sources()
    wanted = [view for view in VIEWS.values() if view.name in named]
    for view in wanted:
        between()
        if view.log:
            _add_log(session, view, sources, needed.get(view.name), between)
        elif view.name == "steps":
            _add_steps(session, view, sources)
        else:
            _add_rows(session, view, sources, needed.get(view.name), between)
    if every_view:
        sources.statements += [_unread(view) for view in VIEWS.values() if view not in wanted]
    return sources


def _add_rows(
    session: Session,
    view: View,
    sources: Sources,
    needed: frozenset[str] | None,
    between: Callable[[], object],
) -> None:
    statement, schema, columns = _select_rows(view.name, needed)
    name = f"_{view.name}"
    sources.tables[name] = read_table(session.connection(), statement, schema, {}, between)
    _create(view, sources, f"SELECT {columns} FROM {name}")


@lru_cache(maxsize=256)
def _select_rows(name: str, needed: frozenset[str] | None) -> _Selected:
    """Return what is read of our tables for a view; a select takes longer to make than to answer."""
    statement = ROWS[name].select(needed)
    schema = schema_of([*statement.selected_columns])
    told = ", ".join(_tell(column, column.name, schema.names) for column in VIEWS[name].columns)
    return as_stored(statement), schema, told


@lru_cache(maxsize=256)
def _select_tail(name: str, needed: frozenset[str] | None) -> _Selected:
    """Return what is read of a log's rows that are in no file."""
    view = VIEWS[name]
    table = LOGS[view.log].table
    stored = [column.stored for column in view.columns if needed is None or column.name in needed]
    columns = [table.c[each] for each in stored] or [table.c.id]
    statement = select(*columns).where(table.c.id > bindparam("after")).order_by(table.c.id)
    schema = schema_of(columns)
    return as_stored(statement), schema, _tell_stored(view, schema.names)


def _add_log(
    session: Session,
    view: View,
    sources: Sources,
    needed: frozenset[str] | None,
    between: Callable[[], object],
) -> None:
    log, tail = LOGS[view.log], f"_{view.name}"
    parts = list_parts(session, log.name)
    require_there(parts)
    statement, schema, columns = _select_tail(view.name, needed)
    after = max((part.last_id for part in parts), default=0)
    rows = read_table(session.connection(), statement, schema, {"after": after}, between)
    if rows.num_rows > LONG_TAIL:
        logger.warning(
            "long_tail", log=log.name, rows=rows.num_rows, mend="have a worker run, or brinell db seal"
        )
    texts = list[str]()
    if parts:
        files = [str(part.path) for part in parts]
        sources.files += files
        gone = [each for each in list_removals(session, log.name) if each.up_to_id >= parts[0].first_id]
        sealed = _tell_stored(view, log.columns)
        without = _without(view, gone, sources)
        texts.append(f"SELECT {sealed} FROM read_parquet({_quoted(files)}) AS sealed{without}")
    if rows.num_rows or not parts:
        sources.tables[tail] = rows
        texts.append(f"SELECT {columns} FROM {tail}")
    _create(view, sources, " UNION ALL ".join(texts))


def _tell_stored(view: View, there: Sequence[str]) -> str:
    return ", ".join(_tell(column, column.stored, there) for column in view.columns)


def _tell(column: Column, stored: str, there: Sequence[str]) -> str:
    found = f'"{stored}"' if stored in there else f"error({_text(f'{column.name} {NOT_READ}')})"
    return f'{found}::{column.type} AS "{column.name}"'


def _without(view: View, removals: Sequence[Removal], sources: Sources) -> str:
    """Return the clause that leaves out rows that are gone; most stores have none."""
    if not removals:
        return ""
    name = f"_{view.name}_gone"
    sources.tables[name] = pa.Table.from_pylist(
        [{column: getattr(each, column) for column in REMOVALS.names} for each in removals], REMOVALS
    )
    return (
        f" WHERE NOT EXISTS (SELECT 1 FROM {name} AS gone WHERE gone.experiment_id = sealed.experiment_id"
        " AND sealed.epoch > gone.after_epoch AND sealed.id <= gone.up_to_id)"
    )


def _add_steps(session: Session, view: View, sources: Sources) -> None:
    """Make the view over the step logs' files; of a resumed run the later attempt counts."""
    found = session.execute(STEP_FILES).all()
    files = {str(artifacts.path_of(row.file)): row.experiment_id for row in found}
    if not files:
        _create(view, sources, _no_rows(view, "false"))
        return
    sources.files += files
    sources.tables["_steps"] = pa.table(
        {"filename": list(files), "experiment_id": pa.array(files.values(), pa.int64())}
    )
    columns = ", ".join(f'"{column.name}"::{column.type} AS "{column.name}"' for column in view.columns)
    _create(
        view,
        sources,
        f"SELECT {columns} FROM (SELECT * FROM read_parquet({_quoted(files)}, union_by_name = true, "
        "filename = true) UNION ALL BY NAME SELECT NULL::DOUBLE AS loss, NULL::DOUBLE AS learning_rate "
        "WHERE false) JOIN _steps USING (filename) QUALIFY row_number() OVER "
        "(PARTITION BY experiment_id, step ORDER BY attempt DESC) = 1",
    )


def _unread(view: View) -> str:
    """Make a view whose columns are known and whose rows were not read: asked for, it tells so."""
    told = f"the view {view.name} was not read: name it after FROM or JOIN, not in the text of a function"
    return f'CREATE TEMP VIEW "{view.name}" AS {_no_rows(view, f"error({_text(told)})::BOOLEAN")}'


def _no_rows(view: View, condition: str) -> str:
    columns = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in view.columns)
    return f"SELECT {columns} WHERE {condition}"


def _create(view: View, sources: Sources, text: str) -> None:
    sources.statements.append(f'CREATE OR REPLACE TEMP VIEW "{view.name}" AS {text}')


def _quoted(files: Iterable[str]) -> str:
    return "[" + ", ".join(map(_text, files)) + "]"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
