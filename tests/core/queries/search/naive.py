"""Searches answered by looking at every record in plain Python, sharing only the parser with the program."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.queries.search import Search
from core.queries.search.tree import AllOf, AnyOf, Comparison, Node, Not, Word
from tests.core.queries.search.made_rows import NOW, TAGS, Record

TEST: dict[str, Callable[[Any, Any], bool]] = {
    ":": lambda a, b: a == b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
COLUMNS = ("name", "model", "notes")
UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def answer(search: Search, records: list[Record], *, archived: bool = False, me: str = "alice") -> list[int]:
    """Return the ids of what a search finds, in its order."""
    tree = search.tree
    shelved = [record for record in records if _says_archived(tree) or record.archived == archived]
    found = [record for record in shelved if tree is None or holds(tree, record, me)]
    ordered = sorted(found, key=lambda record: -record.id)
    if search.sort is not None and search.sort.field.text != "relevance":
        ordered = _sorted(ordered, search.sort.field.text, descending=search.sort.descending)
    elif tree is not None:
        ordered.sort(key=lambda record: _rank(tree, record, me))
    return [record.id for record in ordered][: search.limit]


def _says_archived(node: Node | None) -> bool:
    if isinstance(node, Not):
        return _says_archived(node.part)
    if isinstance(node, AllOf | AnyOf):
        return any(map(_says_archived, node.parts))
    return isinstance(node, Comparison) and node.field.text == "archived"


def holds(node: Node, record: Record, me: str, columns: tuple[str, ...] = COLUMNS) -> bool:
    """Tell whether a part of a search is true of a record, free text counting in some columns only."""
    match node:
        case Word():
            return any(_is_said(node, getattr(record, column)) for column in columns)
        case Not(part):
            return not holds(part, record, me)
        case AllOf(parts):
            return all(holds(part, record, me, columns) for part in parts)
        case AnyOf(parts):
            return any(holds(part, record, me, columns) for part in parts)
        case Comparison():
            return _compares(node, record, me)


def _rank(tree: Node, record: Record, me: str) -> int:
    return next(n for n in range(3) if holds(tree, record, me, COLUMNS[: n + 1]))


def _words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", plain)


def _is_said(word: Word, text: str | None) -> bool:
    sought, there = _words(word.text), _words(text or "")
    for start in range(len(there) - len(sought) + 1):
        *body, last = there[start : start + len(sought)]
        ends = last == sought[-1] if word.is_quoted else last.startswith(sought[-1])
        if body == sought[:-1] and ends:
            return True
    return False


def _compares(term: Comparison, record: Record, me: str) -> bool:
    name, operator, values = term.field.text, term.operator, [value.text for value in term.values]
    if name == "tag":
        slugs = dict(TAGS)
        borne = {tag.casefold() for tag in record.tags} | {slugs[tag] for tag in record.tags}
        return any(value.casefold() in borne for value in values) is not (operator == "!=")
    if name in {"name", "notes"} and operator == ":":
        return any(_is_said(value, getattr(record, name)) for value in term.values)
    if name == "created":
        return _is_dated(record.created, operator, values)
    if name == "archived":
        flags = {value in {"yes", "true"} for value in values}
        return (record.archived in flags) if operator != "!=" else ((not record.archived) in flags)
    stored, read = _stored(name, record, me)
    if stored is None or (isinstance(stored, str) and operator[0] in "<>"):
        return False
    same = [TEST[operator](stored, read(value)) for value in values]
    return all(same) if operator == "!=" else any(same)


def _stored(name: str, record: Record, me: str) -> tuple[Any, Callable[[str], Any]]:
    readers = {"duration": _seconds, "id": _number, "epochs": _number, "name": str, "notes": str}
    if name in readers:
        return getattr(record, name), readers[name]
    if name in {"model", "status", "dataset", "owner", "split", "campaign", "source"}:
        value = getattr(record, name)
        return value and value.casefold(), lambda text: me if text == "me" else text.casefold()
    metric = re.fullmatch("(best.|last.)?(val_accuracy|val_loss|train/loss)", name)
    if metric:
        return record.metrics.get(metric[2], (None, None))[metric[1] == "last."], _number
    value = record.parameters.get(name.removeprefix("param."))
    if isinstance(value, str):
        return value.casefold(), str.casefold
    return value, _number_or_text


def _number(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _number_or_text(text: str) -> float | str:
    try:
        return _number(text)
    except ValueError:
        return text


def _seconds(text: str) -> float:
    parts = re.findall(r"([\d.]+)([a-z]+)", text)
    return sum(float(amount) * UNITS[unit] for amount, unit in parts) if parts else float(text)


def _is_dated(moment: datetime, operator: str, values: list[str]) -> bool:
    periods = [_period(value) for value in values]
    inside = any(start <= moment < stop for start, stop in periods)
    if operator in {":", "="}:
        return inside
    if operator == "!=":
        return not inside
    start, stop = periods[0]
    is_moment = values[0][-1] in "hdw"
    edges = {"<": moment < start, ">=": moment >= start}
    edges |= {"<=": moment < (start if is_moment else stop), ">": moment >= (start if is_moment else stop)}
    return edges[operator]


def _period(text: str) -> tuple[datetime, datetime]:
    day = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
    if text == "today":
        return day, day + timedelta(days=1)
    if text == "yesterday":
        return day - timedelta(days=1), day
    if text[-1] in "hdw":
        return NOW - timedelta(seconds=int(text[:-1]) * UNITS[text[-1]]), datetime.max.replace(tzinfo=UTC)
    parts = [int(part) for part in text.split("-")]
    start = datetime(
        parts[0], parts[1] if len(parts) > 1 else 1, parts[2] if len(parts) > 2 else 1, tzinfo=UTC
    )
    if len(parts) == 3:
        return start, start + timedelta(days=1)
    months = start.year * 12 + start.month - 1 + (1 if len(parts) == 2 else 12)
    return start, datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _sorted(records: list[Record], name: str, *, descending: bool) -> list[Record]:
    """Sort what has a value, and put the rest after it; equals stay as they were, highest id first."""

    def value(record: Record) -> Any:
        if name in {
            "id",
            "name",
            "model",
            "status",
            "source",
            "dataset",
            "owner",
            "campaign",
            "split",
            "notes",
        }:
            return getattr(record, name)
        if name in {"created", "duration", "epochs"}:
            return getattr(record, name)
        if name.startswith("last."):
            return record.metrics.get(name[5:], (None, None))[1]
        if name.removeprefix("best.") in {"val_accuracy", "val_loss", "train/loss"}:
            return record.metrics.get(name.removeprefix("best."), (None, None))[0]
        found = record.parameters.get(name.removeprefix("param."))
        return None if found is None else (isinstance(found, str), found)

    with_value = [record for record in records if value(record) is not None]
    with_value.sort(key=value, reverse=descending)  # which keeps the order of equals too
    return with_value + [record for record in records if value(record) is None]
