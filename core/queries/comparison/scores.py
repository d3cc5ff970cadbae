"""What came out: best and last of every metric, and what the test side said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import TRAINED_HERE, Experiment, ExperimentMetric
from core.queries.comparison.runs import check_ids
from core.queries.experiments import Evaluation, parse_evaluation

SUMMARY_COLUMNS = ("experiment_id", "metric", "direction", "best", "best_epoch", "last", "last_epoch")
# What is asked for first: what the test side said, before what chose the epoch.
PREFERRED = ("test_accuracy", "record_accuracy", "val_accuracy", "val_loss", "train_loss")


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric that some of the experiments have."""

    name: str
    larger_is_better: bool
    num_runs: int  # that have it
    has_curve: bool  # measured by epoch, not once


def read_summaries(session: Session, experiment_ids: Iterable[int]) -> pd.DataFrame:
    """Return one row an experiment and metric: best, its epoch, last and its epoch."""
    metric = ExperimentMetric
    rows = session.execute(
        select(
            metric.experiment_id,
            metric.name,
            metric.direction,
            metric.best,
            metric.best_epoch,
            metric.last,
            metric.last_epoch,
        )
        .where(metric.experiment_id.in_(check_ids(experiment_ids)))
        .order_by(metric.name, metric.experiment_id)
    )
    frame = pd.DataFrame([tuple(row) for row in rows], columns=list(SUMMARY_COLUMNS))
    frame["direction"] = frame["direction"].astype(str)
    return frame.astype({"best": "float64", "last": "float64", "best_epoch": "Int64", "last_epoch": "Int64"})


def list_metrics(summaries: pd.DataFrame) -> list[MetricName]:
    """List the metrics of `read_summaries`: what judges a run first, then those that most runs have."""
    found = [
        MetricName(
            str(name),
            rows["direction"].iloc[0] == "max",
            int(rows["best"].notna().sum()),
            bool(rows["last_epoch"].notna().any()),
        )
        for name, rows in summaries.groupby("metric")
    ]
    place = {name: i for i, name in enumerate(PREFERRED)}
    return sorted(found, key=lambda each: (place.get(each.name, len(place)), -each.num_runs, each.name))


def tabulate_metric(
    summaries: pd.DataFrame, metric: str, ids: Sequence[int], baseline: int | None = None
) -> pd.DataFrame:
    """Return one metric, one row an experiment, the best first, with differences to a baseline.

    `difference` is best less the baseline's best, and `better` says whether that is an improvement.
    Experiments without the metric come last, as NaN.
    """
    of_metric = summaries[summaries["metric"] == metric].set_index("experiment_id")
    frame = of_metric.reindex(list(ids))[["best", "best_epoch", "last", "last_epoch"]]
    larger_is_better = not of_metric.empty and of_metric["direction"].iloc[0] == "max"
    reference = frame["best"].get(baseline, float("nan"))
    frame["difference"] = frame["best"] - reference
    frame["better"] = (frame["difference"] > 0) if larger_is_better else (frame["difference"] < 0)
    order = frame["best"].sort_values(ascending=not larger_is_better, kind="stable", na_position="last")
    return frame.loc[order.index]


def read_evaluations(session: Session, experiment_ids: Iterable[int]) -> dict[int, Evaluation]:
    """Return the confusion matrix and the scores by class of those that were trained here and tested."""
    ids = check_ids(experiment_ids)
    stored = Experiment.metrics["evaluation"]
    # What another's loop or store calls an evaluation is a figure of its own.
    is_ours = Experiment.source.in_(TRAINED_HERE)
    rows = session.execute(select(Experiment.id, stored).where(Experiment.id.in_(ids), is_ours))
    found = {experiment_id: parse_evaluation(value) for experiment_id, value in rows if value}
    return {each: found[each] for each in ids if each in found}
