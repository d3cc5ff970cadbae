"""The frame around all pages: it makes them, swaps them, and keeps the browser's address true."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import panel as pn
import panel_material_ui as pmui
import param
from panel.util import edit_readonly

from app.components.empty_state import empty_state
from app.components.error_view import error_view, tell_error
from app.components.frame import HeaderBar, Rail
from app.components.page import PageView
from app.components.safe_text import text
from app.theme import HEADER_PX, RAIL_PX, css_variables, material_theme

JOBS_POLL_MS = 2000
NARROW = "@media (max-width: 800px)"


class RunningJob(NamedTuple):
    """A line of the running-jobs chip; `fraction` is None where the end is not known."""

    title: str
    fraction: float | None
    path: str
    query: Mapping[str, str] = {}


class RunningJobs(NamedTuple):
    """What the running-jobs chip counts; it names the newest alone."""

    jobs: Sequence[RunningJob]
    count: int


class Shell(pn.viewable.Viewer):
    """One person's view of the application in one browser tab."""

    dark = param.Boolean(default=False, doc="dark theme")
    collapsed = param.Boolean(default=False, doc="rail without names")

    def __init__(
        self,
        pages: Sequence[type[PageView]],
        list_running_jobs: Callable[[], RunningJobs],
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self._classes = {page.path: page for page in pages}
        self._list_running_jobs = list_running_jobs
        self._views: dict[str, PageView] = {}
        self._holders: dict[str, pn.Column] = {}
        self._current: str | None = None
        self._arriving = False
        self.header = HeaderBar(
            self._on_header_message, dark=self.dark, sizing_mode="stretch_width", margin=0
        )
        self.rail = Rail(
            lambda message: self.navigate_to_page(message["path"]),
            entries=[{"path": page.path, "title": page.title, "icon": page.icon} for page in pages],
            collapsed=self.collapsed,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._main = pn.Column(sizing_mode="stretch_width", margin=0)
        self._frame = pmui.Page(
            header=[self.header],
            sidebar=[self.rail],
            main=[self._main],
            title="",
            meta_title="Brinell",
            dark_theme=self.dark,
            theme_toggle=False,
            sidebar_variant="permanent",
            sidebar_resizable=False,
            busy_indicator=None,
            theme_config=material_theme(),
            raw_css=[css_variables()],
        )
        with edit_readonly(self._frame):
            # Panel's word for "a callback of some session runs": the frame of every session would follow it.
            self._frame.busy = False
        self.header.param.watch(lambda event: setattr(self._frame, "dark_theme", event.new), "dark")
        self.rail.param.watch(lambda _: self._size_rail(), "collapsed")
        self._size_rail()
        self._poll: Any = None

    def __panel__(self) -> pn.viewable.Viewable:
        return self._frame

    def start(self, path: str, query: Mapping[str, str]) -> None:
        """Show the place that the browser asked for, and begin to watch the running jobs."""
        self._show(path, query, push=False)
        self._refresh_jobs()
        pn.state.onload(lambda: self._watch_jobs(seen=True))

    def navigate(self, path: str, **query: Any) -> None:
        """Open a place as a new step of the history."""
        self._show(path, {name: str(value) for name, value in query.items()}, push=True)

    def navigate_to_page(self, path: str) -> None:
        """Open a page as it was left; the page already shown returns to its beginning."""
        view = self._views.get(path)
        keep = view is not None and path != self._current
        self._show(path, view.state.query() if keep else {}, push=True)

    def _on_header_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "seen":
            self._watch_jobs(seen=message["seen"])
            return
        query = dict(parse_qsl(message["query"].removeprefix("?"), keep_blank_values=True))
        self._show(message["path"], query, push=message["type"] == "go")

    def _show(self, path: str, query: Mapping[str, str], *, push: bool) -> None:
        self._leave(path)
        self._arriving = True  # the state is being read from an address: it must not write one
        try:
            if path not in self._classes:
                self._show_unknown(path)
            else:
                self._show_page(path, query)
        finally:
            self._arriving = False
        self._current = path
        self._write_address(push=push)
        self._write_title()

    def _leave(self, path: str) -> None:
        if self._current is None or self._current == path:
            return
        if self._current in self._views:
            self._views[self._current].on_hide()
        self._holders[self._current].visible = False

    def _show_page(self, path: str, query: Mapping[str, str]) -> None:
        try:
            if path not in self._views:
                self._add_page(path, query)
            else:
                self._views[path].state.read_query(query)
            self._holders[path].visible = True
            if self._current != path:
                self._views[path].on_show()
        except Exception as error:  # noqa: BLE001 - the page's outermost frame
            self._views.pop(path, None)
            self._hold(path, error_view(error, f"Showing {self._classes[path].title}"))

    def _add_page(self, path: str, query: Mapping[str, str]) -> None:
        cls = self._classes[path]
        state = cls.state_class()
        state.read_query(query)
        view = cls(state=state, navigate=self.navigate, places=self._classes.keys())
        notice = text(state.param.notice, "caption", visible=state.param.notice.rx.bool())
        self._hold(path, pn.Column(notice, view, sizing_mode="stretch_width", margin=0))
        self._views[path] = view
        if cls.state_class.url_params:
            state.param.watch(lambda *_: self._on_state_change(path), list(cls.state_class.url_params))
        view.param.watch(lambda _: self._write_title(), "breadcrumb")

    def _show_unknown(self, path: str) -> None:
        links = [(page.title, lambda path=page.path: self.navigate(path)) for page in self._classes.values()]
        self._hold(
            path,
            empty_state(
                "No such page",
                f"Nothing is kept at {path}. The address may be misspelt, or the page was removed.",
                actions=links,
            ),
        )

    def _hold(self, path: str, content: pn.viewable.Viewable) -> None:
        if path in self._holders:
            self._holders[path].objects = [content]
            self._holders[path].visible = True
            return
        self._holders[path] = pn.Column(content, sizing_mode="stretch_width", margin=24)
        self._main.append(self._holders[path])

    def _on_state_change(self, path: str) -> None:
        if not self._arriving and path == self._current:
            self._write_address(push=False)

    def _write_address(self, *, push: bool) -> None:
        view = self._views.get(self._current or "")
        query = urlencode(view.state.query()) if view is not None else ""
        url = f"{self._current}?{query}" if query else str(self._current)
        self.header.address = {"url": url, "push": push}

    def _write_title(self) -> None:
        view = self._views.get(self._current or "")
        cls = self._classes.get(self._current or "")
        title = cls.title if cls is not None else "No such page"
        crumbs = list(view.breadcrumb) if view is not None else []
        self.header.param.update(
            title=title,
            path=self._current if cls is not None else "/",
            breadcrumb=crumbs,
            document_title=" · ".join([*reversed(crumbs), title, "Brinell"]),
        )
        self.rail.active = self._current or "/"

    def _watch_jobs(self, *, seen: bool) -> None:
        if self._poll is None:
            self._poll = pn.state.add_periodic_callback(self._refresh_jobs, JOBS_POLL_MS, start=False)
        if seen and not self._poll.running:
            self._refresh_jobs()
            self._poll.start()
        elif not seen and self._poll.running:
            self._poll.stop()

    def _refresh_jobs(self) -> None:
        running = self._list_running_jobs()
        jobs = [
            {
                "title": job.title,
                "fraction": job.fraction,
                "path": job.path,
                "query": f"?{urlencode(job.query)}" if job.query else "",
            }
            for job in running.jobs
        ]
        self.header.param.update(jobs=jobs, running=running.count)

    def _size_rail(self) -> None:
        wide = RAIL_PX["collapsed" if self.rail.collapsed else "expanded"]
        narrow = RAIL_PX["collapsed"]
        self._frame.param.update(sidebar_width=wide, sx=_frame_sx(wide) | {NARROW: _frame_sx(narrow)})


def _frame_sx(rail_px: int) -> dict[str, Any]:
    """Let the rail stand full height, with the header line to its right."""
    return {
        "& > nav, & .MuiDrawer-paper": {"width": f"{rail_px}px !important", "flexShrink": 0},
        "& .sidebar > .MuiToolbar-root": {"display": "none"},
        "& .header": {
            "left": f"{rail_px}px",
            "width": "auto",
            "height": f"{HEADER_PX}px",
            "backgroundColor": "background.paper",
            "color": "text.primary",
            "borderBottom": "1px solid",
            "borderColor": "divider",
            "boxShadow": "none",
        },
        "& .main-content > * > *": {"flexShrink": "0 !important", "maxHeight": "none !important"},
        "& .main": {"backgroundColor": "background.default", "flex": "1 1 0", "minWidth": 0},
    }


def report_callback_error(error: Exception) -> None:
    """Tell the person that an action failed, and log why; Panel calls this for every callback."""
    tell_error(error, "callback")
