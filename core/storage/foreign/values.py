"""Text of other programs as values: numbers, truth values, JSON where it is that; names as they are shown."""

import ast
import json
import math
import re
from typing import Any

from core.storage.foreign.records import LARGEST_INTEGER, NAME_CHARACTERS
from core.storage.readers.limits import printable

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_WORDS: dict[str, bool | None] = {
    "true": True, "True": True, "false": False, "False": False, "None": None, "null": None,
}  # fmt: skip
_BRACKETS = ("[", "{", "(")
# A spreadsheet runs a cell that begins so; an apostrophe before it makes it text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LITERAL_CHARACTERS = 8_000
DEPTH = 16


def typed(text: str) -> Any:
    """Return a hyperparameter that was written as text: 0.001, true, [1, 2] or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and abs(number := int(text)) < LARGEST_INTEGER:
        return number
    if _NUMBER.fullmatch(text) and not _is_padded(text):
        value = float(text)
        return value if math.isfinite(value) else text
    if text.startswith(_BRACKETS) and len(text) <= LITERAL_CHARACTERS:
        return _structure(text)
    return text


def _is_padded(text: str) -> bool:
    """Tell an identifier such as 007 from a number."""
    digits = text.lstrip("+-")
    return digits.isdigit() and len(digits) > 1


def _structure(text: str) -> Any:
    """Return a list or mapping that was written as JSON or as Python does; any other text as it is."""
    for parse in (json.loads, ast.literal_eval):
        try:
            value = plain(parse(text))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | dict):
            return value
    return text


def plain(value: Any, depth: int = 0) -> Any:
    """Return a structure as JSON holds it; raise ValueError where it cannot."""
    if depth > DEPTH:
        raise ValueError(f"nested deeper than {DEPTH}")
    if isinstance(value, dict):
        return {storable(str(key)): plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each, depth + 1) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) >= LARGEST_INTEGER:
        return str(value)
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ValueError(f"{type(value).__name__} is nothing that JSON holds")


def storable(text: str) -> str:
    """Return a text without what no database takes: NUL and lone surrogates, written as escapes."""
    if text.isascii() and "\x00" not in text:
        return text
    return "".join(
        printable(char) if char == "\x00" or "\ud800" <= char <= "\udfff" else char for char in text
    )


def label(text: str) -> str:
    """Return a name as it can be shown; raise ValueError where it is empty or too long."""
    shown = printable(text)
    if not 0 < len(shown) <= NAME_CHARACTERS:
        raise ValueError(
            f"the name {shown[:20]!r}... has {len(shown):,} characters; 1 to {NAME_CHARACTERS} are kept"
        )
    return shown


def label_or_none(text: object) -> str | None:
    """Return a name cut to what is kept of one, or None where there is none."""
    shown = printable(str(text)).strip()[:NAME_CHARACTERS] if text is not None else ""
    return shown or None


def guarded(cell: str) -> str:
    """Return a text for a cell of CSV that no spreadsheet runs."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unguarded(cell: str) -> str:
    """Return the text of a cell of CSV; exactly what `guarded` was given."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell
