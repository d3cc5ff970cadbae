"""`brinell sql`: a question over all that is stored, its answer printed or kept as a file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from app.cli.following import console
from app.cli.output import UNBOUNDED, AsJson, print_json
from core.errors import InvalidInputError
from core.queries.warehouse import Answer, run_sql
from core.storage.migrations import check_version

SHOWN_ROWS = 50
SHOWN_CHARACTERS = 60


def sql(
    question: Annotated[
        str, typer.Argument(help="such as: SELECT model, count(*) FROM experiments GROUP BY model")
    ],
    *,
    csv: Annotated[Path | None, typer.Option(help="write the rows to this file")] = None,
    parquet: Annotated[Path | None, typer.Option(help="write the rows to this file")] = None,
    rows: Annotated[int, typer.Option(min=1, help="most rows of the answer")] = 100_000,
    time_limit: Annotated[float, typer.Option("--time-limit", min=1, help="seconds it may take")] = 30.0,
    memory: Annotated[int, typer.Option(min=64, help="memory it may take, in MB")] = 1024,
    as_json: AsJson = False,
) -> None:
    """Ask in SQL; nothing can be changed by it. SHOW TABLES lists the tables, DESCRIBE one's columns."""
    check_version()
    answer = run_sql(question, time_limit_s=time_limit, memory_mb=memory, max_rows=rows, for_admin=True)
    if csv is not None or parquet is not None:
        from app.components.export import csv_file, parquet_file  # brings the framework of pages along

        for file, make in ((csv, csv_file), (parquet, parquet_file)):
            if file is not None:
                _write(file, make(answer.frame).getvalue())
    if as_json:
        print_json(_told(answer))
    elif csv is None and parquet is None:
        _show(answer.frame)
    kept = [str(file) for file in (csv, parquet) if file is not None]
    console.print(escape(_summary(answer, kept)))


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be written: {error.strerror}; name a file in a folder that is there"
        ) from error


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "columns": [{"name": name, "type": kind} for name, kind in answer.columns],
        "rows": [{name: _plain(value) for name, value in row.items()} for row in _records(answer.frame)],
        "total_rows": answer.total_rows,
        "truncated": answer.truncated,
        "seconds": answer.seconds,
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: lists and structures whole, what is no number of JSON by its word."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _show(frame: pd.DataFrame) -> None:
    stdout = Console()
    shown = _shorten if stdout.is_terminal else _text  # a pipe or a file takes values whole
    rows = [[shown(value) for value in row] for row in frame.head(SHOWN_ROWS).itertuples(index=False)]
    _print_rows([str(name) for name in frame.columns], rows, stdout)


def _print_rows(heads: Sequence[str], rows: Sequence[Sequence[str]], stdout: Console) -> None:
    """Print a table where it fits the width, else each row as lines of a column and its value."""
    table = Table(*map(escape, heads), box=None)
    for row in rows:
        table.add_row(*map(Text, row))
    unbounded = stdout.options.update(max_width=UNBOUNDED)
    if stdout.measure(table, options=unbounded).maximum <= stdout.width:
        stdout.print(table)
        return
    width = max(map(len, heads))
    for number, row in enumerate(rows, 1):
        stdout.print(Text(f"row {number}", "bold"), soft_wrap=True)
        for head, value in zip(heads, row, strict=True):
            stdout.print(Text(f"  {head:<{width}}  {value}"), soft_wrap=True)


def _text(value: Any) -> str:
    is_null = value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    return "NULL" if is_null else str(value)


def _shorten(value: Any) -> str:
    text = _text(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _summary(answer: Answer, kept: list[str]) -> str:
    count = len(answer.frame)
    told = f"{count:,} row{'' if count == 1 else 's'} in {answer.seconds:.2f} s"
    if answer.truncated:
        total = "more" if answer.total_rows is None else f"{answer.total_rows:,}"
        told += f", of {total}: a LIMIT or an aggregate asks for fewer, --rows for more"
    if kept:
        told += f", written to {' and '.join(kept)}"
    elif count > SHOWN_ROWS:
        told += f", the first {SHOWN_ROWS} shown: --csv or --parquet keeps them all"
    return told
