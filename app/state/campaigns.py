"""What a person chose on the Campaigns page."""

from collections.abc import Iterable
from typing import ClassVar

import param

from app.state.page import PageState
from core.specs import MOST_ID

TABS = ("parameters", "slice", "contour", "rungs", "distribution", "timeline", "cost", "trials")
BUDGETS = ("trials", "epochs", "seconds")
MOST_COMPARED = 8


class CampaignsState(PageState):
    """The open campaign, else those compared, else the table of all."""

    url_params: ClassVar[tuple[str, ...]] = (
        "campaign",
        "ids",
        "by",
        "axis",
        "tab",
        "importance",
        "x",
        "y",
        "sort",
        "descending",
        "page",
    )

    campaign = param.Integer(default=None, bounds=(1, MOST_ID), doc="open campaign; None: several, or all")
    ids = param.List(
        default=[], item_type=int, bounds=(0, MOST_COMPARED), doc="campaigns side by side; none: the table"
    )
    by = param.Selector(
        default="campaign", objects=["campaign", "method"], doc="what makes a line of several"
    )
    axis = param.Selector(default=BUDGETS[0], objects=list(BUDGETS), doc="what the best so far runs over")
    tab = param.Selector(default=TABS[0], objects=list(TABS), doc="section of a campaign")
    importance = param.Selector(
        default="PED-ANOVA", objects=["PED-ANOVA", "fANOVA"], doc="how parameters are ranked"
    )
    x = param.String(default="", doc="parameter along the contour; empty: the first that differs")
    y = param.String(default="", doc="parameter up the contour; empty: the next that differs")
    sort = param.String(default="", doc="column that orders the trials; empty: the best first")
    descending = param.Boolean(default=True, doc="largest first")
    page = param.Integer(default=1, bounds=(1, MOST_ID), doc="page of the trials")

    selected = param.List(default=[], item_type=int, doc="campaigns ticked in the table")

    def order_by(self, column: str) -> None:
        """Order by a column, largest first; by the one that orders already, the other way round."""
        again = column == self.sort
        self.param.update(page=1, sort=column, descending=not self.descending if again else True)

    def select(self, ids: Iterable[int], *, on: bool) -> None:
        """Tick campaigns, or take the ticks away."""
        wanted = list(ids)
        left = [each for each in self.selected if each not in wanted]
        self.selected = [*left, *wanted] if on else left
