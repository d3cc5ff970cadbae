"""Learning curves: the epochs of experiments, as they are written."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import TrainingRun

CURVE_COLUMNS = (
    "experiment_id",
    "epoch",
    "train_loss",
    "val_loss",
    "train_accuracy",
    "val_accuracy",
    "learning_rate",
    "duration_seconds",
)
STEP = "step"  # a place on an axis, which a run may log among its metrics
CURVES = select(TrainingRun.id, *(getattr(TrainingRun, name) for name in CURVE_COLUMNS)).order_by(
    TrainingRun.id
)


def epochs_after(
    session: Session, experiment_ids: Iterable[int], after_id: int = 0
) -> tuple[pd.DataFrame, int]:
    """Return the epochs written since row `after_id`, and the id to ask after next time.

    Of one experiment none is missed: whoever writes its epochs commits them in the order of their ids. Who
    follows several asks `read_live`.
    """
    asked = CURVES.where(TrainingRun.experiment_id.in_(list(experiment_ids)), TrainingRun.id > after_id)
    rows = session.execute(asked).all()
    return frame_of(rows), (rows[-1][0] if rows else after_id)


def read_own_metrics(session: Session, experiment_id: int, after_id: int = 0) -> dict[int, dict[str, float]]:
    """Return by epoch the numbers of a run's own that were written since row `after_id`."""
    asked = select(TrainingRun.epoch, TrainingRun.metrics).where(
        TrainingRun.experiment_id == experiment_id, TrainingRun.id > after_id
    )
    return {
        epoch: {
            name: float(value)
            for name, value in metrics.items()
            if name != STEP and isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        for epoch, metrics in session.execute(asked)
    }


def frame_of(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Return rows of `CURVES` as a frame, its columns filled one by one."""
    columns = list(zip(*rows, strict=True))[1:] if rows else [()] * len(CURVE_COLUMNS)
    return pd.DataFrame(dict(zip(CURVE_COLUMNS, columns, strict=True)))
