"""A small sample of the proof of searches; the whole of it is run by the command."""

import pytest

from tests.proofs.test_files_from_outside import run


@pytest.mark.slow
def test_made_up_searches_have_one_answer_everywhere() -> None:
    assert "100 searches over 300 experiments" in run("searches", "--number", "100")
