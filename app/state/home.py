"""Home shows everything at once: there is nothing to choose, so nothing to share but its address."""

from app.state.page import PageState


class HomeState(PageState):
    """The state of Home."""
