"""The whole of this proof takes seconds, so it is run, not sampled."""

from pathlib import Path

from tests.proofs.test_files_from_outside import run


def test_combs_name_the_race_that_is_damaged(shared_data: Path) -> None:
    said = run("combs", str(shared_data))
    assert "23 of 24 inner- and outer-race records of CWRU named by the first choice" in said
    assert "CWRU healthy: 1 of 1" in said
    assert "MFPT inner_race: 2 of 2" in said
    assert "MFPT outer_race: 2 of 2" in said
