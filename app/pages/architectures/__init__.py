"""Architectures: the table of searches over networks of cells, and one of them in detail."""

import asyncio
from typing import Any, ClassVar

import panel as pn

from app.components.empty_state import empty_state
from app.components.following_page import FollowingPage
from app.pages.architectures.detail import DetailView
from app.pages.architectures.table import SearchTable
from app.state.architectures import ArchitecturesState
from core.errors import NotFoundError

POLL_MS = 2000


class ArchitecturesPage(FollowingPage):
    """What the state names: one search, or all; what runs is followed while the page is seen."""

    title, path, icon = "Architectures", "/architectures", "account_tree"
    state_class: ClassVar[type[ArchitecturesState]] = ArchitecturesState
    state: ArchitecturesState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.table: SearchTable | None = None
        self.detail: DetailView | None = None
        self._swap()
        self.state.param.watch(lambda _: pn.state.execute(self._swap), "campaign")
        self.state.param.watch(lambda _: pn.state.execute(self._draw_axis), "axis")
        self.state.param.watch(lambda _: pn.state.execute(self._draw_trial), "trial")
        self.state.param.watch(lambda *_: pn.state.execute(self._show_trials), ["sort", "descending", "page"])

    def period_ms(self) -> int | None:
        """Look again at the table always, at one search while more may come of it."""
        if self.detail is not None:
            return POLL_MS if self.detail.is_active else None
        return POLL_MS if self.state.campaign is None else None

    def _swap(self) -> None:
        """Show another search, or the table."""
        self.detail = None
        if self.state.campaign is None:
            self._show_table()
        else:
            self._show_detail(self.state.campaign)
        self._follow()

    def _show_table(self) -> None:
        if self.table is None:
            self.table = SearchTable(
                lambda row_id: self.open(self.path, campaign=row_id), linked=self.navigate is not None
            )
        else:
            self.table.refresh()
        self.breadcrumb = []
        self._content.objects = [self.table]

    def _show_detail(self, campaign_id: int) -> None:
        try:
            self.detail = DetailView(campaign_id, self.state, self.open, linked=self.navigate is not None)
        except NotFoundError as error:
            self.breadcrumb = [str(campaign_id)]
            back = ("All architecture searches", lambda: self.open(self.path))
            self._content.objects = [
                empty_state(
                    f"No architecture search {campaign_id}",
                    str(error),
                    actions=[back],
                    command="brinell nas list",
                )
            ]
            return
        self.breadcrumb = [self.detail.search.row.name]
        self._content.objects = [self.detail]

    def _draw_axis(self) -> None:
        if self.detail is not None:
            self.detail.draw_pareto()

    def _draw_trial(self) -> None:
        if self.detail is not None:
            self.detail.draw_architecture()

    def _show_trials(self) -> None:
        if self.detail is not None:
            self.detail.show_trials()

    def _look(self) -> None:
        view = self.detail or self.table
        if view is not None:
            view.refresh()

    async def _look_again(self) -> None:
        detail, table = self.detail, self.table
        if detail is not None:
            await detail.poll()
            if not detail.is_active and detail is self.detail:
                self._follow()
        elif table is not None:
            table.show(await asyncio.to_thread(table.read))
