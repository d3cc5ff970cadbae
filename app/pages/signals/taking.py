"""What a person chose in a bar of options, taken into the page's state."""

import re
from typing import Any

import numpy as np

from app.state.signals import CHOSEN, SignalsState
from core.errors import InvalidInputError

NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,2})?")  # 1,797.5 but not 1,5
NUMBERS = {"rpm", "cursor_at", "spacing"}


def take(state: SignalsState, message: dict[str, Any]) -> None:
    """Take what a person chose; what does not fit is refused in words, and nothing is changed."""
    name, told = message.get("name"), message.get("value")
    if name == "beside":
        name, told = "against", [*state.against, told]
    if name not in CHOSEN:
        raise InvalidInputError(f"{str(name)[:40]!r} is nothing to choose here: {', '.join(CHOSEN)}")
    try:
        setattr(state, name, _read(name, told))
    except (TypeError, ValueError) as error:  # param's own refusal, or a message that no bar sends
        bounds = getattr(state.param[name], "bounds", None)
        fits = f"; it lies between {bounds[0]:g} and {bounds[1] or np.inf:g}" if bounds else ""
        raise InvalidInputError(f"{str(told)[:40]!r} does not fit here{fits}") from error


def _read(name: str, told: Any) -> Any:
    if name in NUMBERS:
        return read_number(str(told))
    if name == "averages":
        return int(told)
    if name == "probe":
        return int(told) if told else None
    if name == "against":
        return [int(each) for each in told]
    return told


def read_number(words: str) -> float | None:
    """Read a number that a person typed, with thousands commas or none; empty is none."""
    if not words:
        return None
    if not NUMBER.fullmatch(words):
        raise InvalidInputError(f"{words[:40]!r} is no number; type one such as 1797 or 29.95")
    return float(words.replace(",", ""))
