"""A long table of which the browser and this process hold one page: the query sorts, filters and cuts."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pandas as pd
import panel as pn
import param

from app.components.icon_button import IconButton
from app.components.safe_text import plain, text
from app.components.scrolling import scrolls
from app.theme import css_variable

PAGE_SIZE = 25

# Panel loads Tabulator's own sheet after this one.
_STYLE = f"""
{scrolls(".tabulator .tabulator-tableholder")}
.tabulator {{ font-size: 13px !important; border: 0 !important; background: transparent !important;
  font-variant-numeric: tabular-nums; }}
.tabulator .tabulator-header {{ border-bottom: 1px solid {css_variable("border")} !important;
  font-weight: 500 !important; font-size: 12px !important; }}
.tabulator .tabulator-header, .tabulator .tabulator-header .tabulator-col {{
  background: transparent !important; color: {css_variable("muted")} !important;
  border-right: 0 !important; }}
.tabulator .tabulator-col .tabulator-col-content {{ padding: 6px 8px !important; }}
.tabulator .tabulator-table {{ background: transparent !important;
  color: {css_variable("text")} !important; }}
.tabulator .tabulator-row {{ background: transparent !important; min-height: 33px !important;
  border: 0 !important; border-bottom: 1px solid {css_variable("border")} !important; }}
.tabulator .tabulator-row .tabulator-cell {{ border-right: 0 !important; padding: 7px 8px !important; }}
.tabulator .tabulator-row:hover {{ background: {css_variable("raised")} !important;
  color: {css_variable("text")} !important; }}
.tabulator .tabulator-cell {{ line-height: 18px; }}
.tabulator .tabulator-cell a {{ color: {css_variable("accent")}; text-decoration: none;
  overflow-wrap: anywhere; }}
.tabulator .tabulator-cell a:hover {{ text-decoration: underline; }}
.tabulator a:focus-visible, .tabulator-tableholder:focus-visible {{
  outline: 2px solid {css_variable("accent")} !important; outline-offset: -1px; border-radius: 3px; }}
.tabulator .tabulator-col-title-holder {{ display: flex !important; align-items: center; gap: 4px; }}
.tabulator .tabulator-col .tabulator-col-title {{ flex: 0 1 auto; width: auto !important;
  padding-right: 0 !important; }}
.tabulator .tabulator-col-title[style*="right"] {{ flex: 1 1 auto !important; order: 2; }}
.tabulator .tabulator-col .tabulator-col-sorter {{ position: static !important; }}
.tabulator .tabulator-col[aria-sort="none"] .tabulator-col-sorter {{ opacity: 0; }}
.tabulator .tabulator-col[aria-sort="none"]:hover .tabulator-col-sorter {{ opacity: .6; }}
.tabulator .tabulator-arrow {{ border-left-width: 4px !important; border-right-width: 4px !important; }}
"""


class PagedState(Protocol):
    """What a page's state says about its table; `page` counts from one."""

    param: Any
    page: int
    sort: str
    descending: bool


def _configuration(columns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "sortMode": "remote",  # Tabulator would sort the page it has; the query sorts all rows
        "keybindings": False,  # Tab would end in the table; it leads on to its links and past it
        # What does not fit leaves by its `responsive` number, largest first. Where none has one the table is
        # scrolled: made before its frame has a width, it would hide every column and never show one again.
        "responsiveLayout": "hide" if columns else False,
        "columnDefaults": {"vertAlign": "middle", "minWidth": 8},
        "columns": [{"field": field, **options} for field, options in columns.items()],
    }


class DataTable(pn.viewable.Viewer):
    """One page of rows; a click on a title or on the pager changes the state, and the page asks again.

    `columns` are Tabulator's own options of single columns; with widths that grow the table fills its frame.
    """

    span = param.String(default="", doc="which of how many rows are shown, in words")

    def __init__(
        self,
        state: PagedState,
        *,
        titles: Mapping[str, str],
        on_open: Callable[[pd.Series], None] | None = None,
        page_size: int = PAGE_SIZE,
        style: str = "",
        columns: Mapping[str, Mapping[str, Any]] | None = None,
        **tabulator: Any,
    ) -> None:
        super().__init__()
        self._state = state
        self._page_size = page_size
        self._total = 0
        self._table = pn.widgets.Tabulator(
            pd.DataFrame(columns=list(titles)),
            **{
                "titles": {column: plain(title) for column, title in titles.items()},
                "show_index": False,
                "disabled": True,
                "selectable": False,
                "layout": "fit_data_stretch",
                "sizing_mode": "stretch_width",
                "margin": 0,
                "stylesheets": [_STYLE, style],
                "configuration": _configuration(columns or {}),
            }
            | tabulator,
        )
        self._table.sorters = self._sorters()
        self._table.param.watch(self._take_sorters, "sorters")
        if on_open is not None:
            self._table.on_click(lambda event: on_open(self._table.value.iloc[event.row]))
        self._range = text(self.param.span, "caption", align="center")
        self._previous = IconButton("chevron_left", "Previous page", lambda: self._turn(-1))
        self._next = IconButton("chevron_right", "Next page", lambda: self._turn(1))
        state.param.watch(lambda *_: self._show_state(), ["page", "sort", "descending"])

    def show(self, frame: pd.DataFrame, total: int) -> None:
        """Show the rows of the state's page, out of `total` rows that match."""
        self._total = total
        self._table.value = frame
        self._show_state()

    def retitle(self, column: str, title: str) -> None:
        """Give a column another title; without one it is hidden."""
        hidden = [name for name in self._table.hidden_columns if name != column]
        self._table.titles = self._table.titles | {column: plain(title)}
        self._table.hidden_columns = hidden if title else [*hidden, column]

    def __panel__(self) -> pn.viewable.Viewable:
        pager = pn.Row(
            pn.HSpacer(), self._range, self._previous, self._next, align="end", sizing_mode="stretch_width"
        )
        return pn.Column(self._table, pager, sizing_mode="stretch_width", margin=0)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows shown."""
        return self._table.value

    @property
    def last_page(self) -> int:
        """Number of the last page, at least one."""
        return max(1, -(-self._total // self._page_size))

    def _sorters(self) -> list[dict[str, str]]:
        if not self._state.sort:
            return []
        return [{"field": self._state.sort, "dir": "desc" if self._state.descending else "asc"}]

    def _take_sorters(self, event: param.parameterized.Event) -> None:
        if event.new and event.new != self._sorters():
            first = event.new[0]
            self._state.param.update(page=1, sort=first["field"], descending=first["dir"] == "desc")

    def _turn(self, step: int) -> None:
        self._state.page = min(self.last_page, max(1, self._state.page + step))

    def _show_state(self) -> None:
        first = (self._state.page - 1) * self._page_size + 1
        last = min(self._total, first + self._page_size - 1)
        self.span = f"{first:,}–{last:,} of {self._total:,}" if last >= first else f"none of {self._total:,}"
        self._previous.disabled = self._state.page <= 1
        self._next.disabled = self._state.page >= self.last_page
        if self._table.sorters != self._sorters():
            self._table.sorters = self._sorters()
