"""The trials of a campaign as a table: how each stands, why, what it was given, and its experiment."""

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np
import panel as pn

from app.components.row_table import RowTable
from app.components.words import ABSENT, span
from app.pages.campaigns.reading import Campaign, amount
from app.state.campaigns import CampaignsState
from app.theme import STATES, css_variable

PAGE_SIZE = 25
MOST_PARAMETERS = 8
FIXED = ("trial", "state", "value", "epochs", "took")
TITLES = {"trial": "Trial", "state": "State", "epochs": "Epochs", "took": "Took"}
LOOKS = {state: [icon, word, css_variable(state)] for state, (icon, word) in STATES.items()} | {
    "pruned": ["content_cut", "pruned", css_variable("paused")]
}


class TrialTable(pn.viewable.Viewer):
    """One page of the trials; a click opens the experiment of one."""

    def __init__(
        self,
        campaign: Campaign,
        state: CampaignsState,
        open_experiment: Callable[[int], None],
        *,
        linked: bool,
    ) -> None:
        super().__init__()
        self._campaign, self._state, self._linked = campaign, state, linked
        self._open = open_experiment
        self.table = RowTable(self._take, selectable=False, states=LOOKS)
        self.show(campaign)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.table

    def show(self, campaign: Campaign) -> None:
        """Show the page of the table that the state names, as the trials stand by now."""
        self._campaign = campaign
        state, total = self._state, len(campaign.trials)
        page = min(state.page, max(1, -(-total // PAGE_SIZE)))
        order = self._order()[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        first = (page - 1) * PAGE_SIZE + 1
        self.table.param.update(
            columns=self._columns(),
            rows=[self._row(int(i)) for i in order],
            sort=state.sort or "value",
            descending=state.descending if state.sort else campaign.larger_is_better,
            place={"first": first, "last": first + len(order) - 1, "total": total},
            nothing="No trial has begun.",
        )

    def _order(self) -> np.ndarray[Any, Any]:
        """Return the trials by the column that orders, those without a value there last."""
        campaign, sort = self._campaign, self._state.sort
        trials = campaign.trials
        descending = self._state.descending if sort else campaign.larger_is_better
        columns: dict[str, Any] = {
            "trial": trials.number,
            "state": trials.state,
            "epochs": trials.epochs,
            "took": trials.finished_s - trials.started_s,
            "value": trials.value,
        }
        column = columns.get(sort, trials.parameters.get(sort, trials.value))
        keys = [_key(each) for each in (column.tolist() if isinstance(column, np.ndarray) else column)]
        stated = sorted((i for i, key in enumerate(keys) if key is not None), key=lambda i: keys[i])
        absent = [i for i, key in enumerate(keys) if key is None]
        return np.array([*(reversed(stated) if descending else stated), *absent], dtype=np.int64)

    def _columns(self) -> list[dict[str, Any]]:
        given = list(self._campaign.trials.parameters)[:MOST_PARAMETERS]
        spare = {"epochs": 2, "took": 4}
        return [
            {
                "name": name,
                "title": TITLES.get(name, self._campaign.row.metric if name == "value" else name),
                "hint": "",
                "number": name in {"value", "epochs", "took"} or name in given,
                "sortable": True,
                "spare": spare.get(name, 0),
            }
            for name in (*FIXED, *given)
        ]

    def _row(self, place: int) -> dict[str, Any]:
        campaign, trials = self._campaign, self._campaign.trials
        number, experiment = int(trials.number[place]), trials.experiment_id[place]
        named: dict[str, Any] = {"text": str(number)}
        if experiment is not None:
            opens = {"href": f"/experiments?{urlencode({'experiment': experiment})}"} if self._linked else {}
            named = {"text": f"{number}: experiment {experiment}"} | opens
        took = trials.finished_s[place] - trials.started_s[place]
        cells: dict[str, Any] = {
            "trial": named | {"below": trials.reason[place]},
            "state": {"state": trials.state[place], "more": ""},
            "value": amount(campaign.row.metric, float(trials.value[place])),
            "epochs": f"{int(trials.epochs[place]):,}",
            "took": ABSENT if np.isnan(took) else span(float(took)),
        }
        cells |= {name: _told(column[place]) for name, column in trials.parameters.items()}
        return {"id": number, "label": f"trial {number}", "cells": cells}

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "sort":
            self._state.order_by(message["column"])
        elif kind == "turn":
            self._state.page = max(1, self._state.page + message["step"])
        elif kind == "open":
            place = int(np.searchsorted(self._campaign.trials.number, int(message["id"])))
            experiment = self._campaign.trials.experiment_id[place]
            if experiment is not None:
                self._open(experiment)


def _key(value: Any) -> tuple[int, Any] | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return (1, value) if isinstance(value, str) else (0, value)


def _told(value: Any) -> str:
    if value is None:
        return ABSENT
    return f"{value:.4g}" if isinstance(value, float) else str(value)
