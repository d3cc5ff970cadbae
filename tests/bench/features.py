"""The full feature set: a record's time beside tsfel's, and that what both define is the same.

`python -m tests.bench.features` prints JSON. tsfel gets an environment of its own, made by uv in the user's
cache folder: it ships a top-level package `tests` that would hide ours. Both work on the same records with
two warm processes that each read a half of them from a file, and which goes first changes from round to
round. tsfel takes record after record, as its extractor does; ours takes them as a batch. `cpu` counts what
the processors work, which a busy machine changes little, `wall` what a clock shows. Where tsfel cannot be
installed, `tsfel` says so and there is nothing beside ours.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from multiprocessing.pool import Pool
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
import platformdirs

from core.vibration.bearings import SKF_6205_2RS, defect_orders
from core.vibration.feature_set import FEATURES, measure_features

REQUIREMENT = "tsfel==0.2.0"
CLIENT = Path(__file__).with_name("tsfel_client.py")
RECORDS, SAMPLES, RATE_HZ, RPM = 16, 102_400, 20_480.0, 3_600.0
PROCESSES, ROUNDS = 2, 3
PASSES = 8  # of ours in a round: a turn of a tenth of a second shows the neighbours on the machine
SHARED = (  # that both define alike; zero crossings are about the mean with us, and the records have none
    "rms", "standard_deviation", "mean_absolute", "peak", "peak_to_peak", "skewness", "kurtosis",
    "crest_factor", "zero_crossing_rate_hz",
)  # fmt: skip


def measure() -> dict[str, object]:
    """Return milliseconds a record of both, medians over the rounds, and how far a feature differs."""
    records = make_records()
    facts = {"records": RECORDS, "samples": SAMPLES, "processes": PROCESSES, "features": len(FEATURES)}
    with TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        path = Path(folder) / "records.npy"
        np.save(path, records)
        _time_ours(pool, path)  # imports and warms up
        try:
            python = _tsfel_python()
        except subprocess.CalledProcessError as error:
            alone = [_time_ours(pool, path) for _ in range(ROUNDS)]
            why = f"not installed: {' '.join(error.cmd[1:])} ended with {error.returncode}"
            return facts | _medians("", alone) | {"tsfel": why}
        with _Tsfel(python, path) as tsfel:
            rounds = [_play(number, pool, path, tsfel) for number in range(ROUNDS)]
            theirs = tsfel.values()
    ours = measure_features(records, RATE_HZ)
    return {
        **facts,
        **_medians("", [here for here, _ in rounds]),
        **_medians("tsfel_", [there for _, there in rounds]),
        **_ratios("wall", [there.wall_ms / here.wall_ms for here, there in rounds]),
        **_ratios("cpu", [there.cpu_ms / here.cpu_ms for here, there in rounds]),
        "tsfel_features": theirs["number"],
        "shared_features": len(SHARED),
        "largest_relative_difference": max(_difference(ours[name], theirs[name]) for name in SHARED),
    }


class Turn(NamedTuple):
    """What one round of one of them took for a record, all processes together."""

    wall_ms: float
    cpu_ms: float


def _medians(prefix: str, turns: list[Turn]) -> dict[str, float]:
    return {
        f"{prefix}{name}": round(median(getattr(turn, name) for turn in turns), 1) for name in Turn._fields
    }


def _ratios(name: str, ratios: list[float]) -> dict[str, float]:
    return {f"{name}_ratio": round(median(ratios), 1), f"{name}_ratio_min": round(min(ratios), 1)}


def make_records() -> np.ndarray:
    """Return records of a shaft, impacts and noise, their mean removed."""
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLES) / RATE_HZ
    impacts = np.where(np.arange(SAMPLES) % 95 == 0, 5.0, 0.0)
    records = rng.standard_normal((RECORDS, SAMPLES)) + impacts + np.sin(2 * np.pi * RPM / 60 * t)
    return records - records.mean(axis=-1, keepdims=True)


def measure_part(path: Path, part: int) -> float:
    """Measure one process's share of the records in a file; return the processor's seconds."""
    began = process_time()
    for _ in range(PASSES):
        records = np.load(path, mmap_mode="r")[part::PROCESSES]
        measure_features(records, RATE_HZ, rpm=RPM, orders=defect_orders(SKF_6205_2RS))
    return process_time() - began


class _Tsfel:
    """tsfel in a process of its own environment, asked by lines of text."""

    def __init__(self, python: Path, path: Path) -> None:
        arguments = [str(path), str(RATE_HZ), str(PROCESSES)]
        self.process = subprocess.Popen(
            # -P: a neighbour of the script is called logging.
            [str(python), "-P", str(CLIENT), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            # As many processes as cores leave the threads of BLAS nothing but to wait for each other.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip

    def __enter__(self) -> "_Tsfel":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate("")

    def time(self) -> Turn:
        """Measure all records once."""
        return Turn(*json.loads(self._ask("time")))

    def values(self) -> dict[str, list[float]]:
        """Return by our names what it measured last, and how many features it has."""
        return json.loads(self._ask("values"))

    def _ask(self, question: str) -> str:
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()


def _tsfel_python() -> Path:
    """Return the Python of an environment with tsfel, made where it is not there yet."""
    name = f"{REQUIREMENT.replace('==', '-')}-{sys.version_info.minor}"
    folder = platformdirs.user_cache_path("brinell") / "bench" / name
    if not any(folder.glob("lib/python*/site-packages/tsfel")):
        uv = [sys.executable, "-m", "uv"]
        links = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")}
        for step in (
            ["venv", "-q", "--clear", "-p", sys.executable, str(folder)],
            ["pip", "install", "-q", "-p", str(folder), REQUIREMENT, "numpy>=2.4,<2.5", "pandas>=3.1,<4"],
        ):
            subprocess.run([*uv, *step], check=True, env=os.environ | links, stdout=sys.stderr)
    return folder / "bin" / "python"


def _play(number: int, pool: Pool, path: Path, tsfel: _Tsfel) -> tuple[Turn, Turn]:
    """Time both, in turns of who goes first; return ours and theirs."""
    if number % 2:
        return _time_ours(pool, path), tsfel.time()
    there = tsfel.time()
    return _time_ours(pool, path), there


def _time_ours(pool: Pool, path: Path) -> Turn:
    began = perf_counter()
    cpu_s = sum(pool.starmap(measure_part, [(path, part) for part in range(PROCESSES)], chunksize=1))
    measured = PASSES * RECORDS
    return Turn(1000 * (perf_counter() - began) / measured, 1000 * cpu_s / measured)


def _difference(ours: np.ndarray, theirs: list[float]) -> float:
    return float(np.max(np.abs(ours / np.array(theirs) - 1)))


if __name__ == "__main__":
    print(json.dumps(measure()))
