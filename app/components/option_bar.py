"""Choices side by side: toggles, one of a few, one of many, a number; each named above."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet


class OptionBar(BrowserPart):
    """Tells {"name", "value"} of what a person changed; what is chosen is said by `fields` alone."""

    fields = param.List(default=[], item_type=dict, doc="made by many, one, choice and number below")

    _esm = script("parts", "option_bar")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "toggle", "option_bar")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)


def option(
    value: str, label: str, *, title: str = "", color: str = "", disabled: bool = False
) -> dict[str, Any]:
    """Return one thing to choose."""
    return {"value": value, "label": label, "title": title, "color": color, "disabled": disabled}


def many(name: str, label: str, options: Sequence[dict[str, Any]], value: Sequence[str]) -> dict[str, Any]:
    """Return a field of toggles."""
    return {"kind": "many", "name": name, "label": label, "options": list(options), "value": list(value)}


def one(name: str, label: str, options: Sequence[dict[str, Any]], value: str) -> dict[str, Any]:
    """Return a field of one out of a few."""
    return {"kind": "one", "name": name, "label": label, "options": list(options), "value": value}


def choice(name: str, label: str, options: Mapping[str, str], value: str) -> dict[str, Any]:
    """Return a field of one out of many; `options` names each value."""
    listed = [option(each, words) for each, words in options.items()]
    return {"kind": "choice", "name": name, "label": label, "options": listed, "value": value}


def number(name: str, label: str, value: float | None, *, hint: str = "") -> dict[str, Any]:
    """Return a field of a number, empty where there is none; `hint` says what then counts."""
    shown = "" if value is None else f"{value:.10g}"
    return {"kind": "number", "name": name, "label": label, "value": shown, "hint": hint}
