"""One campaign, whole: headline, history and curves that move while it runs, and one section below."""

import asyncio
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.grid import grid, stack
from app.components.page import Navigate
from app.components.safe_text import text
from app.components.signal.following import Follower
from app.pages.campaigns.acts import CampaignActs
from app.pages.campaigns.following import after_paint
from app.pages.campaigns.head import Head, compute_outlook
from app.pages.campaigns.others import CostSection, DistributionSection, RungsSection, TimelineSection
from app.pages.campaigns.parameters import ContourSection, ParametersSection, SliceSection
from app.pages.campaigns.reading import Campaign, read_campaign
from app.pages.campaigns.section import Section, bokeh
from app.pages.campaigns.snippets import campaign_snippet
from app.pages.campaigns.trials import TrialTable
from app.plots.search_curves import draw_search_curves, show_search_curves
from app.plots.search_history import draw_history, show_history
from app.state.campaigns import CampaignsState
from core.errors import BrinellError

WITHIN = ("importance", "x", "y", "sort", "descending", "page")
SECTION_PX = 420
NO_EPOCH = "No epoch has been written yet."


class DetailView(pn.viewable.Viewer):
    """The page of one campaign; `refresh` brings it up to date in place."""

    def __init__(
        self, campaign_id: int, state: CampaignsState, open_place: Navigate, *, linked: bool
    ) -> None:
        super().__init__()
        self.campaign_id, self._state, self._open, self._linked = campaign_id, state, open_place, linked
        self.campaign = read_campaign(campaign_id)
        self.acts = CampaignActs(self.campaign.row, open_place, lambda: pn.state.execute(self.refresh))
        self.head = Head(self.campaign, self.acts)
        metric = self.campaign.row.metric
        self.curves = draw_search_curves(self.campaign.curves(), self._rung_epochs(), metric)
        self._history_words, self._curve_words = text("", "caption"), text("", "caption")
        self._axis = pmui.RadioButtonGroup.from_param(
            state.param.axis, label="", size="small", margin=0, color="primary"
        )
        self._history_pane = bokeh(None)
        self._section = stack(text("Drawing …", "muted"))
        self._sections: dict[str, Section | TrialTable] = {}
        self.draw_history()
        self._outlook: Follower[Campaign] = Follower(self.curves.figure, _judge, self._show_outlook)
        self._outlook.ask(self.campaign)
        self._tell()
        # What is below the history comes after the first paint: eight pictures would hold it up.
        self._section.min_height = SECTION_PX
        after_paint(self.show_section)

    @property
    def is_active(self) -> bool:
        """Whether more may still come."""
        return self.campaign.is_active

    def __panel__(self) -> pn.viewable.Viewable:
        tabs = pmui.RadioButtonGroup.from_param(
            self._state.param.tab, label="", size="small", margin=0, color="primary"
        )
        curves = bokeh(self.curves.figure)
        title = f"{self.campaign.row.metric} after each epoch"
        return stack(
            card(self.head),
            self.acts.place,
            grid(
                (card(self._history_pane, self._history_words, title="History", actions=(self._axis,)), 6),
                (card(curves, self._curve_words, title=title), 6),
            ),
            pn.FlexBox(tabs, margin=0, styles={"overflow-x": "auto", "flex-wrap": "nowrap"}),
            self._section,
            actions(
                export(self._export, f"campaign-{self.campaign_id}-trials"),
                copy_python(lambda: campaign_snippet(self.campaign_id)),
            ),
        )

    def draw_history(self) -> None:
        """Draw the history over the budget that the state names."""
        axis = self._state.axis
        self.history = draw_history(self.campaign.history(axis), axis, self.campaign.row.metric)
        self._history_pane.object = self.history.figure

    def show_section(self) -> None:
        """Show the section chosen, made when it is first seen."""
        tab = self._state.tab
        if tab not in self._sections:
            self._sections[tab] = self._make_section(tab)
        section = self._sections[tab]
        self._section.objects = [
            card(section, title="Trials") if isinstance(section, TrialTable) else section
        ]

    def redraw_section(self) -> None:
        """Show within the section what the person chose there."""
        section = self._sections.get(self._state.tab)
        if isinstance(section, TrialTable):
            section.show(self.campaign)
        elif section is not None:
            section.redraw()

    def refresh(self) -> None:
        """Read and show what changed."""
        self._show(read_campaign(self.campaign_id))

    async def poll(self) -> None:
        """Read in a thread, then show on the loop, where a document may be changed."""
        self._show(await asyncio.to_thread(read_campaign, self.campaign_id))

    def _make_section(self, tab: str) -> Section | TrialTable:
        campaign, state, anchor = self.campaign, self._state, self.curves.figure
        if tab == "parameters":
            return ParametersSection(campaign, state, anchor)
        if tab == "contour":
            return ContourSection(campaign, state, anchor)
        if tab == "trials":
            return TrialTable(campaign, state, self._open_experiment, linked=self._linked)
        plain: dict[str, type[Section]] = {
            "slice": SliceSection,
            "rungs": RungsSection,
            "distribution": DistributionSection,
            "timeline": TimelineSection,
            "cost": CostSection,
        }
        return plain[tab](campaign)

    def _open_experiment(self, experiment_id: int) -> None:
        self._open("/experiments", experiment=experiment_id)

    def _show(self, campaign: Campaign) -> None:
        before, self.campaign = self.campaign, campaign
        self.head.show(campaign)
        if _has_moved(before, campaign):
            show_history(self.history, campaign.history(self._state.axis))
            show_search_curves(self.curves, campaign.curves(), self._rung_epochs())
            self._tell()
            for section in self._sections.values():
                if isinstance(section, TrialTable):
                    section.show(campaign)
                else:
                    section.take(campaign)
        if before.row.trials_done != campaign.row.trials_done:
            self._outlook.ask(campaign)

    def _export(self) -> pd.DataFrame:
        return self.campaign.frame()

    def _rung_epochs(self) -> list[int]:
        return [rung.epoch for rung in self.campaign.rungs]

    def _tell(self) -> None:
        """Say beneath the pictures what they leave out."""
        trials = self.campaign.trials
        hidden = int(np.isnan(trials.value).sum())
        words = f"{hidden} trials without a value are not drawn." if hidden else "Every trial is drawn."
        self._history_words.object = text(
            words if len(trials) else "No trial has begun yet.", "caption"
        ).object
        told = self.curves.sampled or "Every trial is drawn."
        rungs = " Dashed: epochs after which trials were pruned." if self.campaign.rungs else ""
        shown = f"{told}{rungs}" if len(self.campaign.reports.epoch) else NO_EPOCH
        self._curve_words.object = text(shown, "caption").object

    def _show_outlook(self, asked: Campaign, answer: Any) -> None:
        if isinstance(answer, BrinellError):
            self.head.outlook.object = text(f"Stop now? Not told: {answer}", "muted").object
        else:
            self.head.show_outlook(answer, asked)


def _judge(campaign: Campaign) -> Any:
    try:
        return compute_outlook(campaign)
    except BrinellError as error:
        return error


def _has_moved(before: Campaign, campaign: Campaign) -> bool:
    return (
        len(before.reports.epoch) != len(campaign.reports.epoch)
        or len(before.trials) != len(campaign.trials)
        or before.trials.state != campaign.trials.state
    )
