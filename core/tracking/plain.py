"""What people log, as plain numbers and JSON; scalars of numpy and torch, without importing either."""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInputError

LONGEST_NAME = 200


def to_number(name: str, value: Any) -> float | None:
    """Return a logged value as a float, None staying None; raise InvalidInputError where it is no number."""
    if value is None:
        return None
    try:
        # An array of one element says so by item(); a larger one refuses.
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InvalidInputError(
            f"{name}={str(value)[:80]!r} ({type(value).__name__}) is not one number; log a float, or a "
            "tensor or array of one element"
        ) from error


def check_name(name: str) -> str:
    """Return the name of a metric; refuse one that no search or table could show."""
    if not 0 < len(name) <= LONGEST_NAME or any(unicodedata.category(char) == "Cc" for char in name):
        raise InvalidInputError(
            f"a metric's name has 1 to {LONGEST_NAME} characters, no control character, not {name[:220]!r}"
        )
    return name


def to_plain(value: Any) -> Any:
    """Return a hyperparameter as JSON takes it: nested mappings and lists; what is neither, as its text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): to_plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return to_plain(value.tolist())
    return str(value)
