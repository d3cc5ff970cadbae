"""What a person chose in a bar of options, taken into the page's state."""

from typing import Any

from app.state.signals import CHOSEN, SignalsState
from core.errors import InvalidInputError

NUMBERS = {"rpm", "cursor_at", "spacing"}


def take(state: SignalsState, message: dict[str, Any]) -> None:
    """Take what a person chose; what does not fit is refused in words, and nothing is changed."""
    name, value = message["name"], message["value"]
    if name in NUMBERS:
        value = read_number(value)
    elif name == "averages":
        value = int(value)
    elif name == "probe":
        value = int(value) if value else None
    elif name == "against":
        value = [int(each) for each in value]
    elif name == "beside":
        name, value = "against", [*state.against, int(value)]
    if name not in CHOSEN:
        raise InvalidInputError(f"{str(name)[:40]!r} is nothing to choose here: {', '.join(CHOSEN)}")
    try:
        setattr(state, name, value)
    except ValueError as error:  # param's own refusal
        raise InvalidInputError(f"{message['value']!r} does not fit here: {error}") from error


def read_number(words: str) -> float | None:
    """Read a number that a person typed, with thousands commas or none; empty is none."""
    if not words:
        return None
    try:
        return float(words.replace(",", ""))
    except ValueError as error:
        raise InvalidInputError(f"{words!r} is no number; type one such as 1797 or 29.95") from error
