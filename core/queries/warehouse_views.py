"""The views that questions in SQL are asked of: their columns, what these mean, and where rows come from.

Names are promises: questions are kept and shared. No view has a secret: no password, key, token or address
that messages are sent to.
"""

import re
from dataclasses import dataclass

from core.queries.warehouse_catalogue import CATALOGUE

TYPES = {
    "ID": "BIGINT",
    "COUNT": "BIGINT",
    "NUMBER": "DOUBLE",
    "WORD": "VARCHAR",
    "TRUTH": "BOOLEAN",
    "MOMENT": "TIMESTAMP WITH TIME ZONE",
    "JSON": "JSON",
}
_HEAD = re.compile(r"(?P<private>private )?(?P<name>\w+)(?: < (?P<log>\w+))?: (?P<sentence>.+)")
_COLUMN = re.compile(r" +(?P<name>\w+)(?:=(?P<stored>\w+))? +(?P<kind>[A-Z]+) +(?P<sentence>.+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view."""

    name: str
    type: str  # DuckDB's
    sentence: str
    stored: str  # its name where its rows are


@dataclass(frozen=True, slots=True)
class View:
    """One table as questions see it."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    is_private: bool  # of people's acts and addresses: administrators'
    log: str  # the sealed log that its rows are of; empty where they are of our tables


def _read_view(told: str) -> View:
    first, *lines = told.splitlines()
    head = _matched(_HEAD, first)
    columns = [_matched(_COLUMN, line) for line in lines]
    return View(
        head["name"],
        head["sentence"],
        tuple(Column(c["name"], TYPES[c["kind"]], c["sentence"], c["stored"] or c["name"]) for c in columns),
        is_private=bool(head["private"]),
        log=head["log"] or "",
    )


def _matched(form: re.Pattern[str], line: str) -> re.Match[str]:
    if (found := form.fullmatch(line)) is None:
        raise ValueError(f"{line!r} of the catalogue tells no view and no column")
    return found


VIEWS: dict[str, View] = {view.name: view for view in map(_read_view, CATALOGUE.strip().split("\n\n"))}
