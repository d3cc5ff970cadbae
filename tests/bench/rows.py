"""Rows of many experiments, made up at random and the same for a seed, for measuring at any size.

`python -m tests.bench.rows 100000 --epochs 100` fills the home of the settings. Learning curves fall and rise
with noise of their own, so that the best epoch is seldom the last; a few runs fail, a few go on.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from core.services.users import get_local_actor
from core.storage import migrations
from core.storage.database import get_engine, session_scope

MODELS = ("wdcnn", "resnet1d", "lstm", "transformer", "mlp")
DATASETS = ("cwru", "mfpt", "paderborn", "femto")
SPLITS = ("by_bearing", "by_record", "by_load", "random_windows")
STATUSES = ("completed", "failed", "running", "cancelled")
OPTIMIZERS = ("adam", "adamw", "sgd")
METRICS = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")
TAGS = (("baseline", "baseline"), ("paper", "paper"), ("to check", "to-check"))
BLOCK = 1_000  # experiments whose rows are in memory at a time
START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {
    "experiments": (
        "id", "name", "model_type", "dataset_id", "status", "config", "hyperparameters", "metrics",
        "best_epoch", "total_epochs", "duration_seconds", "notes", "created_by", "source", "split",
        "findings", "attempt", "deaths", "created_at", "updated_at", "started_at",
    ),
    "training_runs": (
        "id", "experiment_id", "epoch", *METRICS, "duration_seconds", "metrics", "created_at", "updated_at",
    ),
    "experiment_metrics": (
        "experiment_id", "name", "direction", "best", "best_epoch", "last", "last_epoch",
    ),
    "experiment_parameters": ("experiment_id", "name", "number", "text"),
    "experiment_tags": ("experiment_id", "tag_id", "created_at", "updated_at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of some experiments, by table, in the order of `COLUMNS`."""

    tables: dict[str, list[tuple[Any, ...]]]


def make_blocks(experiments: int, epochs: int = 100, seed: int = 0, first_id: int = 1) -> Iterator[Block]:
    """Make the rows of so many experiments with so many epochs each."""
    rng = np.random.default_rng(seed)
    for begin in range(first_id, first_id + experiments, BLOCK):
        ids = range(begin, min(begin + BLOCK, first_id + experiments))
        yield _make_block(ids, epochs, rng)


def _make_block(ids: range, epochs: int, rng: np.random.Generator) -> Block:
    curves = _make_curves(len(ids), epochs, rng)
    chosen = {
        "model": rng.integers(len(MODELS), size=len(ids)).tolist(),
        "dataset": rng.integers(len(DATASETS), size=len(ids)).tolist(),
        "split": rng.integers(len(SPLITS), size=len(ids)).tolist(),
        "status": rng.choice(len(STATUSES), size=len(ids), p=(0.9, 0.05, 0.01, 0.04)).tolist(),
        "optimizer": rng.integers(len(OPTIMIZERS), size=len(ids)).tolist(),
        "lr": (10 ** rng.uniform(-5, -1, len(ids))).tolist(),
        "batch_size": (2 ** rng.integers(4, 9, len(ids))).tolist(),
        "tag": rng.integers(0, 10, len(ids)).tolist(),
    }
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    for n, row_id in enumerate(ids):
        one = {name: values[n] for name, values in chosen.items()}
        _add_experiment(tables, row_id, epochs, one, {name: values[n] for name, values in curves.items()})
    return Block(tables)


def _make_curves(count: int, epochs: int, rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    at = np.arange(1, epochs + 1) / epochs
    reach, pace = rng.uniform(0.6, 0.99, (count, 1)), rng.uniform(2, 8, (count, 1))
    learned = reach * (1 - np.exp(-pace * at))
    noise = rng.normal(0, 0.01, (4, count, epochs))
    return {
        "train_loss": 2.0 * (1.02 - learned) + np.abs(noise[0]),
        "val_loss": 2.1 * (1.05 - learned) + np.abs(noise[1]) + 0.2 * at**2,
        "train_accuracy": np.clip(learned + noise[2], 0, 1),
        "val_accuracy": np.clip(learned - 0.03 + noise[3], 0, 1),
        "learning_rate": np.broadcast_to(0.01 * (1 - 0.9 * at), (count, epochs)),
    }


def _add_experiment(
    tables: dict[str, list[tuple[Any, ...]]],
    row_id: int,
    epochs: int,
    one: dict[str, Any],
    curves: dict[str, NDArray[np.float64]],
) -> None:
    made = _told(START + timedelta(minutes=row_id))
    model, split, status = MODELS[one["model"]], SPLITS[one["split"]], STATUSES[one["status"]]
    seed = row_id % 5
    parameters = {
        "lr": one["lr"],
        "batch_size": one["batch_size"],
        "optimizer": OPTIMIZERS[one["optimizer"]],
        "epochs": epochs,
        "seed": seed,
    }
    best = {
        name: int(values.argmin() if "loss" in name else values.argmax()) for name, values in curves.items()
    }
    done = status == "completed"
    found = {"test_accuracy": float(curves["val_accuracy"].max()) - 0.01} if done else {}
    tables["experiments"].append(
        (
            row_id, f"{model} {split} {row_id}", model, one["dataset"] + 1, status,
            json.dumps({"split": {"kind": split}, "seed": seed, "optimizer": {"learning_rate": one["lr"]}}),
            json.dumps(parameters), json.dumps(found), best["val_accuracy"] + 1, epochs, float(epochs),
            f"note {row_id % 97} of the bench" if row_id % 3 == 0 else None, 1, "logged", split, "[]",
            1, 0, made, made, made,
        )
    )  # fmt: skip
    columns = [values.tolist() for values in curves.values()]
    first = (row_id - 1) * epochs + 1
    tables["training_runs"] += [
        (first + e, row_id, e + 1, *(column[e] for column in columns), 1.0, "{}", made, made)
        for e in range(epochs)
    ]
    for name, values in zip(curves, columns, strict=True):
        tables["experiment_metrics"].append(
            (row_id, name, "min" if "loss" in name else "max", values[best[name]], best[name] + 1,
             values[-1], epochs)
        )  # fmt: skip
    for name, value in found.items():
        tables["experiment_metrics"].append((row_id, name, "max", value, None, value, None))
    for name, value in parameters.items():
        is_text = isinstance(value, str)
        tables["experiment_parameters"].append(
            (row_id, name, None if is_text else float(value), value if is_text else None)
        )
    if one["tag"] < len(TAGS):
        tables["experiment_tags"].append((row_id, one["tag"] + 1, made, made))


def _told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def fill_rows(experiments: int, epochs: int = 100, seed: int = 0) -> None:
    """Fill the settings' database, which must hold no experiment yet."""
    migrations.upgrade()
    _add_neighbours()
    for block in make_blocks(experiments, epochs, seed):
        with (
            _driver() as driver
        ):  # a transaction each: one of all rows would leave a log as large as they are
            for table, rows in block.tables.items():
                insert_rows(driver, table, rows)
    with _driver() as driver:
        _settle(driver)


@contextmanager
def _driver() -> Iterator[Any]:
    """Give the bare driver's connection in a transaction."""
    with get_engine().begin() as connection:
        yield connection.connection.driver_connection


def _add_neighbours() -> None:
    with session_scope() as session:
        get_local_actor(session, "cli")
    now = _told(START)
    with _driver() as driver:
        columns = ("id", "name", "num_signals", "fault_types", "severity_levels", "meta_data", "created_by")
        datasets = [(n + 1, name, 0, "[]", "[]", "{}", 1, now, now) for n, name in enumerate(DATASETS)]
        insert_rows(driver, "datasets", datasets, (*columns, "created_at", "updated_at"))
        columns = ("id", "name", "slug", "color", "usage_count", "created_by", "created_at", "updated_at")
        tags = [(n + 1, name, slug, "#0f766e", 0, 1, now, now) for n, (name, slug) in enumerate(TAGS)]
        insert_rows(driver, "tags", tags, columns)


def insert_rows(
    driver: Any, table: str, rows: Iterable[tuple[Any, ...]], columns: Sequence[str] | None = None
) -> None:
    """Insert rows by the bare driver: executemany on SQLite, COPY on PostgreSQL."""
    names = columns or COLUMNS[table]
    if isinstance(driver, sqlite3.Connection):
        marks = ", ".join("?" * len(names))
        driver.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)  # noqa: S608
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _settle(driver: Any) -> None:
    """Bring counts, sequences and the planner's statistics to what the rows are."""
    driver.execute(
        "UPDATE tags SET usage_count = (SELECT count(*) FROM experiment_tags WHERE tag_id = tags.id)"
    )
    if not isinstance(driver, sqlite3.Connection):
        for table in ("datasets", "tags", "experiments", "training_runs"):
            driver.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )
    driver.execute("ANALYZE")


def main(
    experiments: int,
    *,
    epochs: Annotated[int, typer.Option(min=1, help="of each experiment")] = 100,
    seed: Annotated[int, typer.Option(help="the same seed gives the same rows")] = 0,
) -> None:
    """Fill the home that the settings name."""
    fill_rows(experiments, epochs, seed)


if __name__ == "__main__":
    typer.run(main)
