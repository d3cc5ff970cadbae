"""An answer: how many rows in what time, the rows, and their chart."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import panel as pn

from app.components.actions import actions
from app.components.card import card
from app.components.copy_python import copy_python
from app.components.data_table import PAGE_SIZE, DataTable
from app.components.export import export
from app.components.filters import choice, filter_row, offer
from app.components.grid import stack
from app.components.safe_text import text
from app.components.stat import stat, stats
from app.components.words import span
from app.pages.sql.snippets import answer_snippet
from app.plots.answers import MOST_COLORS, Axes, choose_axes, draw_answer, list_numbers
from app.state.sql import CHARTS, SqlState
from core.queries.warehouse import Answer

SIGNIFICANT = 6
NESTED = (list, tuple, dict, np.ndarray)


class AnswerView(pn.viewable.Viewer):
    """One answer, its rows sorted and paged, its chart chosen."""

    def __init__(self, state: SqlState, answer: Answer) -> None:
        super().__init__()
        self.state, self.answer = state, answer
        self.frame, self._flat = answer.frame, _flat(answer.frame)
        # The table's own names of columns: a dot in one would mean a part of another.
        self._fields = {f"c{place}": name for place, name in enumerate(self.frame.columns)}
        numbers = set(list_numbers(self.frame))
        aligned = {field: "right" for field, name in self._fields.items() if name in numbers}
        self.table = DataTable(
            state,
            titles=self._fields,
            text_align=aligned,
            header_align=aligned,
        )
        self._chart = choice("Chart", lambda value: self._draw_as(chart=value or "none"))
        self._x = choice("Across", lambda value: self._draw_as(x=value))
        self._y = choice("Up", lambda value: self._draw_as(y=value))
        self._by = choice("Colour", lambda value: self._draw_as(by=value))
        self._picture = pn.Column(text("", "caption"), sizing_mode="stretch_width", margin=0)
        self._watching = [
            state.param.watch(lambda *_: self._show_rows(), ["sort", "descending", "page"]),
            state.param.watch(lambda *_: self._show_chart(), ["chart", "x", "y", "by"]),
        ]
        self._show_rows()
        self._show_chart()

    def close(self) -> None:
        """Follow the state no longer."""
        for watcher in self._watching:
            self.state.param.unwatch(watcher)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            stats(*self._figures()),
            stack(card(filter_row(self._chart, self._x, self._y, self._by), self._picture), card(self.table)),
            actions(
                export(lambda: self.frame, "answer"), copy_python(lambda: answer_snippet(self.state.sql))
            ),
            sizing_mode="stretch_width",
            margin=0,
        )

    def _figures(self) -> list[pn.pane.HTML]:
        answer = self.answer
        rows = "row" if len(self.frame) == 1 else "rows"
        told = [stat(f"{len(self.frame):,}", rows), stat(span(answer.seconds), "to answer")]
        if answer.truncated:
            told.append(
                stat("cut", "there are more rows; a LIMIT or an aggregate asks for fewer", caution=True)
            )
        return told

    def _show_rows(self) -> None:
        state, frame = self.state, self.frame
        if (name := self._fields.get(state.sort)) is not None:
            column = self._flat[name].reset_index(drop=True)
            ordered = column.sort_values(ascending=not state.descending, kind="stable", na_position="last")
            frame = frame.iloc[ordered.index]
        first = (state.page - 1) * PAGE_SIZE
        shown = frame.iloc[first : first + PAGE_SIZE]
        told = {field: [_told(value) for value in shown[name]] for field, name in self._fields.items()}
        self.table.show(pd.DataFrame(told, columns=list(self._fields)), len(frame))

    def _show_chart(self) -> None:
        state, frame = self.state, self._flat
        offer(self._chart, list(CHARTS), state.chart)
        axes = choose_axes(frame, Axes(state.x, state.y, state.by)) if len(frame) else None
        is_drawn = state.chart != "none" and axes is not None
        for field in (self._x, self._y, self._by):
            field.visible = is_drawn
        if state.chart == "none" or axes is None:
            why = "" if axes else "Nothing to draw: the answer has no row with a number."
            self._picture[:] = [text(why if state.chart != "none" else "", "caption")]
            return
        offer(self._x, list(frame.columns), axes.x)
        offer(self._y, list_numbers(frame), axes.y)
        few = [name for name in frame.columns if frame[name].nunique() <= MOST_COLORS]
        self._by.param.update(options={"none": ""} | {name: name for name in few}, value=axes.by)
        drawn = draw_answer(frame, state.chart, axes)
        self._picture[:] = [
            pn.pane.Bokeh(drawn.figure, sizing_mode="stretch_width", margin=0),
            text(drawn.note, "caption"),
        ]

    def _draw_as(self, **chosen: Any) -> None:
        if any(getattr(self.state, name) != value for name, value in chosen.items()):
            self.state.param.update(**chosen)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with lists and structures, which have no order and no colour, as their text."""
    objects = [name for name in frame if pd.api.types.is_object_dtype(frame[name])]
    nested = [name for name in objects if frame[name].map(lambda value: isinstance(value, NESTED)).any()]
    return frame.assign(**{name: frame[name].map(_told) for name in nested})


def _told(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return "NULL"
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT}g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)
