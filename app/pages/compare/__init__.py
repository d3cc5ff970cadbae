"""Compare: two to fifty experiments side by side, the answer first."""

import asyncio
from typing import Any, ClassVar

import pandas as pd
import panel as pn
import panel_material_ui as pmui

from app.components.actions import actions
from app.components.card import card
from app.components.compared_lines import ComparedLine, compared_lines
from app.components.copy_python import copy_python
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.following_page import FollowingPage
from app.components.grid import stack
from app.pages.compare.controls import Controls
from app.pages.compare.curves import CurvesView
from app.pages.compare.head import answer_card
from app.pages.compare.reading import Compared, amount, read_compared, shown_colors
from app.pages.compare.section import Section
from app.pages.compare.sections import make_section
from app.pages.compare.snippets import compare_snippet
from app.state.compare import CompareState
from core.queries.comparison.answers import find_answer, find_group_answer
from core.queries.comparison.predictions import PairTest, compare_pair
from core.queries.comparison.runs import tabulate_runs
from core.queries.comparison.scores import tabulate_metric
from core.storage.database import read_scope

POLL_MS = 2000
JUDGING = ("metric", "baseline", "group")
DRAWING = ("metric", "curve", "axis", "smoothing", "group")
WITHIN = ("parameter", "unit", "matrices")


class ComparePage(FollowingPage):
    """The comparison of the experiments that the state names; what runs is followed while it is seen."""

    title, path, icon = "Compare", "/compare", "compare_arrows"
    state_class: ClassVar[type[CompareState]] = CompareState
    state: CompareState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.compared: Compared | None = None
        self.curves: CurvesView | None = None
        self._controls = Controls(self.state)
        self._answer, self._lines = stack(), stack()
        self._section = stack()
        self._sections: dict[str, Section] = {}
        self._tests: dict[tuple[int, int], PairTest] = {}
        self._open()
        self.state.param.watch(lambda _: self._open(), "ids")
        self.state.param.watch(lambda *_: pn.state.execute(self._judge_anew), list(JUDGING))
        self.state.param.watch(lambda *_: pn.state.execute(self._draw), list(DRAWING))
        self.state.param.watch(lambda _: pn.state.execute(self._show_section), "tab")
        self.state.param.watch(lambda *_: pn.state.execute(self._redraw_section), list(WITHIN))

    def period_ms(self) -> int | None:
        """Look again while any of them may still write."""
        return POLL_MS if self.compared is not None and self.compared.is_active else None

    def _look(self) -> None:
        if self.curves is not None and self.period_ms() is not None:
            self._take(*self._read_again(self.curves))

    def _open(self) -> None:
        """Show other experiments, or how to choose them."""
        compared = read_compared(self.state)
        if len(compared.runs) < 2:
            self.compared, self.curves = None, None
            self.breadcrumb = []
            self._content.objects = [self._how_to_choose(compared)]
            self._follow()
            return
        self.compared, self._sections, self._tests = compared, {}, {}
        self.curves = CurvesView(compared, self.state)
        self.breadcrumb = [f"{len(compared.runs)} experiments"]
        self._content.objects = [self._frame(self.curves)]
        self._judge()
        self._show_section()
        self._follow()

    def _how_to_choose(self, compared: Compared) -> pn.Column:
        found = (
            f" Of {len(self.state.ids)} asked for, {len(compared.runs)} is stored." if self.state.ids else ""
        )
        return empty_state(
            "Fewer than two experiments to compare",
            "Mark two to fifty rows in the table of experiments and press Compare there, or name their "
            f"numbers in the address, as in /compare?ids=1,2,3.{found}",
            actions=[("Choose in Experiments", lambda: self.open("/experiments"))],
        )

    def _frame(self, curves: CurvesView) -> pn.Column:
        tabs = pmui.RadioButtonGroup.from_param(
            self.state.param.tab, label="", size="small", margin=0, color="primary"
        )
        copied = copy_python(self._snippet)
        return stack(
            self._answer,
            card(
                self._controls.drawing(),
                curves,
                title="Curves",
                actions=(export(curves.frame, "curves"),),
            ),
            card(self._lines, title="Experiments, the best first"),
            pn.FlexBox(tabs, margin=0),
            self._section,
            actions(export(self._export, "compared"), copied),
        )

    def _judge(self) -> None:
        """Show who is best by the metric chosen."""
        compared = self.compared
        if compared is None:
            return
        state, metric = self.state, compared.metric(self.state.metric)
        field = compared.group(state.group)
        answer = find_answer(compared.summaries, compared.ids, metric, self._test_pair, state.baseline)
        groups = None
        if field and answer is not None:
            groups = find_group_answer(compared.runs, compared.summaries, metric, field, state.baseline)
        self._controls.show(compared)
        self._answer.objects = [
            self._controls.judging(),
            answer_card(compared, answer, groups, state.baseline),
        ]
        self._show_lines(metric, answer.reference if answer else None)

    def _test_pair(self, first: int, second: int) -> PairTest:
        """Test two experiments once: what they said of their test sides stands while their states do."""
        if (first, second) not in self._tests:
            with read_scope() as session:
                self._tests[first, second] = compare_pair(session, first, second)
        return self._tests[first, second]

    def _judge_anew(self) -> None:
        """Show who is best, and the sections, by other choices."""
        self._judge()
        self._sections.clear()
        self._show_section()

    def _show_lines(self, metric: str, reference: int | None) -> None:
        compared = self.compared
        if compared is None:
            return
        table = tabulate_metric(compared.summaries, metric, compared.ids, reference)
        colors = shown_colors(compared, compared.group(self.state.group))
        lines = []
        for experiment_id, row in table.iterrows():
            run = compared.run(int(str(experiment_id)))
            best = amount(metric, row["best"])
            at = "" if pd.isna(row["best_epoch"]) else f" · epoch {int(row['best_epoch'])}"
            difference = "reference" if run.id == reference else amount(metric, row["difference"], sign=True)
            lines.append(
                ComparedLine(
                    run.id, run.name, colors[run.id], run.status, f"{run.model} on {run.dataset}", run.split,
                    run.audit, f"{best}{at}", amount(metric, row["last"]), difference,
                )
            )  # fmt: skip
        against = f"to #{reference}" if reference is not None else "difference"
        self._lines.objects = [
            compared_lines(lines, metric, against, linked=self.navigate is not None),
        ]

    def _draw(self) -> None:
        if self.curves is not None and self.compared is not None:
            self._controls.show(self.compared)
            self.curves.redraw()

    def _show_section(self) -> None:
        """Show the section chosen, made when it is first seen."""
        if self.compared is None:
            return
        tab = self.state.tab
        if tab not in self._sections:
            self._sections[tab] = make_section(self.compared, self.state, self.navigate)
        self._section.objects = [self._sections[tab]]

    def _redraw_section(self) -> None:
        section = self._sections.get(self.state.tab)
        if section is not None:
            section.redraw()

    async def _look_again(self) -> None:
        curves = self.curves
        if curves is None:
            return
        compared, written = await asyncio.to_thread(self._read_again, curves)
        if curves is self.curves:
            self._take(compared, written)
            if not compared.is_active:
                self._follow()

    def _read_again(self, curves: CurvesView) -> tuple[Compared, pd.DataFrame]:
        # The states first: a run that ends in between is then read once more, and its last epochs with it.
        compared = read_compared(self.state)
        return compared, curves.read_new(compared)

    def _take(self, compared: Compared, written: pd.DataFrame) -> None:
        """Bring what was read into the picture; the answer is judged anew where a figure changed."""
        before, self.compared = self.compared, compared
        if self.curves is not None:
            self.curves.take(compared, written)
        if before is None or before.runs != compared.runs:
            self._tests.clear()
            self._judge_anew()
        elif not before.summaries.equals(compared.summaries):
            self._judge()
            # The section looked at moves by itself; the others are made of newer figures when seen.
            self._sections = {tab: view for tab, view in self._sections.items() if tab == self.state.tab}
            for section in self._sections.values():
                section.take(compared)

    def _export(self) -> pd.DataFrame:
        return tabulate_runs(self.compared.runs) if self.compared else pd.DataFrame()

    def _snippet(self) -> str:
        if self.compared is None:
            return ""
        metric = self.compared.metric(self.state.metric)
        curve = self.compared.curve(self.state.curve, metric)
        return compare_snippet(self.state, metric, curve, self.compared.group(self.state.group))
