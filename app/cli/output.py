"""What a command prints: its result on standard output, as text or as JSON; all else on standard error."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="print the result as JSON on standard output")]
UNBOUNDED = 1_000_000  # characters, wider than any table


def print_result(data: dict[str, Any], text: str, as_json: bool) -> None:
    """Print a result as people or as programs read it."""
    if as_json:
        print_json(data)
    else:
        typer.echo(text)


def print_json(data: Any) -> None:
    """Print JSON that any program reads: no NaN in it."""
    typer.echo(json.dumps(data, indent=2, default=str, allow_nan=False))


def open_output() -> Console:
    """Return standard output for tables: as wide as the terminal; for a pipe or file without an end."""
    output = Console()
    return output if output.is_terminal else Console(width=UNBOUNDED)
