"""Questions over all histories beside bare DuckDB on one Parquet file, curves beside bare sqlite3.

`python -m tests.bench.warehouse` measures 1,000 experiments of 100 epochs, with `--large` 100,000.
"""

import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from sqlalchemy import func, select, update

from core.clock import utc_now
from core.jobs.sealing import seal
from core.models import Experiment, TrainingRun
from core.queries.curves import read_curves
from core.queries.warehouse import ask, run_sql
from core.settings import get_settings
from core.storage.database import dispose_engines, read_scope, session_scope
from core.storage.sealed import folder_of
from tests.bench.rows import MODELS, fill_rows

EXPERIMENTS, EPOCHS, CURVES = 1_000, 100, 50
BY_MODEL = """
SELECT model, avg(best) AS best FROM (
    SELECT experiment_id, max(val_accuracy) AS best FROM {epochs} GROUP BY experiment_id
) AS e JOIN {experiments} AS x ON x.id = e.experiment_id GROUP BY model
"""
BY_EPOCH = """
SELECT epoch, count(*) AS n, avg(val_loss) AS loss, max(val_accuracy) AS best FROM {epochs} GROUP BY epoch
"""


def measure(experiments: int = EXPERIMENTS, repeats: int = 15) -> dict[str, Any]:
    """Measure on a home of its own; times in ms, medians."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("BRINELL_HOME")
        os.environ["BRINELL_HOME"] = folder
        get_settings.cache_clear()
        try:
            fill_rows(experiments, EPOCHS)
            began = time.perf_counter()
            sealed = seal(utc_now(), at_once=True)
            seal_s = time.perf_counter() - began
            return {
                "epoch_rows": sealed.rows,
                "seal_s": round(seal_s, 1),
                "parts": sealed.parts,
                **_measure(Path(folder), repeats),
            }
        finally:
            dispose_engines()
            os.environ.pop("BRINELL_HOME")
            if before is not None:
                os.environ["BRINELL_HOME"] = before
            get_settings.cache_clear()


def _measure(folder: Path, repeats: int) -> dict[str, Any]:
    epochs, experiments = folder / "epochs.parquet", folder / "experiments.parquet"
    ours = {"epochs": "epochs", "experiments": "experiments"}
    bare = {"epochs": f"'{epochs}'", "experiments": f"'{experiments}'"}
    with duckdb.connect(config={"threads": 2}) as engine:
        parts = sorted(map(str, folder_of("training_runs").glob("*.parquet")))
        engine.execute(f"COPY (FROM read_parquet({parts}) ORDER BY id) TO '{epochs}' (COMPRESSION zstd)")
        pq.write_table(_table(folder), experiments)
        found: dict[str, Any] = {}
        for name, text in (("by_model", BY_MODEL), ("by_epoch", BY_EPOCH)):
            question, same = text.format(**ours), text.format(**bare)
            for when, before in CHANGES.items():
                found[name + when] = _compare(
                    lambda question=question: ask(question),
                    lambda same=same: engine.execute(same).to_arrow_reader().read_all(),
                    repeats,
                    before,
                )
        found["typed_by_epoch_ms"] = round(_median(lambda: run_sql(BY_EPOCH.format(**ours)), 5), 1)
    found["curves"] = _measure_curves(folder / "brinell.db", repeats)
    return found


def _table(folder: Path) -> pa.Table:
    with closing(sqlite3.connect(folder / "brinell.db")) as rows:
        found = rows.execute("SELECT id, model_type FROM experiments").fetchall()
    return pa.table({"id": [row[0] for row in found], "model": [row[1] for row in found]})


def _measure_curves(database: Path, repeats: int) -> dict[str, float]:
    ids = list(range(1, 20 * CURVES, 20))
    marks = ", ".join("?" * len(ids))
    text = f"SELECT experiment_id, epoch, val_loss FROM training_runs WHERE experiment_id IN ({marks})"  # noqa: S608
    with closing(sqlite3.connect(database)) as bare:

        def ours() -> None:
            with read_scope() as session:
                assert len(read_curves(session, ids, "val_loss")) == CURVES

        return _compare(ours, lambda: bare.execute(text, ids).fetchall(), repeats)


def _change_notes() -> None:
    """Change what neither question reads: their tables are read anew and found to be the same."""
    with session_scope() as session:
        session.execute(update(Experiment).where(Experiment.id == 1).values(notes=utc_now().isoformat()))


def _change_rows() -> None:
    """Change what both questions read, the experiments and the epochs that are not sealed."""
    with session_scope() as session:
        first = session.get_one(Experiment, 1)
        first.model_type = MODELS[MODELS.index(first.model_type) - 1]
        last = session.scalar(select(func.max(TrainingRun.epoch)).where(TrainingRun.experiment_id == 1)) or 0
        session.add(TrainingRun(experiment_id=1, epoch=last + 1, val_loss=0.5, val_accuracy=0.5))


CHANGES: dict[str, Callable[[], None]] = {
    "": lambda: None,
    "_after_a_change": _change_notes,
    "_after_a_change_it_reads": _change_rows,
}


def _compare(
    ours: Callable[[], Any],
    bare: Callable[[], Any],
    repeats: int,
    before: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Measure both, one after the other, so that other work on the machine meets both."""
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(repeats + 1):
        before()
        for name, act in (("ours", ours), ("bare", bare)):
            began = time.perf_counter()
            act()
            times[name].append((time.perf_counter() - began) * 1e3)
    ours_ms, bare_ms = (statistics.median(times[name][1:]) for name in ("ours", "bare"))
    return {"ours_ms": round(ours_ms, 2), "bare_ms": round(bare_ms, 2), "ratio": round(ours_ms / bare_ms, 2)}


def _median(act: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


def main(*, large: Annotated[bool, typer.Option("--large", help="100,000 experiments")] = False) -> None:
    """Print what was measured as JSON."""
    print(json.dumps(measure(100 * EXPERIMENTS, 5) if large else measure(), indent=2))


if __name__ == "__main__":
    typer.run(main)
