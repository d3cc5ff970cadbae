"""The two parts of the frame that live in the browser: the left rail and the header line."""

from collections.abc import Callable
from typing import Any, ClassVar

import param

from app.components.scripted import HERE, Scripted, script

STYLES = (HERE / "frame.css").read_text(encoding="utf-8")


class _FramePart(Scripted):
    """A part of the frame; what its browser side sends goes to `on_message`."""

    _stylesheets: ClassVar[list[str]] = [STYLES]

    __abstract = True

    def __init__(self, on_message: Callable[[dict[str, Any]], None], **params: Any) -> None:
        self._on_message = on_message
        super().__init__(**params)

    def _handle_msg(self, data: dict[str, Any]) -> None:
        self._on_message(data)


class Rail(_FramePart):
    """The pages, as icons or as icons with names."""

    entries = param.List(default=[], item_type=dict, doc="path, title and icon of each page")
    active = param.String(default="/", doc="path of the page shown")
    collapsed = param.Boolean(default=False, doc="icons alone")

    _esm = script("parts", "rail")


class HeaderBar(_FramePart):
    """Title, breadcrumb, running jobs and theme; it also writes the address and hears Back."""

    title = param.String(default="", doc="title of the page shown")
    path = param.String(default="/", doc="where the title leads")
    breadcrumb = param.List(default=[], item_type=str, doc="what is open within the page")
    document_title = param.String(default="Brinell", doc="title of the browser's tab")
    address = param.Dict(default={}, doc="url to write, and whether as a new step of the history")
    jobs = param.List(default=[], item_type=dict, doc="title, fraction, path and query of each running job")
    running = param.Integer(default=0, doc="how many jobs run; of many, the newest alone are named in jobs")
    dark = param.Boolean(default=False, doc="dark theme")

    _esm = script("parts", "header_bar")
