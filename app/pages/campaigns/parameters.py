"""What the parameters did: all trials through all of them, what matters, the value over one and over two."""

from typing import Any

import numpy as np
import panel as pn
from bokeh.plotting import figure

from app.components.card import card
from app.components.filters import choice, filter_row
from app.components.grid import grid
from app.components.option_bar import OptionBar, one, option
from app.components.safe_text import text
from app.pages.campaigns.following import Later
from app.pages.campaigns.reading import Campaign, as_categories
from app.pages.campaigns.section import Section, bokeh, lacking
from app.plots.campaign_inks import tell_shown, thin
from app.plots.importance import OF_VARIATION, draw_importance
from app.plots.parallel import Coordinate, draw_parallel
from app.plots.scatter import draw_parameter
from app.plots.search_surface import draw_surface
from app.state.campaigns import CampaignsState
from core.evaluation.campaigns.contours import Surface, grid_surface
from core.evaluation.campaigns.fanova import FanovaReport, rank_by_fanova
from core.evaluation.importance import ImportanceReport
from core.queries.campaigns.importance import rank_by_ped_anova

MOST_LINES = 400
MOST_POINTS = 1_000  # of each small multiple
NOT_VARIED = "no parameter has more than one value among these trials yet"


class ParametersSection(Section):
    """Parallel coordinates, and the parameters' importance."""

    def __init__(self, campaign: Campaign, state: CampaignsState, anchor: figure) -> None:
        self._state, self._anchor = state, anchor
        super().__init__(campaign)

    def make(self) -> list[Any]:
        if not self.campaign.varied:
            return [lacking(NOT_VARIED, "Parameters")]
        return [grid((_parallel(self.campaign), 7), (self._importance(), 5))]

    def _importance(self) -> pn.Column:
        methods = [
            option("PED-ANOVA", "PED-ANOVA", title="what tells the best quarter from all"),
            option(
                "fANOVA", "fANOVA", title="what explains the variation over the whole space; takes longer"
            ),
        ]
        bar = OptionBar(self._choose, fields=[one("importance", "", methods, self._state.importance)])
        campaign, name = self.campaign, self._state.importance
        if name == "fANOVA":
            shown = Later(
                self._anchor,
                lambda: rank_by_fanova(campaign.trials.parameters, campaign.final, domains=campaign.domains),
                _show_fanova,
                "Growing a forest over the trials",
                height=240,
            )
        else:
            shown = Later(
                self._anchor, lambda: _rank_ped(campaign), _show_ped, "Ranking the parameters", height=240
            )
        return card(bar, shown, title="Importance")

    def _choose(self, message: dict[str, Any]) -> None:
        self._state.importance = message["value"]


def _rank_ped(campaign: Campaign) -> ImportanceReport:
    given = {
        name: as_categories(column, campaign.domains.get(name))
        for name, column in campaign.trials.parameters.items()
    }
    values = campaign.trials.value.tolist()
    return rank_by_ped_anova(given, values, larger_is_better=campaign.larger_is_better)


def _show_ped(report: ImportanceReport) -> list[Any]:
    told = (
        f"What tells the best {report.num_best} of {report.num_runs} trials, pruned ones included, from all. "
        f"{report.caution}"
    )
    return [bokeh(draw_importance(report.importances)), text(told, "caption")]


def _show_fanova(report: FanovaReport) -> list[Any]:
    fit = "" if report.fit is None else f" The forest explains {max(0.0, report.fit):.0%} of unseen trials."
    left = f" Left out, as some trials lack them: {', '.join(report.left_out)}." if report.left_out else ""
    told = (
        f"From {report.num_trials} trials trained to their end; parameters together: "
        f"{report.interaction:.1%}.{fit}{left} {report.caution}"
    )
    plot = draw_importance(report.importances, OF_VARIATION, "95 % of trees")
    return [bokeh(plot), text(told, "caption")]


def _parallel(campaign: Campaign) -> pn.Column:
    trials = campaign.trials
    begun = np.flatnonzero(np.isfinite(trials.value))
    kept = begun[thin(trials.value[begun], MOST_LINES, larger_is_better=campaign.larger_is_better)].tolist()
    if not kept:
        return lacking("no trial has a value yet", "Parallel coordinates")
    axes = [
        Coordinate(
            _titled(name, campaign), [trials.parameters[name][i] for i in kept], campaign.domains.get(name)
        )
        for name in campaign.varied
    ]
    axes.append(Coordinate(campaign.row.metric, [float(trials.value[i]) for i in kept]))
    plot = draw_parallel(axes, [campaign.names[i] for i in kept], larger_is_better=campaign.larger_is_better)
    sampled = tell_shown(len(kept), len(begun))
    told = f"One line a trial, pruned ones included; the brighter, the better. {sampled}"
    return card(bokeh(plot), text(told, "caption"), title="Parallel coordinates")


def _titled(name: str, campaign: Campaign) -> str:
    domain = campaign.domains.get(name)
    return f"{name}, log" if domain is not None and domain.kind == "log number" else name


class SliceSection(Section):
    """The value over each parameter, in small multiples."""

    def make(self) -> list[Any]:
        campaign = self.campaign
        if not campaign.varied:
            return [lacking(NOT_VARIED, "Value over each parameter")]
        trials = campaign.trials
        begun = np.flatnonzero(np.isfinite(trials.value))
        kept = begun[thin(trials.value[begun], MOST_POINTS, larger_is_better=campaign.larger_is_better)]
        told = tell_shown(len(kept), len(begun))
        plots = [self._slice(name, kept.tolist()) for name in campaign.varied]
        words = f"One point a trial, pruned ones included, as good as each became. {told}"
        return [grid(*((card(bokeh(plot)), 4) for plot in plots)), text(words, "caption")]

    def _slice(self, name: str, kept: list[int]) -> figure:
        campaign = self.campaign
        column, domain = campaign.trials.parameters[name], campaign.domains.get(name)
        values = as_categories([column[i] for i in kept], domain)
        scores = [float(campaign.trials.value[i]) for i in kept]
        names = [campaign.names[i] for i in kept]
        return draw_parameter(name, values, campaign.row.metric, scores, names, domain=domain)


class ContourSection(Section):
    """The best value over two chosen parameters."""

    def __init__(self, campaign: Campaign, state: CampaignsState, anchor: figure) -> None:
        self._state, self._anchor = state, anchor
        self._x = choice("Across", lambda name: self._choose("x", name), width=180)
        self._y = choice("Up", lambda name: self._choose("y", name), width=180)
        super().__init__(campaign)

    def _chosen(self) -> tuple[str, str]:
        varied = self.campaign.varied
        x = self._state.x if self._state.x in varied else varied[0]
        others = [name for name in varied if name != x]
        return x, self._state.y if self._state.y in others else others[0]

    def _choose(self, which: str, name: str) -> None:
        shown = dict(zip("xy", self._chosen(), strict=True))
        if name in self.campaign.varied and name != shown[which]:
            other = "y" if which == "x" else "x"
            # The one that stands on the other side changes places with it.
            self._state.param.update(
                **{which: name, other: shown[which] if name == shown[other] else shown[other]}
            )

    def make(self) -> list[Any]:
        campaign = self.campaign
        if len(campaign.varied) < 2:
            return [lacking("a contour stands on two parameters that differ between trials", "Contour")]
        x, y = self._chosen()
        for field, name in ((self._x, x), (self._y, y)):
            field.param.update(options={each: each for each in campaign.varied}, value=name)
        later = Later(
            self._anchor,
            lambda: grid_surface(
                campaign.trials.parameters, campaign.final, x, y, campaign.direction, domains=campaign.domains
            ),
            lambda surface: _show_surface(surface, campaign),
            "Laying the surface between the trials",
            height=460,
        )
        return [card(filter_row(self._x, self._y), later, title="Contour")]


def _show_surface(surface: Surface, campaign: Campaign) -> list[Any]:
    if surface.reason:
        return [text(f"No surface: {surface.reason}.", "muted")]
    parameters = campaign.trials.parameters
    plot = draw_surface(
        surface,
        (parameters[surface.x.name], parameters[surface.y.name]),
        campaign.trials.value,
        campaign.names,
        campaign.row.metric,
        larger_is_better=campaign.larger_is_better,
    )
    told = (
        f"From {len(surface.trials)} trials trained to their end, at {surface.num_places} places; the best "
        "of each place stands. Pale where no trial is near: a guess. Blank where none was tried."
    )
    return [bokeh(plot), text(told, "caption")]
