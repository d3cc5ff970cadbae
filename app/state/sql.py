"""What a person asked on the SQL page and how its answer is drawn."""

from typing import ClassVar

import param

from app.state.page import PageState

CHARTS = ("none", "bars", "line", "points")


class SqlState(PageState):
    """The question that was run last, and the chart of its answer."""

    url_params: ClassVar[tuple[str, ...]] = ("sql", "chart", "x", "y", "by", "sort", "descending", "page")

    sql = param.String(default="", doc="question that is answered")
    chart = param.Selector(default="none", objects=list(CHARTS), doc="how the answer is drawn")
    x = param.String(default="", doc="column along the horizontal axis; empty: the first that fits")
    y = param.String(default="", doc="column along the vertical axis; empty: the first that fits")
    by = param.String(default="", doc="column that tells colours apart; empty: none")
    sort = param.String(default="", doc="column that orders the rows shown; empty: as they were answered")
    descending = param.Boolean(default=False, doc="largest first")
    page = param.Integer(default=1, bounds=(1, None), doc="page of the answer's rows")
