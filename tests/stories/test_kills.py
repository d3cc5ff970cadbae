"""A sample of `python -m tests.proofs.kills`: each victim killed once, the brokers side by side."""

from pathlib import Path

import pytest

from tests.proofs.brokers import EMBEDDED
from tests.proofs.observing import Run
from tests.proofs.shifts import Shift, work_shifts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EPOCHS = 10


def test_training_survives_the_death_of_worker_kernel_and_server(tmp_path: Path, redis_url: str) -> None:
    shifts = [
        Shift(
            home=tmp_path / "embedded",
            broker="filesystem",
            broker_url=EMBEDDED,
            victims=("worker",),
            epochs=EPOCHS,
            seed=(0, 0),
        ),
        Shift(
            home=tmp_path / "team",
            broker="redis",
            broker_url=redis_url,
            victims=("kernel", "server"),
            epochs=EPOCHS,
            seed=(0, 1),
        ),
    ]
    runs: list[Run] = []

    work_shifts(shifts, 2, runs.append)

    assert {run.victim: run.broken for run in runs} == {None: [], "worker": [], "kernel": [], "server": []}
    first, second = (run.outcome for run in runs if run.victim is None)
    assert first == second
