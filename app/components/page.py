"""The protocol between the shell and a page."""

from collections.abc import Collection
from typing import Any, ClassVar, Protocol

import panel as pn
import param

from app.components.notebook import NotebookCell
from app.state.page import PageState


class Navigate(Protocol):
    """Opens another place of the application; handed to each page by the shell."""

    def __call__(self, path: str, **query: Any) -> None:
        """Open `path` with the given state, as a step that the browser's Back undoes."""


class PageView(pn.viewable.Viewer):
    """One page: shown by the shell at `path`, and by a notebook cell as it is."""

    title: ClassVar[str]
    path: ClassVar[str]
    icon: ClassVar[str]  # name of a Material icon, https://fonts.google.com/icons
    state_class: ClassVar[type[PageState]] = PageState

    breadcrumb = param.List(default=[], item_type=str, doc="what is open within the page, outermost first")

    def __init__(
        self,
        state: PageState | None = None,
        navigate: Navigate | None = None,
        places: Collection[str] = (),
        **state_params: Any,
    ) -> None:
        self.state = state if state is not None else self.state_class()
        self.navigate, self.places = navigate, places  # the paths of all pages there are
        self.state.param.update(**state_params)
        super().__init__()

    def open(self, path: str, **query: Any) -> None:
        """Open another place where there is a shell; in a notebook only a place of this page."""
        if self.navigate is not None:
            self.navigate(path, **query)
        elif path == self.path:
            self.state.read_query({name: str(value) for name, value in query.items()})

    def on_show(self) -> None:
        """Begin what costs while the page is seen: periodic callbacks."""

    def on_hide(self) -> None:
        """Stop what `on_show` began; the page is kept and may be shown again."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return NotebookCell(self)._repr_mimebundle_(include, exclude)
