"""A page of rows that is sorted, turned, opened and selected from; the query does the rest."""

from typing import Any, ClassVar

import param

from app.components.browser_part import BrowserPart
from app.components.scripted import script, style_sheet
from app.components.scrolling import scrolls
from app.theme import STATES, css_variable


class RowTable(BrowserPart):
    """One page of a table, of which a cell is a text or a dictionary that names its look.

    Looks: {"state", "more"}; {"text", "href" or "opens", "below", "bar" (share), "tags", "caution", "mono"};
    {"tags"}. A column has name, title, hint, number (set right), unbroken (in one line), sortable and spare
    (the larger, the sooner it leaves).
    Messages: sort(column), turn(step), open(id), select(ids, on). A row's id is its key.
    """

    columns = param.List(
        default=[], item_type=dict, doc="name, title, hint, number, unbroken, sortable, spare"
    )
    rows = param.List(default=[], item_type=dict, doc="id, label and cells of each row")
    sort = param.String(default="", doc="column that orders")
    descending = param.Boolean(default=True, doc="largest first")
    selectable = param.Boolean(default=True, doc="whether rows carry a box")
    selected = param.List(default=[], doc="ids of selected rows, of this page and others")
    place = param.Dict(default={}, doc="first, last and total of the rows shown")
    nothing = param.String(default="", doc="what stands where there is no row")
    states = param.Dict(
        default={state: [icon, word, css_variable(state)] for state, (icon, word) in STATES.items()},
        doc="icon, word and ink of each state",
        constant=True,
    )

    _esm = script("parts", "row_table")
    _stylesheets: ClassVar[list[str]] = [style_sheet("parts", "row_table"), scrolls(".frame")]

    def __init__(self, *args: Any, **params: Any) -> None:
        super().__init__(*args, **{"sizing_mode": "stretch_width"} | params)
