"""Any metric of many experiments by epoch, step or wall time, and what was written since."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.evaluation.bounds import ANY, Bounds
from core.evaluation.curves import Band, aggregate
from core.models import Artifact, TrainingRun
from core.queries.comparison.runs import ComparedRun, check_ids
from core.queries.curves import measured
from core.storage import artifacts
from core.storage.warehouse import open_warehouse

Axis = Literal["epoch", "step", "time"]
AXES: tuple[Axis, ...] = ("epoch", "step", "time")
COLUMNS = ("row_id", "experiment_id", "epoch", "value", "duration_seconds", "step")
Curve = tuple[NDArray[np.float64], NDArray[np.float64]]  # places on the axis, values


def read_curves(
    session: Session, experiment_ids: Iterable[int], metric: str, after: Mapping[int, int] | None = None
) -> pd.DataFrame:
    """Return the epochs of experiments in one query: row_id, experiment_id, epoch, value, seconds, step.

    `after` names the last row that was read of an experiment, as `last_rows` gives it: only what was
    written later comes back. Whoever writes an experiment's epochs commits them in the order of their ids.
    """
    ids = check_ids(experiment_ids)
    run = TrainingRun
    since = after or {}
    whole = [each for each in ids if each not in since]
    conditions: list[ColumnElement[bool]] = [run.experiment_id.in_(whole)] if whole else []
    conditions += [and_(run.experiment_id == each, run.id > since[each]) for each in ids if each in since]
    if not conditions:
        return _frame([])
    rows = session.execute(
        select(
            run.id,
            run.experiment_id,
            run.epoch,
            measured(session, metric),
            run.duration_seconds,
            run.metrics["step"].as_float(),
        )
        .where(or_(*conditions))
        .order_by(run.experiment_id, run.epoch, run.id)
    )
    return _frame(rows.all())


def _frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    frame = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    numbers = dict.fromkeys(("value", "duration_seconds", "step"), "float64")
    return frame.astype({"row_id": "int64", "experiment_id": "int64", "epoch": "int64", **numbers})


def last_rows(frame: pd.DataFrame) -> dict[int, int]:
    """Return the last row read of each experiment."""
    return {int(key): int(value) for key, value in frame.groupby("experiment_id")["row_id"].max().items()}


def extend_curves(kept: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Return the epochs that stand once `written` is in.

    A resumed run writes epochs anew: what was kept from the first of them on is dropped.
    """
    if written.empty:
        return kept
    first = kept["experiment_id"].map(written.groupby("experiment_id")["epoch"].min())
    stands = kept[~(kept["epoch"] >= first)]
    both = pd.concat([stands, written], ignore_index=True) if len(stands) else written
    return both.sort_values(["experiment_id", "epoch"], kind="stable", ignore_index=True)


def read_last_steps(session: Session, experiment_ids: Iterable[int]) -> pd.DataFrame:
    """Return how many optimizer steps were done at the end of each epoch, from the logs of steps."""
    rows = session.execute(
        select(Artifact.experiment_id, Artifact.id).where(
            Artifact.experiment_id.in_(check_ids(experiment_ids)), Artifact.kind == "steps"
        )
    )
    paths: dict[int, list[str]] = {}
    for experiment_id, artifact_id in rows:
        if experiment_id is not None:
            paths.setdefault(experiment_id, []).append(str(artifacts.path_of(artifact_id)))
    frames = []
    with open_warehouse() as warehouse:
        for experiment_id, files in paths.items():
            frame = warehouse.execute(
                "SELECT epoch, max(step) + 1 AS done FROM read_parquet($paths) GROUP BY epoch",
                {"paths": files},
            ).df()
            frames.append(frame.assign(experiment_id=experiment_id))
    if not frames:
        return pd.DataFrame({"epoch": [], "done": [], "experiment_id": []}, dtype="int64")
    return pd.concat(frames, ignore_index=True)


def place_curves(
    epochs: pd.DataFrame, axis: Axis, last_steps: pd.DataFrame | None = None
) -> dict[int, Curve]:
    """Return each experiment's curve over epoch, step or wall time (s, the time spent in its epochs).

    An experiment without a place on the axis, as where no step or no duration was logged, is left out.
    """
    if axis not in AXES:
        raise InvalidInputError(f"curves have no axis {axis!r}; choose from {', '.join(AXES)}")
    curves = {}
    for key, rows in epochs.groupby("experiment_id"):
        experiment_id = int(str(key))
        places = _places(rows, axis, experiment_id, last_steps)
        stands = ~np.isnan(places)
        if stands.any():
            curves[experiment_id] = (places[stands], rows["value"].to_numpy(np.float64)[stands])
    return curves


def _places(
    rows: pd.DataFrame, axis: Axis, experiment_id: int, last_steps: pd.DataFrame | None
) -> NDArray[np.float64]:
    if axis == "epoch":
        return np.asarray(rows["epoch"], dtype=np.float64)
    if axis == "time":
        return np.cumsum(np.asarray(rows["duration_seconds"], dtype=np.float64))
    logged = np.asarray(rows["step"], dtype=np.float64)
    if last_steps is None or not np.isnan(logged).all():
        return logged
    done = last_steps[last_steps["experiment_id"] == experiment_id].set_index("epoch")["done"]
    return np.asarray(rows["epoch"].map(done), dtype=np.float64)


def tabulate_curves(curves: Mapping[int, Curve], axis: Axis) -> pd.DataFrame:
    """Return curves one below the other: experiment_id, the axis (time in s) and value."""
    frames = [
        pd.DataFrame({"experiment_id": key, axis: places, "value": values})
        for key, (places, values) in curves.items()
    ]
    empty = pd.DataFrame(columns=["experiment_id", axis, "value"])
    return pd.concat(frames, ignore_index=True) if frames else empty


def aggregate_groups(
    curves: Mapping[int, Curve],
    groups: Mapping[str, Sequence[ComparedRun]],
    num_points: int = 500,
    *,
    bounds: Bounds = ANY,
) -> dict[str, Band]:
    """Return the mean of each group's curves with its 95 % interval over runs; empty groups are left out."""
    bands = {
        name: aggregate(
            [curves[run.id] for run in members if run.id in curves], num_points=num_points, bounds=bounds
        )
        for name, members in groups.items()
    }
    return {name: band for name, band in bands.items() if len(band.axis)}
