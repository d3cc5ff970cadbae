"""A page that looks again at what is stored while somebody sees it."""

from abc import abstractmethod
from typing import Any

import panel as pn

from app.components.page import PageView


class FollowingPage(PageView):
    """Looks at once when it is shown again, then every `period_ms` while it is seen and more may come."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._seen = False
        self._was_hidden = False
        self._poll: Any = None

    def __panel__(self) -> pn.viewable.Viewable:
        if self.navigate is None:  # a notebook cell has no shell to say that the page is seen
            self.on_show()
        return self._content

    def on_show(self) -> None:
        """Follow what is stored; what was read to make the page is not read again at once."""
        self._seen = True
        if self._was_hidden:
            self._look()
        self._follow()

    def on_hide(self) -> None:
        """Stop following."""
        self._seen, self._was_hidden = False, True
        self._follow()

    @abstractmethod
    def period_ms(self) -> int | None:
        """Return how often to look again, None where nothing more comes."""

    @abstractmethod
    def _look(self) -> None:
        """Show what is stored by now."""

    @abstractmethod
    async def _look_again(self) -> None:
        """Read in a thread, then show on the loop, where a document may be changed."""

    def _follow(self) -> None:
        """Poll or stop, as what is shown asks for by now."""
        if self._poll is not None:
            self._poll.stop()
            self._poll = None
        period = self.period_ms() if self._seen else None
        if period is not None:
            self._poll = pn.state.add_periodic_callback(self._look_again, period)
