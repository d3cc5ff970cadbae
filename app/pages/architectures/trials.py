"""The trials of a search as a table: how each stands, what it scored and costs, and its experiment."""

import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import panel as pn

from app.components.row_table import RowTable
from app.components.words import ABSENT
from app.pages.architectures.reading import ArchitectureSearch, amount, count
from app.state.architectures import ArchitecturesState
from app.theme import STATES, css_variable

PAGE_SIZE = 25
HASH_SHOWN = 8  # digits
COLUMNS = (  # name, title, hint, number, spare
    ("trial", "Trial", "a click draws its architecture", False, 0),
    ("state", "State", "", False, 0),
    ("accuracy", "Accuracy", "on the validation side, best epoch", True, 0),
    ("num_parameters", "Parameters", "trained numbers", True, 2),
    ("flops", "FLOPs", "of one window, forward", True, 1),
    ("latency_ms", "Latency (ms)", "of one window, measured", True, 3),
    ("hash", "Hash", "of the network that is built", False, 5),
    ("experiment", "Experiment", "", False, 0),
)
LOOKS = {state: [icon, word, css_variable(state)] for state, (icon, word) in STATES.items()} | {
    "pruned": ["content_cut", "pruned", css_variable("paused")]
}


class TrialTable(pn.viewable.Viewer):
    """One page of the trials; a click chooses the one whose architecture is drawn."""

    def __init__(
        self,
        search: ArchitectureSearch,
        state: ArchitecturesState,
        choose: Callable[[int], None],
        *,
        linked: bool,
    ) -> None:
        super().__init__()
        self._search, self._state, self._choose, self._linked = search, state, choose, linked
        self.table = RowTable(
            self._take,
            selectable=False,
            states=LOOKS,
            columns=[
                {"name": name, "title": title, "hint": hint, "number": number, "sortable": True,
                 "unbroken": name == "hash", "spare": spare}
                for name, title, hint, number, spare in COLUMNS
            ],
        )  # fmt: skip
        self.show(search)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.table

    def show(self, search: ArchitectureSearch) -> None:
        """Show the page of the table that the state names, as the trials stand by now."""
        self._search = search
        state, total = self._state, len(search.trials)
        page = min(state.page, max(1, -(-total // PAGE_SIZE)))
        order = self._order()[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        first = (page - 1) * PAGE_SIZE + 1
        self.table.param.update(
            rows=[self._row(i) for i in order],
            sort=state.sort or "accuracy",
            descending=state.descending if state.sort else True,
            place={"first": first, "last": first + len(order) - 1, "total": total},
            nothing="No trial has begun.",
        )

    def _order(self) -> list[int]:
        """Return the trials by the column that orders, those without a value there last."""
        trials, sort = self._search.trials, self._state.sort or "accuracy"
        columns: dict[str, Any] = {
            "trial": trials.number,
            "state": trials.state,
            "hash": trials.hash,
            "experiment": trials.experiment_id,
            "num_parameters": trials.num_parameters,
            "flops": trials.flops,
            "latency_ms": trials.latency_ms,
        }
        column = list(columns.get(sort, trials.accuracy))
        stated = [i for i, value in enumerate(column) if not _is_absent(value)]
        absent = [i for i, value in enumerate(column) if _is_absent(value)]
        stated.sort(key=lambda i: column[i], reverse=self._state.descending if self._state.sort else True)
        return [*stated, *absent]

    def _row(self, place: int) -> dict[str, Any]:
        search, trials = self._search, self._search.trials
        number, latency = int(trials.number[place]), float(trials.latency_ms[place])
        cells: dict[str, Any] = {
            "trial": {"text": str(number), "opens": True, "below": trials.reason[place]},
            "state": {"state": trials.state[place], "more": ""},
            "accuracy": amount("accuracy", float(trials.accuracy[place])),
            "num_parameters": count(float(trials.num_parameters[place])),
            "flops": count(float(trials.flops[place])),
            "latency_ms": ABSENT if math.isnan(latency) else f"{latency:.3f}",
            "hash": {"text": search.trials.hash[place][:HASH_SHOWN], "mono": True},
            "experiment": self._experiment(trials.experiment_id[place]),
        }
        return {"id": number, "label": f"trial {number}", "cells": cells}

    def _experiment(self, experiment: int | None) -> dict[str, Any]:
        if experiment is None:
            return {"text": "deleted"}
        place = {"href": f"/experiments?{urlencode({'experiment': experiment})}"} if self._linked else {}
        return {"text": f"#{experiment}"} | place

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "sort":
            self._state.order_by(message["column"])
        elif kind == "turn":
            self._state.page = max(1, self._state.page + message["step"])
        elif kind == "open":
            self._choose(int(message["id"]))


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
