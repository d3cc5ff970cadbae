"""What a person chose on the Architectures page."""

from typing import ClassVar

import param

from app.state.page import PageState
from core.specs import MOST_ID

COSTS = {"flops": "FLOPs", "num_parameters": "Parameters", "latency_ms": "Latency"}


class ArchitecturesState(PageState):
    """The open search, else the table of all; its chosen trial, and what accuracy is weighed against."""

    url_params: ClassVar[tuple[str, ...]] = ("campaign", "trial", "axis", "sort", "descending", "page")

    campaign = param.Integer(default=None, bounds=(1, MOST_ID), doc="open search; None: the table of all")
    trial = param.Integer(
        default=None, bounds=(0, MOST_ID), doc="trial whose architecture is drawn; None: best"
    )
    axis = param.Selector(default="flops", objects=list(COSTS), doc="what accuracy is weighed against")
    sort = param.String(default="", doc="column that orders the trials; empty: the best first")
    descending = param.Boolean(default=True, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the trials")

    def order_by(self, column: str) -> None:
        """Order by a column, largest first; by the one that orders already, the other way round."""
        again = column == self.sort
        self.param.update(page=1, sort=column, descending=not self.descending if again else True)
