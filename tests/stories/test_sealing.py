"""A sample of `python -m tests.proofs.sealing`: logging, asking, sealing and kills at once."""

import pytest

from tests.proofs.sealing import prove

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_row_is_lost_or_told_twice_while_two_log_and_the_sealer_is_killed(kind: str) -> None:
    course = prove(kind, seconds=8, seed=1)
    assert course.broken == []
    assert course.answers >= 2
    assert course.kills >= 1
