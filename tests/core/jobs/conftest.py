"""Recordings of both sources as their files look, small; experiments, and who meddles with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from core.jobs.running import run_job
from core.queries.runs import ImportReport, get_import_report
from core.services.access import Actor
from core.services.datasets import request_import
from core.services.experiments import create_experiment
from core.services.jobs import JobKind
from core.specs import ImportSpec, MixedRates, TrainingSpec
from core.storage.database import read_scope, session_scope

RPM = 1797.0


@pytest.fixture
def write_cwru(tmp_path: Path) -> Callable[..., Path]:
    """Write a file as the source does: two channels of a shaft comb at a rate, in noise."""

    def write(
        name: str, *, rate_hz: float = 12_000.0, seed: int = 0, folder: str = "files", size: int = 24_000
    ) -> Path:
        number = int(name.rpartition("_")[2])
        path = tmp_path / folder / f"{name}.mat"
        path.parent.mkdir(exist_ok=True)
        variables = {f"X{number:03d}RPM": np.array([[RPM]])}
        rng, time_s = np.random.default_rng(seed or number), np.arange(size) / rate_hz
        for channel in ("DE", "FE"):
            comb = sum(np.sin(2 * np.pi * order * RPM / 60 * time_s + order) for order in range(1, 13))
            variables[f"X{number:03d}_{channel}_time"] = (comb + rng.normal(0, 0.5, size))[:, None]
        scipy.io.savemat(path, variables)
        return path

    return write


@pytest.fixture
def write_mfpt(tmp_path: Path) -> Callable[..., Path]:
    """Write a file as the source does: one struct with rate, load, speed and samples."""

    def write(name: str) -> Path:
        path = tmp_path / "files" / f"{name}.mat"
        path.parent.mkdir(exist_ok=True)
        samples = np.random.default_rng(1).normal(size=(20_000, 1))
        bearing = {"sr": 48_828.0, "gs": samples, "load": 270.0, "rate": 25.0}
        scipy.io.savemat(path, {"bearing": bearing, "BPFO": 81.125})
        return path

    return write


@pytest.fixture
def do_import(researcher: Actor) -> Callable[..., ImportReport]:
    """Import paths in this process and tell what the import did."""

    def act(*paths: Path, dataset: str = "rig", mixed: MixedRates = MixedRates.RESAMPLE) -> ImportReport:
        with session_scope() as session:
            spec = ImportSpec(dataset=dataset, paths=paths, mixed_rates=mixed)
            row_id = request_import(session, researcher, spec).id
        assert run_job(JobKind.IMPORT, row_id)
        with read_scope() as session:
            return get_import_report(session, row_id)

    return act


@pytest.fixture
def create(researcher: Actor) -> Callable[[TrainingSpec], int]:
    """Store a pending experiment and return its id."""

    def act(spec: TrainingSpec) -> int:
        with session_scope() as session:
            return create_experiment(session, researcher, spec).id

    return act


@pytest.fixture
def act_at_epoch(monkeypatch: pytest.MonkeyPatch, researcher: Actor) -> Callable[..., None]:
    """Do something to the row when an epoch has just been trained, as a person would meanwhile."""
    from core.jobs.experiment_run import ExperimentRun

    record = ExperimentRun._on_epoch

    def install(number: int, act: Callable[..., object] | None) -> None:
        def on_epoch(self: ExperimentRun, epoch: Any) -> None:
            if act is not None and epoch.epoch == number:
                with session_scope() as session:
                    act(session, researcher, self.claim.row_id)
            record(self, epoch)

        monkeypatch.setattr(ExperimentRun, "_on_epoch", on_epoch)

    return install
