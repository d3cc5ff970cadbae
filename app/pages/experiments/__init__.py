"""Experiments: the table of all, and one in detail."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import panel as pn

from app.components.empty_state import empty_state
from app.components.page import PageView
from app.pages.experiments.detail import DetailView
from app.pages.experiments.table import ExperimentsTable
from app.state.experiments import ExperimentsState
from core.errors import NotFoundError

TABLE_POLL_MS = 2000
DETAIL_POLL_MS = 1000
COMPARE_PATH = "/compare"


class ExperimentsPage(PageView):
    """The table, or the experiment that the state names; what runs is followed while the page is seen."""

    title, path, icon = "Experiments", "/experiments", "science"
    state_class: ClassVar[type[ExperimentsState]] = ExperimentsState
    state: ExperimentsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.table: ExperimentsTable | None = None
        self.detail: DetailView | None = None
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self._seen = False
        self._poll: Any = None
        self._swap()
        self.state.param.watch(lambda _: self._swap(), "experiment")

    def __panel__(self) -> pn.viewable.Viewable:
        if self.navigate is None:  # a notebook cell has no shell to say that the page is seen
            self.on_show()
        return self._content

    def on_show(self) -> None:
        """Look again at what is stored, and follow it."""
        self._seen = True
        self._refresh()
        self._follow()

    def on_hide(self) -> None:
        """Stop following."""
        self._seen = False
        self._follow()

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

    def _refresh(self) -> None:
        view = self.detail or self.table
        if view is not None:
            view.refresh()

    def _follow(self) -> None:
        """Poll while the page is seen and more may come."""
        if self._poll is not None:
            self._poll.stop()
            self._poll = None
        wanted = self.detail.is_active if self.detail is not None else self.state.experiment is None
        if self._seen and wanted:
            period = TABLE_POLL_MS if self.detail is None else DETAIL_POLL_MS
            self._poll = pn.state.add_periodic_callback(self._look_again, period)

    async def _look_again(self) -> None:
        detail, table = self.detail, self.table
        if detail is not None:
            await detail.poll()
            if not detail.is_active and detail is self.detail:
                self._follow()
        elif table is not None:
            table.show_again(await asyncio.to_thread(table.look_again))
