"""One search over architectures, whole: headline, pictures and trials, brought up to date while it runs."""

import asyncio

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import Navigate
from app.pages.architectures.acts import ArchitectureActs
from app.pages.architectures.head import Head
from app.pages.architectures.pictures import make_architecture, make_history, make_lineage, make_pareto
from app.pages.architectures.reading import ArchitectureSearch, read_search
from app.pages.architectures.snippets import search_snippet
from app.pages.architectures.trials import TrialTable
from app.state.architectures import COSTS, ArchitecturesState


class DetailView(pn.viewable.Viewer):
    """The page of one search; `refresh` brings it up to date in place."""

    def __init__(
        self, campaign_id: int, state: ArchitecturesState, open_place: Navigate, *, linked: bool
    ) -> None:
        super().__init__()
        self.campaign_id, self._state, self._open = campaign_id, state, open_place
        self.search = read_search(campaign_id)
        self.acts = ArchitectureActs(self.search.row, open_place, lambda: pn.state.execute(self.refresh))
        self.head = Head(self.search, self.acts)
        self._pareto, self._architecture = stack(gap_px=4), stack(gap_px=8)
        self._lineage, self._history = stack(gap_px=4), stack(gap_px=4)
        self.trials = TrialTable(self.search, state, self._choose, linked=linked)
        self._draw()

    @property
    def is_active(self) -> bool:
        """Whether more may still come."""
        return self.search.is_active

    def __panel__(self) -> pn.viewable.Viewable:
        return stack(
            card(self.head),
            self.acts.place,
            grid(
                (card(self._switch(), self._pareto, title="Accuracy against cost"), 6),
                (card(self._architecture, title="Architecture"), 6),
            ),
            grid(
                (card(self._lineage, title="Lineage"), 6),
                (card(self._history, title="Best so far"), 6),
            ),
            card(self.trials, title="Trials"),
            actions(
                export(self._export, f"architectures-{self.campaign_id}"),
                copy_python(lambda: search_snippet(self.campaign_id)),
            ),
        )

    def _switch(self) -> pn.FlexBox:
        switch = pmui.RadioButtonGroup(
            options={title: name for name, title in COSTS.items()},
            value=self._state.axis,
            label="",
            size="small",
            margin=0,
            color="primary",
            sx={"& .MuiButtonBase-root": {"textTransform": "none", "whiteSpace": "nowrap"}},
        )
        switch.param.watch(lambda event: self._state.param.update(axis=event.new), "value")
        self._state.param.watch(lambda event: switch.param.update(value=event.new), "axis")
        return pn.FlexBox(switch, margin=0)

    def _export(self) -> pd.DataFrame:
        return self.search.frame()

    def refresh(self) -> None:
        """Read and show what is stored by now."""
        self._take(read_search(self.campaign_id))

    async def poll(self) -> None:
        """Read in a thread and show on the loop."""
        self._take(await asyncio.to_thread(read_search, self.campaign_id))

    def draw_pareto(self) -> None:
        """Draw accuracy over the cost that the state names."""
        self._pareto.objects = make_pareto(
            self.search, self._state.axis, lambda each: self._open("/experiments", experiment=each)
        )

    def draw_architecture(self) -> None:
        """Draw the architecture of the trial that the state names."""
        self._architecture.objects = make_architecture(self.search, self._state.trial)

    def show_trials(self) -> None:
        """Show the trials in the order and on the page that the state names."""
        self.trials.show(self.search)

    def _choose(self, number: int) -> None:
        self._state.trial = number

    def _take(self, search: ArchitectureSearch) -> None:
        before, self.search = self.search, search
        self.head.show(search)
        if search.stamp != before.stamp:
            self._draw()
            self.show_trials()

    def _draw(self) -> None:
        self.draw_pareto()
        self.draw_architecture()
        self._lineage.objects = make_lineage(self.search)
        self._history.objects = make_history(self.search)
