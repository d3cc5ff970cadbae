"""What differs between a figure in a server's session and one in a notebook or a test."""

from collections.abc import Callable

import panel as pn
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.document import Document
from bokeh.plotting import figure

POINTS = 1200  # a pixel each, until the browser has said how wide the figure is
LEAST_POINTS = 200


def find_document(plot: figure) -> Document | None:
    """Return the document of a server's session that a figure is in, or is being made for."""
    document = plot.document or pn.state.curdoc
    return document if document is not None and document.session_context is not None else None


def is_served(plot: figure) -> bool:
    """Tell whether the figure lives in a server's session, where callbacks can be put off."""
    return plot.document is not None and plot.document.session_context is not None


def apply(plot: figure, change: Callable[[], None]) -> None:
    """Change a figure under its document's lock, which a thread that answers a widget does not hold."""
    if is_served(plot):
        plot.document.add_next_tick_callback(change)
    else:
        change()


def count_points(plot: figure) -> int:
    """Return how many pixels wide a figure is."""
    try:
        return max(plot.inner_width, LEAST_POINTS)
    except UnsetValueError:  # no browser has laid it out yet
        return POINTS


def is_awaited(plot: figure) -> bool:
    """Tell whether a browser is on its way that has not said yet how wide the figure is."""
    if find_document(plot) is None:
        return False
    try:
        return plot.inner_width < LEAST_POINTS
    except UnsetValueError:
        return True


class Answering:
    """Answers a figure's changed range once, however many changes the browser has sent by then."""

    def __init__(self, plot: figure, show: Callable[[], None]) -> None:
        self._plot, self._show, self._is_waiting = plot, show, False
        for end in ("start", "end"):
            plot.x_range.on_change(end, self._on_change)
        # A browser that lays the page out late, or makes it wider, has room for finer bins.
        plot.on_change("inner_width", self._on_change)

    def _on_change(self, _attribute: str, _old: object, _new: object) -> None:
        if self._is_waiting:
            return
        if not is_served(self._plot):
            self._show()
            return
        self._is_waiting = True
        self._plot.document.add_next_tick_callback(self._answer)

    def _answer(self) -> None:
        self._is_waiting = False
        self._show()


class Later:
    """Acts some time after the last of many changes; at once where there is no loop to wait on."""

    def __init__(self, plot: figure, delay_ms: int, act: Callable[[], None]) -> None:
        self._plot, self._delay_ms, self._act = plot, delay_ms, act
        self._waiting: object = None

    def begin(self) -> None:
        """Begin to wait, anew where it waits already."""
        if not is_served(self._plot):
            self._act()
            return
        document = self._plot.document
        if self._waiting is not None:
            document.remove_timeout_callback(self._waiting)
        self._waiting = document.add_timeout_callback(self._end, self._delay_ms)

    def _end(self) -> None:
        self._waiting = None
        self._act()
