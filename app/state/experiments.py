"""What a person chose on the Experiments page."""

from collections.abc import Iterable
from typing import Any, ClassVar

import param

from app.state.page import PageState
from app.state.search_terms import drop_field
from core.specs import MOST_ID


class ExperimentsState(PageState):
    """The open experiment, else what the table shows; within an experiment, the cell looked at."""

    url_params: ClassVar[tuple[str, ...]] = (
        "experiment",
        "search",
        "archived",
        "by",
        "columns",
        "sort",
        "descending",
        "page",
        "unit",
        "true",
        "predicted",
    )

    experiment = param.Integer(default=None, bounds=(1, MOST_ID), doc="open experiment; None: the table")
    search = param.String(default="", doc="what is searched for, in the search language")
    archived = param.Boolean(default=False, doc="archived experiments instead of the others")
    by = param.String(default="", doc="what experiments are grouped by; empty: they are not")
    columns = param.List(default=[], item_type=str, doc="columns chosen, in order; none: the usual ones")
    sort = param.String(
        default="", doc="column that orders the table; empty: relevance, else the newest first"
    )
    descending = param.Boolean(default=True, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the table")
    unit = param.Selector(default="windows", objects=["windows", "records"], doc="what the matrix counts")
    true = param.String(default=None, allow_None=True, doc="true class of the windows listed")
    predicted = param.String(default=None, allow_None=True, doc="predicted class of the windows listed")

    selected = param.List(default=[], item_type=int, doc="experiments selected, on whichever page")

    def narrow(self, **chosen: Any) -> None:
        """Change what the table shows and return to its first page."""
        self.param.update(page=1, **chosen)

    def order_by(self, column: str) -> None:
        """Order by a column, largest first; by the one that orders already, the other way round.

        An order that stands in the search would win, so it is taken out.
        """
        again = column == self.sort
        self.narrow(
            sort=column,
            descending=not self.descending if again else True,
            search=drop_field(self.search, "sort"),
        )

    def select(self, ids: Iterable[int], *, on: bool) -> None:
        """Add experiments to the selection, or take them out."""
        wanted = list(ids)
        left = [each for each in self.selected if each not in wanted]
        self.selected = [*left, *wanted] if on else left

    def choose_cell(self, true: str | None, predicted: str | None) -> None:
        """List the windows of one cell of the confusion matrix; None, None: no list."""
        self.param.update(true=true, predicted=predicted)


class CellWindowsState(param.Parameterized):
    """The place in the list of one cell's windows; not in the address."""

    sort = param.Selector(
        default="signal_id", objects=["signal_id", "start_s", "confidence"], doc="column that orders the list"
    )
    descending = param.Boolean(default=False, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the list")
