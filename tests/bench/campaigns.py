"""A home with one large campaign, and the time until its page is made: `python -m tests.bench.campaigns`.

Trials are made up at random and the same for a seed: their value follows two of eight parameters, and two of
three are pruned at rungs, as Hyperband does.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from sqlalchemy import update

from core.campaign_specs import Budget, CampaignSpec, HPOMethod
from core.models import Dataset, ExperimentStatus, HPOCampaign, TrialState
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import SplitKind, SplitSpec, TrainingSpec
from core.storage import migrations
from core.storage.database import dispose_engines, get_engine, session_scope
from tests.bench.rows import COLUMNS, START, _told, insert_rows

TRIALS, EPOCHS, WORKERS, ROUNDS = 2_000, 20, 8, 5
RUNGS = (2, 6, EPOCHS)
SPACE: dict[str, dict[str, Any]] = {
    "lr": {"type": "float", "min": 1e-4, "max": 0.1, "log": True},
    "weight_decay": {"type": "float", "min": 1e-5, "max": 0.1, "log": True},
    "batch_size": {"type": "int", "min": 16, "max": 256},
    "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
    "schedule": {"type": "categorical", "choices": ["constant", "cosine"]},
    "width": {"type": "int", "min": 4, "max": 32},
    "train_hop": {"type": "int", "min": 256, "max": 2048},
    "seed": {"type": "int", "min": 0, "max": 9},
}
TRIAL_COLUMNS = (
    "campaign_id", "experiment_id", "trial_number", "state", "parameters", "value", "epochs", "attrs",
    "worker", "started_at", "finished_at", "reason", "created_at", "updated_at",
)  # fmt: skip


def fill_campaign(trials: int = TRIALS, epochs: int = EPOCHS, seed: int = 0) -> int:
    """Fill the settings' database, which must hold no experiment yet, and return the campaign's number."""
    migrations.upgrade()
    campaign_id = _add_campaign(trials, epochs)
    rng = np.random.default_rng(seed)
    tables: dict[str, list[tuple[Any, ...]]] = {"experiments": [], "training_runs": [], "hpo_trials": []}
    for number in range(trials):
        _add_trial(tables, campaign_id, number, epochs, rng)
    with get_engine().begin() as connection:
        driver = connection.connection.driver_connection
        for table, rows in tables.items():
            insert_rows(driver, table, rows, TRIAL_COLUMNS if table == "hpo_trials" else COLUMNS[table])
    best = max(tables["hpo_trials"], key=lambda row: row[5])
    with session_scope() as session:
        session.execute(update(HPOCampaign).values(best_experiment_id=best[1], best_accuracy=best[5]))
    return campaign_id


def _add_campaign(trials: int, epochs: int) -> int:
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        dataset = Dataset(name="cwru", num_signals=0, created_by=actor.user_id)
        session.add(dataset)
        session.flush()
        spec = CampaignSpec(
            base=TrainingSpec(dataset="cwru", split=SplitSpec(kind=SplitKind.BY_RECORD), epochs=epochs),
            method=HPOMethod.HYPERBAND,
            space=SPACE,  # type: ignore[arg-type]  # the spec reads it
            budget=Budget(max_trials=trials),
        )
        told = spec.model_dump(mode="json")
        row = HPOCampaign(
            name="wdcnn hyperband cwru",
            method=spec.method,
            base_model_type="wdcnn",
            dataset_id=dataset.id,
            created_by=actor.user_id,
            config=told,
            search_space=told["space"],
            budget=told["budget"],
            trials_total=trials,
            status=ExperimentStatus.COMPLETED,
            started_at=START,
            finished_at=START + timedelta(seconds=trials * 5),
        )
        session.add(row)
        session.flush()
        return row.id


def _add_trial(
    tables: dict[str, list[tuple[Any, ...]]], campaign_id: int, number: int, epochs: int, rng: Any
) -> None:
    given = {name: _draw(told, rng) for name, told in SPACE.items()}
    reach = 0.95 - 0.12 * (np.log10(given["lr"]) + 2) ** 2 - 0.1 * (given["optimizer"] == "sgd")
    last = int(rng.choice(RUNGS, p=(0.5, 0.25, 0.25)))
    last = min(last, epochs)
    state = TrialState.COMPLETED if last == epochs else TrialState.PRUNED
    curve = reach * (1 - np.exp(-0.4 * np.arange(1, last + 1))) + rng.normal(0, 0.01, last)
    values = np.clip(curve, 0, 1).tolist()
    began = START + timedelta(seconds=number // WORKERS * 40 + rng.uniform(0, 5))
    begin, end = _told(began), _told(began + timedelta(seconds=1.7 * last))
    row_id = number + 1
    tables["experiments"].append(
        (
            row_id, f"trial {number}", "wdcnn", 1, "completed", "{}", "{}", "{}", last, epochs, 1.7 * last,
            None, 1, "training", "by_record", "[]", 1, 0, begin, end, begin,
        )
    )  # fmt: skip
    tables["training_runs"] += [
        (number * epochs + e, row_id, e, None, 1 - value, None, value, 0.01, 1.7, "{}", begin, end)
        for e, value in enumerate(values, start=1)
    ]
    reason = None if state is TrialState.COMPLETED else f"not among the best 1 in 3 after epoch {last}"
    tables["hpo_trials"].append(
        (
            campaign_id, row_id, number, state.value, json.dumps(given), max(values), last, "{}",
            f"host:{number % WORKERS}", begin, end, reason, begin, end,
        )
    )  # fmt: skip


def _draw(told: dict[str, Any], rng: Any) -> Any:
    if told["type"] == "categorical":
        return told["choices"][int(rng.integers(len(told["choices"])))]
    if told["type"] == "int":
        return int(rng.integers(told["min"], told["max"] + 1))
    return float(10 ** rng.uniform(np.log10(told["min"]), np.log10(told["max"])))


def measure(campaign_id: int, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return least and median seconds of reading it, and of making the page with each section.

    The heavy parts count as nothing, as they do in a browser, where they come after the first paint.
    """
    from app.pages.campaigns import CampaignsPage
    from app.pages.campaigns.reading import read_campaign
    from app.state.campaigns import TABS

    found = {"read": [_time(lambda: read_campaign(campaign_id)) for _ in range(rounds)]}
    for tab in TABS:
        found[tab] = [_time(partial(_open, CampaignsPage, campaign_id, tab)) for _ in range(rounds)]
    return {name: [round(min(times), 3), round(float(np.median(times)), 3)] for name, times in found.items()}


def _open(page_class: Any, campaign_id: int, tab: str) -> None:
    page_class(campaign=campaign_id, tab=tab).__panel__().get_root()


def _time(act: Any) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _without_heavy_parts() -> Iterator[None]:
    """Let nothing that follows the first paint be computed."""
    from app.components.signal.following import Follower

    whole = Follower.ask
    Follower.ask = lambda *_: None  # type: ignore[method-assign]
    yield
    Follower.ask = whole  # type: ignore[method-assign]


def main(
    trials: Annotated[int, typer.Option(min=1)] = TRIALS,
    rounds: Annotated[int, typer.Option(min=1)] = ROUNDS,
    keep: Annotated[
        Path | None, typer.Option(help="a home that is filled and kept for the next time")
    ] = None,
) -> None:
    """Measure and print."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        home = keep or Path(folder)
        is_filled = (home / "brinell.db").exists()
        os.environ["BRINELL_HOME"] = str(home)
        get_settings.cache_clear()
        campaign_id = 1 if is_filled else fill_campaign(trials)
        heavy = _without_heavy_parts()
        next(heavy)
        print(
            json.dumps({"trials": trials, "seconds (least, median)": measure(campaign_id, rounds)}, indent=1)
        )
        next(heavy, None)
        dispose_engines()


if __name__ == "__main__":
    typer.run(main)
