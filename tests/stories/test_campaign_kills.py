"""A sample of `python -m tests.proofs.campaigns`: a campaign whose worker and then a trial are killed."""

from pathlib import Path

import pytest

from tests.proofs.campaigns import work

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_killed_campaign_ends_as_the_unbroken_one(tmp_path: Path) -> None:
    outcomes = work(tmp_path / "home", [("worker", "trial")], seed=0, trials=4, epochs=4)
    assert [outcome.broken for outcome in outcomes] == [[], []]
