"""Several campaigns on one equal budget: how far each came, by trials, by epochs or by time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui
from bokeh.models import NumeralTickFormatter

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.export import export
from app.components.facts import Link, small_table
from app.components.grid import stack
from app.components.safe_text import text
from app.components.stat import stat, stat_line
from app.components.words import ABSENT, span
from app.pages.campaigns.reading import Campaign, amount, grade_words, read_campaign
from app.pages.campaigns.section import bokeh, lacking
from app.pages.campaigns.snippets import compared_snippet
from app.plots.campaign_inks import value_ticks
from app.plots.search_history import AXIS_LABELS
from app.plots.search_lines import Axis, Line, draw_steps
from app.state.campaigns import CampaignsState
from app.theme import CATEGORIES
from core.errors import NotFoundError
from core.evaluation.bounds import bounds_of
from core.evaluation.campaigns.distribution import distribute
from core.evaluation.campaigns.history import HistoryComparison, compare_histories
from core.queries.campaigns.rows import CampaignRow

MOST_LETTERS = 24


class ComparedView(pn.viewable.Viewer):
    """Campaigns side by side; `refresh` reads them again."""

    def __init__(self, state: CampaignsState, *, linked: bool) -> None:
        super().__init__()
        self._state, self._linked = state, linked
        self.campaigns = read_compared(state.ids)
        self._content = stack()
        self.draw()

    @property
    def is_active(self) -> bool:
        """Whether any of them may still go on."""
        return any(campaign.is_active for campaign in self.campaigns)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def refresh(self) -> None:
        """Read and show what changed."""
        self.take(read_compared(self._state.ids))

    def take(self, campaigns: list[Campaign]) -> None:
        """Show campaigns, where trials have ended since."""
        before = [(each.row.status, each.row.trials_done) for each in self.campaigns]
        if before != [(each.row.status, each.row.trials_done) for each in campaigns]:
            self.campaigns = campaigns
            self.draw()

    def draw(self) -> None:
        """Draw what the state asks for."""
        metrics = sorted({each.row.metric for each in self.campaigns})
        if len(metrics) > 1:
            told = f"these campaigns search for {' and '.join(metrics)}, which cannot be drawn on one axis"
            self._content.objects = [lacking(told, "Compare campaigns"), self._table(None)]
            return
        compared = self._compare()
        self._content.objects = [
            card(stat_line(*self._figures(compared)), *self._cautions()),
            card(self._controls(), *self._picture(compared), title="Best so far, on equal budget"),
            self._table(compared),
            self._spread(),
            actions(
                export(self.frame, "campaigns-compared"),
                copy_python(lambda: compared_snippet(self._state.ids, self._state.axis)),
            ),
        ]

    def frame(self) -> pd.DataFrame:
        """Return the trials of all, one campaign below the other."""
        frames = [
            each.frame().assign(campaign=each.row.id, method=each.row.method) for each in self.campaigns
        ]
        return pd.concat(frames, ignore_index=True)

    def _controls(self) -> pn.FlexBox:
        fields = [
            pmui.RadioButtonGroup.from_param(parameter, label="", size="small", margin=0, color="primary")
            for parameter in (self._state.param.axis, self._state.param.by)
        ]
        return pn.FlexBox(*fields, gap="8px", margin=(0, 0, 8, 0))

    def _label(self, campaign: Campaign) -> str:
        row = campaign.row
        return row.method.replace("_", " ") if self._state.by == "method" else _short(f"#{row.id} {row.name}")

    def _compare(self) -> HistoryComparison:
        traces: dict[str, list[Any]] = {}
        for each in self.campaigns:
            traces.setdefault(self._label(each), []).append(each.trace(self._state.axis))
        first = self.campaigns[0]
        found = [each.trials.value[np.isfinite(each.trials.value)] for each in self.campaigns]
        largest = float(max((values.max() for values in found if len(values)), default=1.0))
        return compare_histories(traces, first.direction, bounds=bounds_of(first.row.metric, largest))

    def _figures(self, compared: HistoryComparison) -> list[pn.pane.HTML]:
        metric, axis = self.campaigns[0].row.metric, self._state.axis
        budget = span(compared.budget) if axis == "seconds" else f"{compared.budget:,.0f}"
        figures = [stat(len(self.campaigns), "campaigns"), stat(budget, f"{axis} that all of them spent")]
        for name, history in list(compared.methods.items())[:1]:
            figures.insert(0, stat(amount(metric, history.reached.mean), f"best {metric} by then: {name}"))
        return figures

    def _cautions(self) -> list[Any]:
        """Say what else differs than the method: such values are not of one task."""
        cautions = []
        for what, values in (
            ("data sets", {each.row.dataset for each in self.campaigns}),
            ("models", {each.row.model for each in self.campaigns}),
            ("splits", {_split(each.row) for each in self.campaigns}),
            ("search spaces", {str(each.row.config["space"]) for each in self.campaigns}),
        ):
            if len(values) > 1:
                cautions.append(f"{len(values)} different {what}")
        if not cautions:
            return []
        return [
            text(f"Not one task: {', '.join(cautions)}. The values are not of the methods alone.", "caption")
        ]

    def _picture(self, compared: HistoryComparison) -> list[Any]:
        if not compared.methods:
            return [text("None of them has a trial that ended.", "muted")]
        metric, axis = self.campaigns[0].row.metric, self._state.axis
        lines = [
            Line(name, ink, each.band.axis, each.band.mean, each.band.low, each.band.high)
            for (name, each), ink in zip(compared.methods.items(), self._inks(compared), strict=True)
        ]
        plot = draw_steps(lines, Axis(AXIS_LABELS[axis]), Axis(metric, value_ticks(metric)), height=340)
        told = "Drawn to the least budget that any of them spent; what others found later is not counted."
        if self._state.by == "method":
            numbers = ", ".join(f"{name} n = {len(each.finals)}" for name, each in compared.methods.items())
            told += (
                f" Mean and 95 % interval over campaigns, {numbers}; of one campaign there is no interval."
            )
        return [bokeh(plot), text(told, "caption")]

    def _inks(self, compared: HistoryComparison) -> list[str]:
        order = list(dict.fromkeys(self._label(each) for each in self.campaigns))
        return [CATEGORIES[order.index(name) % len(CATEGORIES)] for name in compared.methods]

    def _table(self, compared: HistoryComparison | None) -> pn.Column:
        rows = []
        for each in self.campaigns:
            row = each.row
            reached = ABSENT
            if compared is not None:
                trace = each.trace(self._state.axis)
                found = trace.best[trace.spent <= compared.budget]
                reached = amount(row.metric, float(found[-1])) if len(found) else ABSENT
            name = Link(f"#{row.id} {row.name}", "/campaigns", {"campaign": row.id}, linked=self._linked)
            best = f"{amount(row.metric, row.best_value)} {grade_words(row.best_grade)}".strip()
            rows.append(
                (name, row.method.replace("_", " "), reached, best, f"{row.trials_done:,}", f"{row.epochs:,}",
                 span(row.spent_s))
            )  # fmt: skip
        columns = ("campaign", "method", "by then", "best of all", "trials", "epochs", "at work")
        return card(small_table(columns, rows), title="In figures")

    def _spread(self) -> pn.Column:
        metric = self.campaigns[0].row.metric
        spread = distribute({self._label(each): each.final for each in self.campaigns})
        if not spread.shares:
            return lacking("no trial was trained to its end yet", "Distribution (EDF)")
        names = list(dict.fromkeys(self._label(each) for each in self.campaigns))
        lines = [
            Line(name, CATEGORIES[names.index(name) % len(CATEGORIES)], spread.values, shares)
            for name, shares in spread.shares.items()
        ]
        plot = draw_steps(
            lines,
            Axis(metric, value_ticks(metric)),
            Axis("share of trials at or below", NumeralTickFormatter(format="0 %")),
        )
        return card(bokeh(plot), title="Distribution (EDF)")


def _short(name: str) -> str:
    """Return a name as a narrow legend has room for it; the table beside has it whole."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def read_compared(ids: Sequence[int]) -> list[Campaign]:
    """Read campaigns; those that are not stored are left out."""
    found = []
    for each in dict.fromkeys(ids):
        try:
            found.append(read_campaign(each))
        except NotFoundError:
            continue
    return found


def _split(row: CampaignRow) -> str:
    return "not stated" if row.is_imported else str(row.config["base"]["split"])
