"""What a person chose on the Experiments page."""

from typing import Any, ClassVar

import param

from app.state.page import MOST_ID, PageState
from core.queries.experiments import SORT_COLUMNS

STATUSES = ("pending", "running", "paused", "completed", "failed", "cancelled")


class ExperimentsState(PageState):
    """The open experiment, else the table's filters, order and page; within one, the cell looked at."""

    url_params: ClassVar[tuple[str, ...]] = (
        "experiment",
        "text",
        "status",
        "dataset",
        "sort",
        "descending",
        "page",
        "unit",
        "true",
        "predicted",
    )

    experiment = param.Integer(default=None, bounds=(1, MOST_ID), doc="open experiment; None: the table")
    text = param.String(default="", doc="part of a name or model")
    status = param.Selector(default="", objects=["", *STATUSES], doc="state wanted; empty: any")
    dataset = param.String(default="", doc="data set wanted; empty: any")
    sort = param.Selector(default="id", objects=list(SORT_COLUMNS), doc="column that orders the table")
    descending = param.Boolean(default=True, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the table")
    unit = param.Selector(default="windows", objects=["windows", "records"], doc="what the matrix counts")
    true = param.String(default=None, allow_None=True, doc="true class of the windows listed")
    predicted = param.String(default=None, allow_None=True, doc="predicted class of the windows listed")

    def narrow(self, **filters: Any) -> None:
        """Change what the table shows and return to its first page."""
        self.param.update(page=1, **filters)

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
