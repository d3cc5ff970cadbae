"""What each experiment scored: every metric, which follows what runs write, and the test side's matrices."""

import numpy as np
import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.export import export
from app.components.facts import small_table
from app.components.filters import choice
from app.components.grid import grid, stack
from app.components.page import Navigate
from app.components.safe_text import text
from app.components.words import ABSENT, share
from app.pages.compare.reading import Compared
from app.pages.compare.section import Section, bokeh, lay_out
from app.plots.confusion import Confusion, cell_at, draw_confusion
from app.state.compare import CompareState
from core.queries.comparison.scores import read_evaluations, tabulate_metric
from core.queries.experiments import Evaluation
from core.storage.database import read_scope

AT_A_TIME = 4  # matrices beside and below each other


class ScoresSection(Section):
    """Every metric of every experiment, and of those that were tested how they judged class by class."""

    def __init__(self, compared: Compared, state: CompareState, open_place: Navigate | None) -> None:
        with read_scope() as session:
            found = read_evaluations(session, compared.ids)
        self._compared = compared
        self._table = _tabulate(compared)
        metrics = card(
            self._table,
            title="Every metric, best",
            actions=(export(lambda: self._compared.summaries, "metrics"),),
        )
        if not found:
            self._matrices = None
            super().__init__(
                metrics, card(text("None has been tested yet.", "muted"), title="Confusion matrices")
            )
            return
        metric = compared.metric(state.metric)
        ranked = tabulate_metric(compared.summaries, metric, compared.ids).index
        order = [int(each) for each in ranked if each in found]
        self._matrices = Matrices(compared, {each: found[each] for each in order}, metric, state, open_place)
        super().__init__(metrics, self._matrices, _by_class(found, order))

    def take(self, compared: Compared) -> None:
        """Bring the metrics up to date; where a run ends, its matrix comes with a section made anew."""
        self._compared = compared
        self._table.object = _tabulate(compared).object

    def redraw(self) -> None:
        """Show the matrices that the state names."""
        if self._matrices is not None:
            self._matrices.redraw()


class Matrices(pn.viewable.Viewer):
    """Confusion matrices, the best first, four at a time; a cell of windows leads to them."""

    def __init__(
        self,
        compared: Compared,
        found: dict[int, Evaluation],  # the best first
        metric: str,
        state: CompareState,
        open_place: Navigate | None,
    ) -> None:
        super().__init__()
        self._compared, self._found, self._metric = compared, found, metric
        self._state, self._open = state, open_place
        self.drawn: dict[int, Confusion] = {}
        self._unit = pmui.RadioButtonGroup.from_param(
            state.param.unit, label="", size="small", margin=0, color="primary"
        )
        self._which = choice("Shown", self._choose, width=160)
        self._told = text("", "caption")
        self._content = pn.Column(sizing_mode="stretch_width", margin=0)
        self.redraw()

    def __panel__(self) -> pn.viewable.Viewable:
        head = pn.FlexBox(
            self._unit,
            self._which,
            self._told,
            gap="8px 12px",
            align_items="center",
            margin=0,
            sizing_mode="stretch_width",
        )
        return stack(head, self._content)

    def redraw(self) -> None:
        """Draw the matrices that the state names, counted as it says."""
        ids = list(self._found)
        blocks = [ids[i : i + AT_A_TIME] for i in range(0, len(ids), AT_A_TIME)]
        place = min(self._state.matrices, len(blocks))
        shown = blocks[place - 1]
        firsts = range(1, len(ids) + 1, AT_A_TIME)
        names = {
            f"{i} to {i + len(block) - 1} of {len(ids)}": str(number)
            for number, (i, block) in enumerate(zip(firsts, blocks, strict=True), start=1)
        }
        self._which.param.update(options=names, value=str(place), visible=len(blocks) > 1)
        self.drawn = {each: self._draw(each) for each in shown}
        width = 6 if len(ids) > 1 else 12
        self._content.objects = [grid(*((self._framed(each), width) for each in shown))]
        self._told.object = text(self._words(len(blocks)), "caption").object

    def _draw(self, experiment_id: int) -> Confusion:
        evaluation = self._found[experiment_id]
        counts = evaluation.confusion if self._state.unit == "windows" else evaluation.record_confusion
        confusion = draw_confusion(evaluation.classes, counts, self._state.unit)
        if self._open is not None and self._state.unit == "windows":
            confusion.source.selected.on_change(
                "indices", lambda _name, _old, new: self._open_cell(experiment_id, confusion, new)
            )
        return confusion

    def _open_cell(self, experiment_id: int, confusion: Confusion, indices: list[int]) -> None:
        if self._open is None or not indices:
            return
        confusion.source.selected.indices = []  # who comes back may press the same cell
        true, predicted = cell_at(confusion, indices[0])
        self._open("/experiments", experiment=experiment_id, true=true, predicted=predicted)

    def _choose(self, value: str) -> None:
        if value and int(value) != self._state.matrices:
            self._state.matrices = int(value)

    def _framed(self, experiment_id: int) -> pn.Column:
        name = self._compared.run(experiment_id).name
        return card(bokeh(self.drawn[experiment_id].figure), title=f"#{experiment_id} {name}")

    def _words(self, num_blocks: int) -> str:
        order = f"The best by {self._metric} first. " if num_blocks > 1 else ""
        if self._state.unit == "records":
            return f"{order}One vote a record: the mean of its windows’ probabilities."
        leads = "" if self._open is None else " A cell opens its windows."
        return f"{order}Colour: share of the true class.{leads}"


def _tabulate(compared: Compared) -> pn.pane.HTML:
    table = compared.summaries.pivot(index="metric", columns="experiment_id", values="best")
    table = table.reindex(index=[each.name for each in compared.metrics], columns=compared.ids)
    rows = [
        [ABSENT if np.isnan(value) else f"{value:.4g}" for value in row] for row in table.to_numpy(np.float64)
    ]
    return small_table(*lay_out("metric", list(map(str, table.index)), compared.ids, rows))


def _by_class(found: dict[int, Evaluation], order: list[int]) -> pn.Column:
    scores = {each: {score.label: score for score in found[each].per_class} for each in order}
    classes = list(dict.fromkeys(name for each in order for name in scores[each]))
    rows = [
        [share(scores[each][name].f1) if name in scores[each] else ABSENT for each in order]
        for name in classes
    ]
    return card(small_table(*lay_out("class", classes, order, rows)), title="By class: F1 of windows")
