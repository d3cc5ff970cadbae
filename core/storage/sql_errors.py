"""What is wrong with a question in SQL, where it stands, and what may have been meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from core.errors import BrinellError, InvalidInputError

ALIKE = 0.6
CONFINED = (
    "a question reads the listed views and nothing else: no file, no other database, no setting; "
    "take the name of a view after FROM"
)
_MISSING_TABLE = re.compile(r"Table with name (?P<name>.+?) does not exist")
_GUESS = re.compile(r"\s*Did you mean \"?(?P<name>[^\"?]+)\"?\?", re.DOTALL)


class SqlError(InvalidInputError):
    """A question that cannot be answered as it stands; its `line` and `column`, where known, count from 1."""

    def __init__(
        self, text: str, problem: str, position: int | None = None, suggestions: Iterable[str] = ()
    ) -> None:
        self.text, self.problem, self.position = text, problem, position
        self.suggestions = tuple(suggestions)
        self.line = self.column = None
        if position is not None:
            before = text[:position]
            self.line, self.column = before.count("\n") + 1, position - before.rfind("\n")
        super().__init__(f"{self.message}{self._show_place()}")

    @property
    def message(self) -> str:
        """The problem and the suggestion in one line, for a reader who sees the place otherwise."""
        meant = " or ".join(self.suggestions)
        return f"{self.problem}; did you mean {meant}?" if meant else self.problem

    def _show_place(self) -> str:
        if self.line is None or self.column is None:
            return ""
        shown = self.text.splitlines()[self.line - 1] if self.text.splitlines()[self.line - 1 :] else ""
        begin = max(0, self.column - 1 - 50)
        head = f"line {self.line}: "
        plain = "".join(char if char.isprintable() else " " for char in shown[begin : begin + 100])
        return f"\n  {head}{plain}\n  {' ' * (len(head) + self.column - 1 - begin)}^"


class SqlLimitError(BrinellError):
    """A question that takes more than it may: time, memory, a place among others."""


class SqlStoppedError(BrinellError):
    """A question that was stopped by who asked it."""


def tell(text: str, told: dict[str, Any], kind: str, views: Iterable[str], memory_mb: int) -> BrinellError:
    """Return what DuckDB said of a question, put for people."""
    said = str(told.get("exception_message", ""))
    if kind in {"OutOfMemoryException", "MemoryError"} or "Out of Memory" in said or "std::bad_alloc" in said:
        return out_of_memory(memory_mb)
    if kind in {"PermissionException", "IOException"} or "is disabled by configuration" in said:
        return SqlError(text, CONFINED)
    if "configuration has been locked" in said or "but it exists in the" in said:
        return SqlError(text, CONFINED)
    place = told.get("position")
    position = _in_characters(text, int(place)) if place is not None else None
    if missing := _MISSING_TABLE.search(said):
        known = list(views)
        near = get_close_matches(missing["name"].lower(), known, 2, ALIKE)
        listed = "" if near else f"; there are {', '.join(known)}"
        return SqlError(text, f"there is no table {missing['name']}{listed}", position, near)
    guess = _GUESS.search(said)
    problem = _GUESS.sub("", said).replace("\n\t", " ").replace("\n", "; ").strip("; ")
    return SqlError(text, problem or kind, position, [guess["name"]] if guess else ())


def out_of_memory(memory_mb: int) -> SqlLimitError:
    """Return the error of a question that needs more memory than it may take."""
    return SqlLimitError(
        f"the question takes more than the {memory_mb:,} MB of memory that it may; ask for fewer rows or "
        "columns, aggregate before joining or sorting, or filter earlier"
    )


def _in_characters(text: str, position: int) -> int:
    """Return the place of a byte of a text; DuckDB counts in UTF-8."""
    return len(text.encode()[:position].decode(errors="ignore"))
