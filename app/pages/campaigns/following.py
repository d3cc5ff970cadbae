"""What takes longer than a page may: computed beside the loop, shown where it stands when it is done."""

from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.plotting import figure

from app.components.grid import stack
from app.components.safe_text import text
from app.components.signal.following import Follower
from core.errors import BrinellError


def after_paint(act: Callable[[], None]) -> None:
    """Act when the browser has drawn what it was sent; at once where no session is served."""
    document = pn.state.curdoc
    if document is None or document.session_context is None:
        act()
    elif pn.state.loaded:
        document.add_next_tick_callback(act)
    else:
        pn.state.onload(act)


class Later(pn.viewable.Viewer):
    """A place of the size of what will stand there; `compute` runs in a thread, `draw` on the loop.

    What our own errors say is shown in the place of a picture.
    """

    def __init__(
        self,
        anchor: figure,
        compute: Callable[[], Any],
        draw: Callable[[Any], list[Any]],
        doing: str,
        *,
        height: int = 0,
    ) -> None:
        super().__init__()
        self._draw, self._doing = draw, doing
        self._content = stack(text(f"{doing} …", "muted"), gap_px=8)
        self._content.min_height = height
        self._follower: Follower[Callable[[], Any]] = Follower(anchor, _answer, self._show)
        self.ask(compute)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def ask(self, compute: Callable[[], Any]) -> None:
        """Compute again; what stands there stays until it is done."""
        self._follower.ask(compute)

    def _show(self, _asked: object, answer: Any) -> None:
        if isinstance(answer, BrinellError):
            words = str(answer).rstrip(".")
            self._content.objects = [text(f"{words[:1].upper()}{words[1:]}.", "muted")]
        else:
            self._content.objects = self._draw(answer)


def _answer(compute: Callable[[], Any]) -> Any:
    try:
        return compute()
    except BrinellError as error:
        return error
