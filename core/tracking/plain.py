"""What people log, as plain numbers and JSON; scalars of numpy and torch, without importing either."""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInputError

LONGEST_NAME = 200
LARGEST_INTEGER = 1 << 1023  # beyond, no float holds it
_UNNAMED = frozenset({"Cc", "Cs"})  # control characters and lone surrogates


def to_number(name: str, value: Any) -> float | None:
    """Return a logged value as a float, None staying None; raise InvalidInputError where it is no number."""
    if value is None:
        return None
    try:
        # An array of one element says so by item(); a larger one refuses.
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InvalidInputError(
            f"{name}={_shown(value)!r} ({type(value).__name__}) is not one number; log a float, or a "
            "tensor or array of one element"
        ) from error


def check_name(name: str) -> str:
    """Return the name of a metric; refuse one that no search, table or database could hold."""
    if not 0 < len(name) <= LONGEST_NAME or any(unicodedata.category(char) in _UNNAMED for char in name):
        raise InvalidInputError(
            f"a metric's name has 1 to {LONGEST_NAME} characters, no control character or half of a pair "
            f"of surrogates, not {name[:220]!r}"
        )
    return name


def to_whole(what: str, value: Any, highest: int) -> int:
    """Return the number of an epoch or a step; raise InvalidInputError where it is none up to `highest`."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number != value or not 0 <= number <= highest:
        raise InvalidInputError(f"{what} is a whole number from 0 to {highest}, not {_shown(value)}")
    return number


def _shown(value: Any) -> str:
    # Python refuses to write the decimals of an integer of thousands of digits.
    return (hex(value) if isinstance(value, int) and abs(value) >= LARGEST_INTEGER else str(value))[:80]


def to_plain(value: Any) -> Any:
    """Return a hyperparameter as JSON takes it: nested mappings and lists; what is neither, as its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _to_json_number(value)
    if isinstance(value, Mapping):
        return {to_storable(str(name)): to_plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    return to_storable(value if isinstance(value, str) else str(value))


def _to_json_number(value: float) -> float | str:
    """Return a number that JSON and a database hold, of any other the text."""
    if isinstance(value, int):
        return value if abs(value) < LARGEST_INTEGER else hex(value)  # Python refuses to write its decimals
    return value if math.isfinite(value) else str(value)


def to_storable(text: str) -> str:
    """Return a text without what no database takes: NUL and lone surrogates, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
