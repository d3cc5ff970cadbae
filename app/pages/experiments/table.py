"""All experiments: how many, how good the best is, and what a search finds of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import panel as pn

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import PAGE_SIZE
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.facet_list import FacetList
from app.components.row_table import RowTable
from app.components.stat import stat, stat_line
from app.components.words import judged, may_share_bearings, share
from app.identity import current_actor
from app.pages.experiments.bulk import BulkActs
from app.pages.experiments.cells import USUAL, table_columns, table_rows
from app.pages.experiments.facets import facet_groups
from app.pages.experiments.groups import group_columns, group_frame, group_rows
from app.pages.experiments.menus import ColumnMenu, GroupMenu, ShelfSwitch
from app.pages.experiments.reading import Found, read_all, read_found, read_moved
from app.pages.experiments.searching import Searching
from app.pages.experiments.snippets import table_snippet
from app.state.experiments import ExperimentsState
from app.state.search_terms import toggle_value
from core.queries.experiment_rows import ExperimentRow

SHOWN = ("search", "archived", "by", "columns", "sort", "descending", "page")
_BESIDE = """
:host { display: grid !important; grid-template-columns: 200px minmax(0, 1fr); gap: 16px; align-items: start;
  flex: none; }
@media (max-width: 1100px) { :host { grid-template-columns: minmax(0, 1fr); } }
.scroll-button { display: none; }
"""


class ExperimentsTable(pn.viewable.Viewer):
    """The headline, the search, the counts beside and one page of experiments or groups of them.

    `open_row` is told the id of a clicked one; `compare`, where there is such a page, those selected.
    """

    def __init__(
        self,
        state: ExperimentsState,
        open_row: Callable[[int], None],
        *,
        linked: bool = True,
        compare: Callable[[Sequence[int]], None] | None = None,
    ) -> None:
        super().__init__()
        self.state, self._open_row, self._linked = state, open_row, linked
        self._actor = current_actor()
        self._shown: Found | None = None
        self._headline = stat_line(stat("", ""))
        self.searching = Searching(state, self._actor, self._changed)
        self.facets = FacetList(self._take_facet)
        self.bulk = BulkActs(state, self._changed, compare)
        self.columns, self.groups, self.shelf = ColumnMenu(state), GroupMenu(state), ShelfSwitch(state)
        self.table = RowTable(self._take_row)
        self._found = pn.Column(self._framed_table(), sizing_mode="stretch_width", margin=0)
        self._parts = [self._headline, self.searching.line, self._beside()]
        self._whole = pn.Column(*self._parts, sizing_mode="stretch_width", margin=0)
        self.refresh()
        pn.state.onload(self._complete)
        state.param.watch(lambda *_: self.refresh(), list(SHOWN))
        state.param.watch(lambda event: self.table.param.update(selected=event.new), "selected")

    def refresh(self) -> None:
        """Read and show what the state asks for."""
        if self.state.experiment is None:
            self._show(read_found(self.state, self._actor, USUAL, self._shown))

    def look_again(self) -> Found | None:
        """Read what moved since, or all where more changed than that; safe in a thread."""
        before, asked = self._shown, self.state.query()
        if before is None or before.trouble is not None:
            return None
        found = read_moved(before) or read_found(self.state, self._actor, USUAL, before)
        return found if self.state.query() == asked and self._shown is before else None

    def show_again(self, found: Found | None) -> None:
        """Show what `look_again` read, unless the person has gone on meanwhile."""
        if found is not None and found != self._shown:
            self._show(found)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._whole

    @property
    def found(self) -> Found | None:
        """What is shown."""
        return self._shown

    def export_frame(self) -> pd.DataFrame:
        """Return all that the search finds, values as they are stored; of groups what is seen of them."""
        if self._shown is not None and self._shown.groups is not None:
            return group_frame(self._shown.groups, self.state.by)
        extra = tuple(self.state.columns)
        page = read_all(self.state, self._actor, (*extra, "tags"))
        lines = []
        for row in page.rows:
            values = dict(page.values.get(row.id, {}))
            values["tags"] = ", ".join(tag.name for tag in values.get("tags") or ())
            lines.append(values | asdict(row))
        fields = list(ExperimentRow.__dataclass_fields__)
        return pd.DataFrame(lines, columns=list(dict.fromkeys([*fields, *extra, "tags"])))

    def _changed(self) -> None:
        """Read everything anew: something was written."""
        self._shown = None
        self.refresh()

    def _show(self, found: Found) -> None:
        before, self._shown = self._shown, found
        parts = self._parts if found.headline.stored or self._is_narrowed() else [_nothing_yet(found)]
        if self._whole[0] is not parts[0]:
            self._whole.objects = parts
        if before is None or before.headline != found.headline:
            self._headline.object = stat_line(*_figures(found)).object
        self.searching.show(found)
        is_wrong = found.trouble is not None
        self.facets.facets = [] if is_wrong else facet_groups(found.facets, self.state.search, found.tags)
        self.bulk.bar.known = [tag.name for tag in found.tags]
        self.bulk.show()
        self._show_rows(found)

    def _is_narrowed(self) -> bool:
        return bool(self.state.search or self.state.archived)

    def _show_rows(self, found: Found) -> None:
        page, groups, state = found.page, found.groups, self.state
        if groups is not None:
            columns, rows, total = group_columns(groups, state.by), group_rows(groups), groups.total
        else:
            columns = table_columns(state.columns, page.values)
            rows = table_rows(
                page.rows, page.values, [column["name"] for column in columns], linked=self._linked
            )
            total = page.total
        first = (state.page - 1) * PAGE_SIZE + 1
        self.table.param.update(
            columns=columns,
            rows=rows,
            selectable=groups is None,
            selected=list(state.selected),
            sort=state.sort or _usual_order(state),
            descending=state.descending,
            place={"first": first, "last": first + len(rows) - 1, "total": total},
            nothing=_nothing_found(found, state),
        )

    def _take_facet(self, message: dict[str, Any]) -> None:
        self.state.narrow(search=toggle_value(self.state.search, message["field"], message["value"]))

    def _take_row(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "sort":
            self.state.order_by(message["column"])
        elif kind == "turn":
            self.state.page = max(1, self.state.page + message["step"])
        elif kind == "select":
            self.state.select(message["ids"], on=message["on"])
        elif self._shown is not None and self._shown.groups is not None:
            self.groups.open_group(self._shown.groups, message["id"])
        else:
            self._open_row(int(message["id"]))

    def _framed_table(self) -> pn.Column:
        styles = {"gap": "8px", "flex-wrap": "wrap", "align-items": "center", "justify-content": "flex-end"}
        tools = pn.Row(
            self.bulk.bar,
            self.shelf,
            self.groups,
            self.columns,
            styles=styles,
            margin=(0, 0, 8, 0),
            sizing_mode="stretch_width",
        )
        return card(tools, self.table)

    def _beside(self) -> pn.Column:
        return pn.Column(
            self.facets,
            self._found,
            stylesheets=[_BESIDE],
            sizing_mode="stretch_width",
            margin=(16, 0, 0, 0),
        )

    def _complete(self) -> None:
        """Add what nobody needs before the rows are there."""
        taken = actions(
            export(self.export_frame, "experiments"), copy_python(lambda: table_snippet(self.state))
        )
        self._found.extend([taken, self.bulk.ask])


def _usual_order(state: ExperimentsState) -> str:
    if state.by:
        return "n"
    return "" if state.search else "id"  # words are ranked by relevance


def _figures(found: Found) -> list[pn.pane.HTML]:
    headline = found.headline
    stored, running = headline.stored, headline.by_status.get("running", 0)
    numbers = [
        stat(f"{stored:,}", "experiment" if stored == 1 else "experiments"),
        stat(f"{running:,}", "running"),
    ]
    if headline.best is not None:
        numbers.append(_score(headline.best, "of test windows, best"))
    if headline.strictest is not None and headline.strictest != headline.best:
        numbers.append(_score(headline.strictest, "best on held-out bearings"))
    return numbers


def _score(row: ExperimentRow, what: str) -> pn.pane.HTML:
    told = f"{what} ({judged(row.split, row.audit)}) · #{row.id}"
    return stat(share(row.test_accuracy), told, caution=may_share_bearings(row.audit))


def _nothing_found(found: Found, state: ExperimentsState) -> str:
    if found.trouble is not None:
        return "The search cannot be answered as it stands; what is wrong is told above."
    if state.search:
        return f"No {'archived ' if state.archived else ''}experiment fits “{state.search}”."
    return "No experiment is archived." if state.archived else "No experiment is stored."


def _nothing_yet(found: Found) -> pn.Column:
    datasets = found.headline.datasets
    if not datasets:
        return empty_state(
            "No experiment yet",
            "An experiment trains a model on a data set, and no data set is stored yet either. "
            "Import recordings first; then train.",
            command="brinell import PATH --dataset NAME",
        )
    return empty_state(
        "No experiment yet",
        "An experiment trains a model on a data set, and keeps its curves, its confusion matrix and "
        "what the training and the test side share. None was started.",
        command=f"brinell train --dataset {datasets[0]} --model wdcnn --split by_record",
    )
