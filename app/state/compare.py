"""What a person chose on the Compare page."""

from typing import ClassVar

import param

from app.state.page import PageState
from core.queries.comparison.curves import AXES
from core.queries.comparison.runs import MOST_EXPERIMENTS
from core.specs import MOST_ID

TABS = ("differences", "scores", "confidence", "parameters", "windows")


class CompareState(PageState):
    """Which experiments, by what they are judged, and how their curves are drawn."""

    url_params: ClassVar[tuple[str, ...]] = (
        "ids",
        "metric",
        "baseline",
        "group",
        "curve",
        "axis",
        "smoothing",
        "tab",
        "parameter",
        "unit",
        "matrices",
    )

    ids = param.List(
        default=[], item_type=int, bounds=(0, MOST_EXPERIMENTS), doc="experiments compared, in their order"
    )
    metric = param.String(default="", doc="what judges them; empty: the first that two have")
    baseline = param.Integer(default=None, bounds=(1, MOST_ID), doc="what the best is tested against")
    group = param.String(default="", doc="field that makes groups; empty: every run by itself")
    curve = param.String(default="", doc="metric drawn by epoch; empty: the judging one, else the first")
    axis = param.Selector(default="epoch", objects=list(AXES), doc="what the curves run over")
    smoothing = param.Number(default=0.6, bounds=(0, 0.99), doc="weight of the past in the smoothed curve")
    tab = param.Selector(default=TABS[0], objects=list(TABS), doc="section below the curves")
    parameter = param.String(default="", doc="hyperparameter of the scatter; empty: the first that differs")
    unit = param.Selector(default="windows", objects=["windows", "records"], doc="what the matrices count")
    matrices = param.Integer(
        default=1,
        bounds=(1, MOST_EXPERIMENTS),
        doc="which matrices are shown, four at a time, the best first",
    )
