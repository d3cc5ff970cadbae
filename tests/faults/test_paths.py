"""A sample of the points of every path; `python -m tests.proofs.faults` visits all of them."""

import shutil

import pytest

from tests.conftest import require
from tests.faults.injector import KINDS
from tests.faults.paths import PATHS
from tests.faults.visits import Visit, run_visits

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FIRST, STEP = 3, 29  # each kind has a third call on every path, but for sends, which none has yet


@pytest.mark.parametrize("path", PATHS)
def test_a_fault_is_told_breaks_no_law_and_is_made_good(path):
    require(shutil.which("gcc"), "gcc")
    (points,) = run_visits([Visit(path, tuple(KINDS), FIRST, STEP)], processes=1)
    assert [(point.kind, point.nth, point.hit, point.breaches) for point in points if point.breaches] == []
    assert {point.kind for point in points} == set(KINDS) - {"send"}
    told = [point for point in points if point.outcome in {"failed", "raised", "waiting"}]
    assert len(told) > len(points) / 2
