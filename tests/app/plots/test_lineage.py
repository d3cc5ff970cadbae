"""Parents and children of an evolution."""

import numpy as np

from app.plots.lineage import Family, draw_lineage


def test_each_child_is_joined_to_its_parent_and_one_without_accuracy_is_left_out():
    family = Family(
        number=np.array([0, 1, 2, 5]),
        accuracy=np.array([0.6, 0.7, 0.9, np.nan]),
        parent=np.array([-1, -1, 0, 2]),
        change=["drawn", "drawn", "cells: 1 → 2", "dropout: 0 → 0.2"],
        states=["completed", "pruned", "completed", "running"],
        names=["0", "1", "2", "5"],
    )
    drawn = draw_lineage(family)
    lines = {name: list(column) for name, column in drawn.lines.data.items()}
    assert lines == {"x0": [0], "y0": [0.6], "x1": [2], "y1": [0.9]}
    assert drawn.marks["completed"].data["change"] == ["drawn", "cells: 1 → 2"]
    assert set(drawn.marks) == {"completed", "pruned"}


def test_child_of_a_parent_without_accuracy_stands_alone():
    family = Family(
        number=np.array([0, 1]),
        accuracy=np.array([np.nan, 0.7]),
        parent=np.array([-1, 0]),
        change=["", ""],
        states=["failed", "completed"],
        names=["0", "1"],
    )
    assert list(draw_lineage(family).lines.data["x1"]) == []
