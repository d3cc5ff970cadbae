"""Tables in CSV: one row a run, one row a step of a run, or W&B's one column a run."""

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import IO

from core.errors import UnreadableFileError
from core.storage.foreign.lines import moment_ms
from core.storage.foreign.mlflow_runs import Status
from core.storage.foreign.records import (
    COLUMNS,
    NAME_CHARACTERS,
    NO_STEP,
    NO_TIME,
    TEXT_CHARACTERS,
    Columns,
    Expected,
    Found,
    Remark,
    Role,
)
from core.storage.foreign.roles import guess_roles
from core.storage.foreign.runs import Gathering, Parts, Run, broken, labels, parse_int
from core.storage.foreign.values import label, label_or_none, storable, typed, unguarded
from core.storage.readers.limits import printable

ROWS = 5_000_000
PARAMETER, FIGURE = "param.", "metric."  # before names in a table that tells one from the other
DELIMITERS = ",;\t"
_COMMA_NUMBER = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")
# In a table parted by commas or tabs: thousands, or a decimal comma; nothing in the cell tells which.
_TWO_READINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_OF_RUN = re.compile(r"(?P<run>.+?) - (?P<metric>.+?)(?P<end>__MIN|__MAX)?")
_STATUSES: dict[str, Status] = {
    "finished": "completed", "completed": "completed", "done": "completed", "success": "completed",
    "failed": "failed", "crashed": "failed", "killed": "cancelled", "cancelled": "cancelled",
    "running": "running", "pending": "running", "paused": "running",
}  # fmt: skip
_VALUES = frozenset((Role.METRIC, Role.PARAMETER, Role.STEP, Role.TIME, Role.STARTED, Role.DURATION))
ONE_RUN = (
    "one run, named after the file: no column names runs; state one by --column NAME=run, or write one row "
    "an epoch with a column 'run'"
)
Row = Mapping[str, str]


def read(file: IO[bytes], name: str, stated: Mapping[str, Role]) -> Parts:
    """Yield what the columns are taken for, then the runs."""
    columns, rows, has_decimal_commas = _read_rows(file, name)
    if unknown := sorted(set(stated) - set(columns)):
        raise UnreadableFileError(
            f"{name} has the columns {', '.join(map(printable, columns))}, and {', '.join(unknown)} is "
            "stated; state a column that it has"
        )
    if _is_one_column_a_run(columns):
        roles = guess_roles(columns, stated, frozenset())
        roles |= {column: Role.IGNORED for column in columns if column.endswith(("__MIN", "__MAX"))}
        if has_decimal_commas:
            _point_decimals(rows, roles)
        yield Columns(roles={label(column): role for column, role in roles.items()})
        yield from _read_wide(rows, roles, name)
        return
    roles = guess_roles(columns, stated, _constant(columns, rows, stated))
    yield Columns(roles={label(column): role for column, role in roles.items()})
    if has_decimal_commas:
        _point_decimals(rows, roles)
    if Role.STEP in roles.values() and Role.RUN not in roles.values():
        yield Remark(message=f"{printable(name)}: {ONE_RUN}")
    runs = _by_run(rows, roles, name)
    yield Expected(runs=len(runs))
    for run, own in runs.items():
        try:
            yield _run(run, own, roles)
        except ValueError as error:
            yield broken(run, error)


def _read_rows(file: IO[bytes], name: str) -> tuple[list[str], list[dict[str, str]], bool]:
    """Return columns, rows, and whether a comma can only be the decimal sign."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        head = text.readline()
        text.seek(0)
        delimiter = max(DELIMITERS, key=head.count)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        columns = [unguarded(column).strip() for column in next(reader, [])]
        _check_columns(columns, name)
        rows = []
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(columns):
                raise UnreadableFileError(
                    f"line {reader.line_num} of {name} has {len(cells)} cells and its head {len(columns)}; "
                    "export it again, or put quotes around cells that hold the separator"
                )
            rows.append(dict(zip(columns, cells, strict=True)))
            if len(rows) > ROWS:
                raise UnreadableFileError(f"{name} has more than {ROWS:,} rows; split it")
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableFileError(
            f"{name} is no CSV in UTF-8 that can be read ({error}); export it again as that"
        ) from error
    finally:
        text.detach()
    return columns, rows, delimiter == ";"


def _point_decimals(rows: list[dict[str, str]], roles: Mapping[str, Role]) -> None:
    """Write the values of a table that has decimal commas with points."""
    columns = [column for column, role in roles.items() if role in _VALUES]
    for row in rows:
        for column in columns:
            if _COMMA_NUMBER.fullmatch(cell := row[column].strip()):
                row[column] = cell.replace(",", ".")


def _check_columns(columns: list[str], name: str) -> None:
    if len(columns) > COLUMNS or not columns or "" in columns or len(set(columns)) < len(columns):
        raise UnreadableFileError(
            f"the first line of {name} should name 1 to {COLUMNS:,} columns, each once, and names "
            f"{len(columns):,}: {', '.join(map(printable, columns[:8]))}; name them"
        )
    if longest := next((column for column in columns if len(printable(column)) > NAME_CHARACTERS), None):
        raise UnreadableFileError(
            f"the column {printable(longest)[:20]}... of {name} has a name of {len(longest):,} characters, "
            f"and {NAME_CHARACTERS} are kept; shorten it"
        )


def _constant(columns: list[str], rows: list[dict[str, str]], stated: Mapping[str, Role]) -> frozenset[str]:
    """Return the columns that have one value within each run, of runs of several rows."""
    roles = guess_roles(columns, stated, frozenset())
    run = next((column for column, role in roles.items() if role is Role.RUN), None)
    first, several, changing = dict[str, Row](), set[str](), set[str]()
    for row in rows:
        key = row[run] if run else ""
        if key not in first:
            first[key] = row
            continue
        several.add(key)
        changing.update(column for column in columns if row[column] != first[key][column])
    return frozenset(columns) - changing if several else frozenset()


def _by_run(rows: list[dict[str, str]], roles: dict[str, Role], name: str) -> dict[str, list[Row]]:
    """Return the rows of each run; without steps each row is a run."""
    run = next((column for column, role in roles.items() if role is Role.RUN), None)
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    has_steps = Role.STEP in roles.values()
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        told = unguarded(row[run]).strip() if run else ""
        key = told or (stem if has_steps else f"{stem} {number}")
        if not has_steps and key in groups:
            key = f"{key} ({number})"
        groups[key].append(row)
    return groups


def _run(name: str, rows: list[Row], roles: dict[str, Role]) -> Run:
    values = Gathering()
    step_column = next((column for column, role in roles.items() if role is Role.STEP), None)
    time_column = next((column for column, role in roles.items() if role is Role.TIME), None)
    metrics = [column for column, role in roles.items() if role is Role.METRIC]
    left_out = _LeftOut()
    for row in rows:
        step = NO_STEP if step_column is None else _step(row[step_column], step_column)
        time_ms = _moment(row[time_column]) if time_column else None
        for column in metrics:
            if not (cell := row[column].strip()):
                continue
            value = _number(cell)
            if value is None:
                left_out.add(column, cell)
            else:
                values.add(column.removeprefix(FIGURE), value, step, NO_TIME if time_ms is None else time_ms)
    return Run(_found(name, rows, roles, values, left_out.tell()), values.points())


class _LeftOut:
    """The cells of a run's metrics that are no numbers: the first of each kind is told."""

    def __init__(self) -> None:
        self._first: dict[bool, tuple[str, str]] = {}  # by whether it is a number of two readings

    def add(self, column: str, cell: str) -> None:
        """Take one cell."""
        self._first.setdefault(_TWO_READINGS.fullmatch(cell) is not None, (column, cell))

    def tell(self) -> list[str]:
        """Return a sentence for each kind."""
        return [
            printable(f"{column} {_tell_readings(cell) if is_number else _tell_text(cell)}")
            for is_number, (column, cell) in self._first.items()
        ]


def _tell_text(cell: str) -> str:
    return f"should be numbers and has {cell[:40]!r}: such cells are left out"


def _tell_readings(cell: str) -> str:
    decimal = cell.replace(",", ".") if cell.count(",") == 1 else "no number"
    return (
        f"has {cell[:40]!r}, which is {cell[:40].replace(',', '')} with commas between thousands and "
        f"{decimal} with decimal commas: such cells are left out; write them without commas"
    )


def _found(
    name: str, rows: list[Row], roles: dict[str, Role], values: Gathering, findings: list[str]
) -> Found:
    first = {column: unguarded(rows[0][column]).strip() for column in roles}
    told = {role: first[column] for column, role in roles.items() if first[column]}
    started = _moment(told.get(Role.STARTED, ""))
    lasted = _number(told.get(Role.DURATION, ""))
    status = told.get(Role.STATUS, "completed").lower()
    tags = [column for column, role in roles.items() if role is Role.TAG and first[column]]
    has_end = lasted is not None and 0 <= lasted < 1e10
    return Found(
        origin=label(name),
        name=label(name),
        group=label_or_none(told.get(Role.GROUP)),
        status=_STATUSES.get(status, "completed"),
        started_ms=started,
        ended_ms=started + int((lasted or 0) * 1000) if started is not None and has_end else None,
        user=label_or_none(told.get(Role.USER)),
        notes=storable(told[Role.NOTES]) if Role.NOTES in told else None,
        parameters={
            label(column.removeprefix(PARAMETER)): _typed(first[column])
            for column, role in roles.items()
            if role is Role.PARAMETER and first[column]
        },
        tags={tag: "" for column in tags for tag in _tags(column, first[column])},
        metrics=labels(values.places),
        # A column of steps means them, the 0 of a run's only row too: none of its metrics is without steps.
        record={"written": []} if Role.STEP in roles.values() else None,
        findings=tuple(findings),
    )


def _tags(column: str, cell: str) -> list[str]:
    parts = [part.strip(" '\"") for part in cell.strip("[]").split(",")]
    told = [label(part) for part in parts if part]
    return told if column.lower() in {"tags", "tag"} else [label(f"{column}={part}") for part in told]


def _is_one_column_a_run(columns: list[str]) -> bool:
    values = [column for column in columns if column.lower() not in {"step", "epoch", "_step", "global_step"}]
    return 0 < len(values) < len(columns) and all(_OF_RUN.fullmatch(column) for column in values)


def _read_wide(rows: list[dict[str, str]], roles: dict[str, Role], name: str) -> Parts:
    step = next((column for column, role in roles.items() if role is Role.STEP), None)
    if step is None:
        raise UnreadableFileError(
            f"{name} has a column a run, and none of its columns is stated as the steps; state one"
        )
    runs: defaultdict[str, Gathering] = defaultdict(Gathering)
    left_out: defaultdict[str, _LeftOut] = defaultdict(_LeftOut)
    for column in (column for column, role in roles.items() if role is Role.METRIC):
        match = _OF_RUN.fullmatch(column)
        if match is None:
            continue
        for row in rows:
            if not (cell := row[column].strip()):
                continue
            if (value := _number(cell)) is None:
                left_out[match["run"]].add(column, cell)
            else:
                try:
                    at = _step(row[step], step)
                except ValueError as error:
                    raise UnreadableFileError(f"{name} cannot be read: {error}") from error
                runs[match["run"]].add(match["metric"], value, at)
    for run, values in runs.items():
        try:
            metrics = labels(values.places)
            findings = tuple(left_out[run].tell())
            found = Found(
                origin=label(run), name=label(run), metrics=metrics, record={"written": []}, findings=findings
            )
            yield Run(found, values.points())
        except ValueError as error:
            yield broken(run, error)


def _step(cell: str, column: str) -> int:
    number = _number(cell.strip())
    if number is None or not math.isfinite(number) or number != int(number):
        raise ValueError(f"{column} should be whole numbers and has {cell[:40]!r}")
    return parse_int(cell) if cell.strip().lstrip("+-").isdigit() else int(number)


def _number(cell: str) -> float | None:
    try:
        return float(_pointed(cell))
    except ValueError:
        return None


def _typed(cell: str) -> object:
    return typed(storable(_pointed(cell))[:TEXT_CHARACTERS])


def _pointed(cell: str) -> str:
    """Write a decimal comma as a point, unless it may part thousands."""
    is_decimal = _COMMA_NUMBER.fullmatch(cell) and not _TWO_READINGS.fullmatch(cell)
    return cell.replace(",", ".") if is_decimal else cell


def _moment(cell: str) -> int | None:
    if (seconds := _number(cell)) is not None:
        found = moment_ms(seconds)
        return None if found == NO_TIME else found
    try:
        moment = datetime.fromisoformat(cell.strip())
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
