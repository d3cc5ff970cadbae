"""Prove with a real MLflow that every value of its stores comes in, and that it reads every value of ours.

`python -m tests.proofs.mlflow_store [--runs 60] [--seed 1] [--mlflow 'mlflow>=3']`: MLflow gets an
environment of its own, made by uv in the user's cache folder, as it does not resolve with our lock.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import platformdirs
import typer

from core.interchange.exports import ExportForm, export_runs
from core.interchange.imports import RunImport, import_runs
from core.queries.experiment_exports import list_export_ids, read_exports
from core.storage import migrations
from core.storage.database import read_scope
from core.storage.exports.records import Exported
from tests.bench.epochs import at_home

CLIENT = Path(__file__).with_name("mlflow_client.py")
MAX_DOUBLE = float(np.finfo(np.float64).max)
PATIENCE_S = 120.0
Told = dict[str, Any]


def environment(requirement: str) -> Path:
    """Return the folder of an environment with MLflow, made where it is not there yet."""
    name = re.sub(r"[^\w.]+", "-", requirement)
    folder = platformdirs.user_cache_path("brinell") / "proofs" / f"{name}-{sys.version_info.minor}"
    if not (folder / "bin" / "mlflow").exists():
        uv = [sys.executable, "-m", "uv"]
        links = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")}
        for step in (
            ["venv", "-q", "--clear", "-p", sys.executable, str(folder)],
            ["pip", "install", "-q", "-p", str(folder), requirement],
        ):
            subprocess.run([*uv, *step], check=True, env=os.environ | links, stdout=sys.stderr)
    return folder


def ask(folder: Path, *arguments: str) -> str:
    """Run a Python or a command of the environment and return what it prints."""
    done = subprocess.run(
        [str(folder / "bin" / arguments[0]), *arguments[1:]],
        check=False, capture_output=True, text=True, env=quiet(), cwd=folder,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def quiet() -> dict[str, str]:
    """Return the environment variables of MLflow: none of ours, no call to the outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BRINELL_", "PYTHON"))}
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_FILE_STORE": "true", "DO_NOT_TRACK": "1"}


def read_by_mlflow(folder: Path, uri: str, *experiment: str) -> list[Told]:
    """Return what MLflow's own client tells of the runs in a store."""
    told: list[Told] = json.loads(ask(folder, "python", str(CLIENT), "read", uri, *experiment))
    return told


@contextmanager
def serving(folder: Path, database: Path) -> Iterator[str]:
    """Give the address of a tracking server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(folder / "bin" / "mlflow"), "server", "--backend-store-uri", f"sqlite:///{database}"]
    with (database.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            stdout=log, stderr=log, env=quiet(), cwd=database.parent, start_new_session=True,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        await_answer(f"{url}/health", process)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(PATIENCE_S)


def await_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a server answers."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S and process.poll() is None:
        try:
            with urlopen(url, timeout=5):  # noqa: S310 - of our own server
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"the server of MLflow did not answer at {url}")


def canonical(values: Any) -> list[tuple[str, int, float | str]]:
    """Return values in one order, infinite ones by name; MLflow's SQL writes the largest for them."""
    told = []
    for name, step, value in values:
        number = float(np.copysign(np.inf, value)) if abs(value) == MAX_DOUBLE else float(value)
        told.append((str(name), int(step), number if np.isfinite(number) else str(number)))
    return sorted(told, key=repr)


def list_stored() -> dict[str, Exported]:
    """Return what this home holds, by the origin of MLflow in it."""
    with read_scope() as session:
        return {each.name: each for each in read_exports(session, list_export_ids(session))}


def check_import(told: list[Told], report: RunImport) -> int:
    """Hold the experiments against what MLflow tells; return how many values were the same."""
    assert not report.refused, report.refused
    assert len(report.lines) == len(told), (len(report.lines), len(told))
    theirs = sorted(canonical(run["values"]) for run in told)
    stored = list_stored()
    ours = sorted(canonical((p.metric, p.step, p.value) for p in each.points) for each in stored.values())
    assert [len(each) for each in ours] == [len(each) for each in theirs]
    # A database knows each combination of metric, step, time and value once; so do both sides here.
    assert ours == theirs
    return sum(map(len, ours))


def check_export(told: list[Told]) -> int:
    """Hold what MLflow reads of our export against what this home holds; return how many values agree."""
    stored = list_stored()
    assert len(told) == len(stored)
    for run in told:
        mine = stored[run["name"]]
        assert canonical(run["values"]) == canonical((p.metric, p.step, p.value) for p in mine.points), run[
            "name"
        ]
        assert set(run["params"]) == set(mine.hyperparameters)
        assert run["tags"].get("mlflow.note.content", None) == mine.notes
    return sum(len(run["values"]) for run in told)


def prove(runs: int, seed: int, requirement: str) -> None:
    """Go all ways between MLflow and a home, and compare every value."""
    folder = environment(requirement)
    typer.echo(ask(folder, "mlflow", "--version").strip())
    with TemporaryDirectory() as name, at_home(Path(name, "home")):
        migrations.upgrade()
        top = Path(name)
        database, mlruns = f"sqlite:///{top}/mlflow.db", f"file://{top}/mlruns"
        for uri in (database, mlruns):
            ask(folder, "python", str(CLIENT), "write", uri, str(runs), str(seed))
        told = read_by_mlflow(folder, database)
        report = import_runs([top / "mlflow.db"], via="cli")
        typer.echo(
            f"imported from SQLite: {len(told)} runs, {check_import(told, report):,} values, all the same"
        )
        again = import_runs([top / "mlflow.db"], via="cli")
        assert {line.outcome for line in again.lines} == {"known"}, again.lines
        files = import_runs([top / "mlruns"], via="cli", dry_run=True)
        num_written = sum(len(run["values"]) for run in read_by_mlflow(folder, mlruns))
        assert (files.num_values, files.refused) == (num_written, {}), files.refused
        typer.echo(f"read from the file store: {len(files.lines)} runs, {files.num_values:,} values")
        export_runs(str(top / "out"), ExportForm.MLFLOW)
        ask(
            folder,
            "mlflow",
            "migrate-filestore",
            "--source",
            f"{top}/out",
            "--target",
            f"sqlite:///{top}/moved.db",
        )
        for title, uri in (("file store", f"file://{top}/out"), ("migrated", f"sqlite:///{top}/moved.db")):
            read = read_by_mlflow(folder, uri, "brinell")
            typer.echo(f"exported, read by MLflow ({title}): {len(read)} runs, {check_export(read):,} values")
        with serving(folder, top / "server.db") as url:
            export_runs(url, ExportForm.MLFLOW)
            read = read_by_mlflow(folder, url, "brinell")
            typer.echo(
                f"exported to a server, read by MLflow: {len(read)} runs, {check_export(read):,} values"
            )
            assert export_runs(url, ExportForm.MLFLOW).num_new == 0


def main() -> None:
    """Run the proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mlflow", default="mlflow>=3,<4")
    given = parser.parse_args()
    prove(given.runs, given.seed, given.mlflow)


if __name__ == "__main__":
    main()
