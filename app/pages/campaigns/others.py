"""Who survived, how values are spread, who trained what when, and what accuracy cost."""

from typing import Any

import numpy as np
from bokeh.models import NumeralTickFormatter

from app.components.card import card
from app.components.facts import small_table
from app.components.grid import grid
from app.components.safe_text import text
from app.components.words import ABSENT
from app.pages.campaigns.reading import Campaign, amount
from app.pages.campaigns.section import Section, bokeh, lacking
from app.plots.campaign_inks import value_ticks
from app.plots.search_lines import Axis, Line, draw_steps
from app.plots.search_ranks import draw_ranks
from app.plots.search_workers import MOST_ROWS, Work, draw_workers
from app.theme import CANVAS_ACCENT, CANVAS_SIGNAL
from core.evaluation.campaigns.distribution import distribute, rank_trials
from core.evaluation.campaigns.domains import Direction
from core.evaluation.campaigns.fronts import find_front, trace_hypervolume
from core.evaluation.campaigns.rungs import count_survivors

NO_VALUE = "no trial has a value yet"


class RungsSection(Section):
    """How many trials reached each epoch, and what it took to go on past each rung."""

    def make(self) -> list[Any]:
        campaign = self.campaign
        curves = campaign.curves()
        if not len(curves.epoch):
            return [lacking("no trial has written an epoch yet", "Survivors")]
        survival = count_survivors(curves.trial, curves.epoch, campaign.trials.state)
        line = Line(
            "trials that reached the epoch", CANVAS_ACCENT, survival.epochs.astype(float), survival.reached
        )
        plot = draw_steps([line], Axis("epoch"), Axis("trials that reached it", told="{0,0}"), height=260)
        plot.y_range.start = 0
        return [grid((card(bokeh(plot), title="Survivors"), 6), (_rungs_card(campaign), 6))]


def _rungs_card(campaign: Campaign) -> Any:
    rungs, metric = campaign.rungs, campaign.row.metric
    if not rungs:
        pruning = campaign.row.method == "hyperband"
        words = (
            "no trial was pruned yet" if pruning else "this method prunes no trials: all train to their end"
        )
        return lacking(words, "Rungs")
    rows = [
        (
            f"after epoch {rung.epoch}",
            f"{rung.reached:,}",
            f"{rung.pruned:,}",
            f"{rung.went_on:,}",
            amount(metric, rung.cut) if rung.cut is not None else ABSENT,
            amount(metric, rung.best_pruned) if rung.best_pruned is not None else ABSENT,
        )
        for rung in rungs
    ]
    crossed = [rung.epoch for rung in rungs if rung.is_crossed(campaign.direction)]
    told = "The worst value that went on, and the best that was pruned, at that epoch."
    if crossed:
        told += (
            f" After epoch {', '.join(map(str, crossed))} a pruned trial was better than one that went on: "
            "a rung does not wait for all trials."
        )
    table = small_table(("rung", "reached", "pruned", "went on", "worst on", "best pruned"), rows)
    return card(table, text(told, "caption", margin=(8, 0, 0, 0)), title="Rungs")


class DistributionSection(Section):
    """The share of trials at or below each value, and each trial's rank over its parameters."""

    def make(self) -> list[Any]:
        campaign, metric = self.campaign, self.campaign.row.metric
        spread = distribute({"": campaign.final})
        if not spread.shares:
            return [lacking("no trial was trained to its end yet", "Distribution")]
        line = Line("trials", CANVAS_ACCENT, spread.values, spread.shares[""])
        shares = Axis("share of trials at or below", NumeralTickFormatter(format="0 %"))
        plot = draw_steps([line], Axis(metric, value_ticks(metric)), shares)
        count = spread.counts[""]
        told = f"Of the {count:,} trials trained to their end; pruned ones are left out, as in Optuna."
        return [
            grid(
                (card(bokeh(plot), text(told, "caption"), title="Distribution (EDF)"), 6),
                (_ranks_card(campaign), 6),
            )
        ]


def _ranks_card(campaign: Campaign) -> Any:
    if len(campaign.varied) < 2:
        return lacking("ranks are laid over two parameters, and fewer differ", "Rank")
    x, y = campaign.varied[:2]
    ranks = rank_trials(campaign.trials.value, campaign.direction)
    parameters, domains = campaign.trials.parameters, campaign.domains
    plot = draw_ranks(
        (x, parameters[x], domains.get(x)), (y, parameters[y], domains.get(y)), ranks.places, campaign.names
    )
    told = f"Each of {ranks.n:,} trials by its rank, the best yellow; trials without a value are left out."
    return card(bokeh(plot), text(told, "caption"), title=f"Rank over {x} and {y}")


class TimelineSection(Section):
    """A bar a trial, by worker."""

    def make(self) -> list[Any]:
        campaign, trials = self.campaign, self.campaign.trials
        begun = np.flatnonzero(np.isfinite(trials.started_s))
        if not len(begun):
            return [lacking("no trial has begun yet", "Timeline")]
        now = float(np.nanmax(np.concatenate([trials.finished_s[begun], trials.started_s[begun]])))
        ends = np.where(np.isnan(trials.finished_s[begun]), now, trials.finished_s[begun])
        work = Work(
            [trials.worker[i] or "not told" for i in begun],
            trials.started_s[begun],
            ends,
            [trials.state[i] for i in begun],
            [campaign.names[i] for i in begun],
        )
        workers = len(set(work.worker))
        busy = float((ends - trials.started_s[begun]).sum())
        told = f"{workers} workers, trials side by side {busy / max(now, 1e-9):.1f} on average."
        if workers > MOST_ROWS:
            told += f" {MOST_ROWS} of {workers} workers shown, those that began first."
        return [card(bokeh(draw_workers(work)), text(told, "caption"), title="Timeline")]

    def take(self, campaign: Campaign) -> None:
        """Draw the bars as they are by now: they only grow."""
        self.campaign = campaign
        self.redraw()


class CostSection(Section):
    """The area that trials won in the plane of value and epochs, and the trials that none beats in both."""

    def make(self) -> list[Any]:
        campaign, trials, metric = self.campaign, self.campaign.trials, self.campaign.row.metric
        valued = np.flatnonzero(np.isfinite(trials.value) & (trials.epochs > 0))
        if not len(valued):
            return [lacking(NO_VALUE, "Value against epochs")]
        directions: tuple[Direction, Direction] = (campaign.direction, "min")
        points = np.stack([trials.value[valued], trials.epochs[valued].astype(np.float64)], axis=1)
        won = trace_hypervolume(points, directions)
        line = Line("area won", CANVAS_SIGNAL, trials.number[valued].astype(np.float64), won.volumes)
        plot = draw_steps([line], Axis("trial", told="{0}"), Axis(f"area won ({metric} × epochs)"))
        told = (
            f"Before the reference {amount(metric, won.reference[0])} at {won.reference[1]:.4g} epochs: a "
            "tenth of the range worse than the worst trial in each."
        )
        front = valued[find_front(points, directions)]
        return [
            grid(
                (card(bokeh(plot), text(told, "caption"), title="Hypervolume"), 6),
                (_front_card(campaign, front), 6),
            )
        ]


def _front_card(campaign: Campaign, front: Any) -> Any:
    trials, metric = campaign.trials, campaign.row.metric
    order = front[np.argsort(trials.epochs[front], kind="stable")][:20]
    rows = [
        (
            campaign.names[i].partition(":")[0],
            f"{int(trials.epochs[i]):,}",
            amount(metric, float(trials.value[i])),
        )
        for i in order.tolist()
    ]
    told = f"Trials that no other beats in both, {len(rows)} of {len(front)} shown."
    table = small_table(("trial", "epochs", metric), rows)
    return card(table, text(told, "caption", margin=(8, 0, 0, 0)), title="Best for their epochs")
