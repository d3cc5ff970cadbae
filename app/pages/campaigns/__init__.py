"""Campaigns: the table of searches, several side by side, and one in detail."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import panel as pn

from app.components.empty_state import empty_state
from app.components.following_page import FollowingPage
from app.pages.campaigns.compared import ComparedView, read_compared
from app.pages.campaigns.detail import WITHIN, DetailView
from app.pages.campaigns.table import CampaignTable
from app.state.campaigns import CampaignsState
from core.errors import NotFoundError

POLL_MS = 2000


class CampaignsPage(FollowingPage):
    """What the state names: one campaign, several, or all; what runs is followed while the page is seen."""

    title, path, icon = "Campaigns", "/campaigns", "travel_explore"
    state_class: ClassVar[type[CampaignsState]] = CampaignsState
    state: CampaignsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.table: CampaignTable | None = None
        self.detail: DetailView | None = None
        self.compared: ComparedView | None = None
        self._swap()
        self.state.param.watch(lambda *_: pn.state.execute(self._swap), ["campaign", "ids"])
        self.state.param.watch(lambda *_: pn.state.execute(self._draw_axis), ["axis", "by"])
        self.state.param.watch(lambda _: pn.state.execute(self._show_section), "tab")
        self.state.param.watch(lambda *_: pn.state.execute(self._redraw_section), list(WITHIN))

    def period_ms(self) -> int | None:
        """Look again at the table always, at campaigns while more may come of them."""
        shown = self.detail or self.compared
        if shown is not None:
            return POLL_MS if shown.is_active else None
        return POLL_MS if self.state.campaign is None and not self.state.ids else None

    def _swap(self) -> None:
        """Show another campaign, several, or the table."""
        self.detail = self.compared = None
        if self.state.campaign is not None:
            self._show_detail(self.state.campaign)
        elif self.state.ids:
            self._show_compared()
        else:
            self._show_table()
        self._follow()

    def _show_table(self) -> None:
        if self.table is None:
            self.table = CampaignTable(
                self.state,
                lambda row_id: self.open(self.path, campaign=row_id),
                self._compare,
                linked=self.navigate is not None,
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
            self._content.objects = [self._nothing(f"No campaign {campaign_id}", str(error))]
            return
        self.breadcrumb = [self.detail.campaign.row.name]
        self._content.objects = [self.detail]

    def _show_compared(self) -> None:
        found = read_compared(self.state.ids)
        if len(found) < 2:
            self.breadcrumb = []
            why = (
                f"Of {len(self.state.ids)} asked for, {len(found)} is stored. Tick two or more in the table "
                "and press Compare, or name their numbers in the address, as in /campaigns?ids=1,2."
            )
            self._content.objects = [self._nothing("Fewer than two campaigns to compare", why)]
            return
        self.compared = ComparedView(self.state, linked=self.navigate is not None)
        self.breadcrumb = [f"{len(found)} side by side"]
        self._content.objects = [self.compared]

    def _compare(self, ids: Sequence[int]) -> None:
        self.open(self.path, ids=",".join(map(str, ids)))

    def _nothing(self, what: str, why: str) -> pn.viewable.Viewable:
        back = ("All campaigns", lambda: self.open(self.path))
        return empty_state(what, why, actions=[back], command="brinell search list")

    def _draw_axis(self) -> None:
        if self.detail is not None:
            self.detail.draw_history()
        elif self.compared is not None:
            self.compared.draw()

    def _show_section(self) -> None:
        if self.detail is not None:
            self.detail.show_section()

    def _redraw_section(self) -> None:
        if self.detail is not None:
            self.detail.redraw_section()

    def _look(self) -> None:
        view = self.detail or self.compared or self.table
        if view is not None:
            view.refresh()

    async def _look_again(self) -> None:
        detail, compared, table = self.detail, self.compared, self.table
        if detail is not None:
            await detail.poll()
            if not detail.is_active and detail is self.detail:
                self._follow()
        elif compared is not None:
            found = await asyncio.to_thread(read_compared, self.state.ids)
            if compared is self.compared and len(found) > 1:
                compared.take(found)
                self._follow()
        elif table is not None:
            table.show(await asyncio.to_thread(table.read))
