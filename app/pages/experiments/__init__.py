"""Experiments: the table of all, and one in detail."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import panel as pn

from app.components.empty_state import empty_state
from app.components.following_page import FollowingPage
from app.pages.experiments.detail import DetailView
from app.pages.experiments.table import ExperimentsTable
from app.state.experiments import ExperimentsState
from core.errors import NotFoundError

TABLE_POLL_MS = 2000
DETAIL_POLL_MS = 1000
COMPARE_PATH = "/compare"


class ExperimentsPage(FollowingPage):
    """The table, or the experiment that the state names; what runs is followed while the page is seen."""

    title, path, icon = "Experiments", "/experiments", "science"
    state_class: ClassVar[type[ExperimentsState]] = ExperimentsState
    state: ExperimentsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.table: ExperimentsTable | None = None
        self.detail: DetailView | None = None
        self._swap()
        self.state.param.watch(lambda _: self._swap(), "experiment")

    def period_ms(self) -> int | None:
        """Look again at the table always, at one experiment while more may come of it."""
        if self.detail is not None:
            return DETAIL_POLL_MS if self.detail.is_active else None
        return TABLE_POLL_MS if self.state.experiment is None else None

    def _swap(self) -> None:
        if self.detail is not None:
            self.detail.close()
            self.detail = None
        if self.state.experiment is None:
            self._show_table()
        else:
            self._show_detail(self.state.experiment)
        self._follow()

    def _show_table(self) -> None:
        if self.table is None:
            self.table = ExperimentsTable(
                self.state,
                lambda row_id: self.open(self.path, experiment=row_id),
                linked=self.navigate is not None,
                compare=self._compare if COMPARE_PATH in self.places else None,
            )
        else:
            self.table.refresh()
        self.breadcrumb = []
        self._content.objects = [self.table]

    def _show_detail(self, experiment_id: int) -> None:
        try:
            self.detail = DetailView(experiment_id, self.state, self.open, linked=self.navigate is not None)
        except NotFoundError as error:
            self.breadcrumb = [str(experiment_id)]
            self._content.objects = [self._nothing(experiment_id, error)]
            return
        self.breadcrumb = [self.detail.detail.row.name]
        self._content.objects = [self.detail]

    def _compare(self, experiment_ids: Sequence[int]) -> None:
        self.open(COMPARE_PATH, ids=",".join(map(str, experiment_ids)))

    def _nothing(self, experiment_id: int, error: NotFoundError) -> pn.viewable.Viewable:
        back = ("All experiments", lambda: self.open(self.path))
        return empty_state(f"No experiment {experiment_id}", str(error), actions=[back])

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
            table.show_again(await asyncio.to_thread(table.look_again))
