"""Accuracy against cost: what is drawn, and the front."""

import numpy as np

from app.plots.pareto import CostPoints, draw_pareto

POINTS = CostPoints(
    cost=np.array([1.0, 2.0, 3.0, 4.0, np.nan]),
    accuracy=np.array([0.7, 0.9, 0.8, 0.95, 0.99]),
    is_front=np.array([True, True, False, False, False]),
    states=["completed", "completed", "completed", "pruned", "running"],
    names=["a", "b", "c", "d", "e"],
)


def front_of(figure) -> tuple[list[float], list[float]]:
    data = figure.renderers[0].data_source.data
    return list(data["x"]), list(data["y"])


def test_front_rises_and_goes_on_to_the_dearest_trial():
    assert front_of(draw_pareto(POINTS, "FLOPs", is_log=True).figure) == ([1.0, 2.0, 4.0], [0.7, 0.9, 0.9])


def test_marks_say_which_trial_each_is_and_leave_out_what_has_no_cost():
    drawn = draw_pareto(POINTS, "latency (ms)", is_log=False)
    assert {state: list(source.data["place"]) for state, source in drawn.marks.items()} == {
        "completed": [0, 1, 2],
        "pruned": [3],
    }
    assert drawn.figure.xaxis.axis_label == "latency (ms)"


def test_nothing_measured_draws_an_empty_frame():
    empty = CostPoints(
        cost=np.zeros(0), accuracy=np.zeros(0), is_front=np.zeros(0, bool), states=[], names=[]
    )
    drawn = draw_pareto(empty, "FLOPs", is_log=True)
    assert (drawn.marks, front_of(drawn.figure)) == ({}, ([], []))
