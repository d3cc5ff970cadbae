"""The shareable state of a page, and its form in an address."""

import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import param


class PageState(param.Parameterized):
    """What a person chose on one page; `url_params` names the part that a link carries."""

    url_params: ClassVar[tuple[str, ...]] = ()

    notice = param.String(default="", doc="what of the address could not be used, for the person")

    def query(self) -> dict[str, str]:
        """Return the shareable values that differ from their defaults, as text."""
        return {
            name: _to_text(getattr(self, name))
            for name in self.url_params
            if getattr(self, name) != self.param[name].default
        }

    def read_query(self, query: Mapping[str, str]) -> None:
        """Take the shareable values from `query`; what it leaves out returns to its default.

        A value that does not fit is left at its default and named in `notice`.
        """
        notices = []
        with param.parameterized.batch_call_watchers(self):
            for name in self.url_params:
                parameter = self.param[name]
                try:
                    value = _from_text(query[name], parameter) if name in query else parameter.default
                    setattr(self, name, value)
                except (ValueError, TypeError, RecursionError):
                    setattr(self, name, parameter.default)
                    notices.append(f"“{name}={query[name][:80]}” in the address does not fit: ignored.")
            self.notice = " ".join(notices)


def _to_text(value: Any) -> str:
    """Write numbers and text as they are read, sequences as JSON without the brackets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return json.dumps(list(value), separators=(",", ":"), ensure_ascii=False)[1:-1]
    return str(value)


def _from_text(text: str, parameter: param.Parameter) -> Any:  # noqa: PLR0911 - one return a kind of parameter
    if text == "" and parameter.allow_None and not isinstance(parameter, param.String):
        return None
    if isinstance(parameter, param.Boolean):
        return {"true": True, "false": False}.get(text, text)  # any other text fails param's own check
    if isinstance(parameter, param.Integer):
        return int(text)
    if isinstance(parameter, (param.List, param.ListSelector)):
        return json.loads(f"[{text}]")
    if isinstance(parameter, param.Tuple):
        return tuple(_finite(value) for value in json.loads(f"[{text}]"))
    if isinstance(parameter, param.Selector):
        return next((choice for choice in parameter.objects if str(choice) == text), text)
    if isinstance(parameter, param.Number):
        return _finite(float(text))
    return text


def _finite(value: Any) -> Any:
    try:
        if not isinstance(value, bool) and math.isfinite(value):
            return value
    except OverflowError:  # a whole number of hundreds of digits
        pass
    raise ValueError(f"{str(value)[:20]} is not a finite number")
