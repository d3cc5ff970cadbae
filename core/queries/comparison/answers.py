"""Which experiment, or group of them, is best, by how much, and how surely."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import InvalidInputError
from core.evaluation.bounds import bounds_of
from core.evaluation.importance import ImportanceReport, rank_parameters
from core.evaluation.statistics import (
    MeanInterval,
    WilcoxonTest,
    compare_groups,
    compare_paired,
    least_detectable_difference,
    mean_interval,
    pooled_std,
)
from core.queries.comparison.predictions import PairTest
from core.queries.comparison.runs import ComparedRun, group_runs, list_parameters
from core.queries.comparison.scores import tabulate_metric

SEED = 0  # of the resamples: the same selection always gives the same intervals


@dataclass(frozen=True, slots=True)
class Answer:
    """The best of the experiments by one metric, beside the one it is measured against."""

    metric: str
    larger_is_better: bool
    best: int
    best_value: float
    reference: int | None  # the baseline, else the second best; None: nothing else was measured
    reference_value: float | None
    num_measured: int
    test: PairTest | None  # None: nothing to test against

    @property
    def difference(self) -> float | None:
        """The best's value less the reference's."""
        return None if self.reference_value is None else self.best_value - self.reference_value


@dataclass(frozen=True, slots=True)
class GroupAnswer:
    """The groups by the mean of their runs, the best first, and the test between the first two of them."""

    field: str
    metric: str
    groups: tuple[tuple[str, MeanInterval], ...]
    reference: str | None  # the group that the best is tested against
    test: WilcoxonTest | None
    detectable: float | None  # difference of means found with 80 % power; None: not known


def find_answer(
    summaries: pd.DataFrame,
    ids: Sequence[int],
    metric: str,
    test_pair: Callable[[int, int], PairTest],
    baseline: int | None = None,
) -> Answer | None:
    """Return the best experiment and its test against the baseline, else the second best.

    `test_pair` is `compare_pair` with a session, or what remembers its answers. None where no experiment
    has the metric.
    """
    table = tabulate_metric(summaries, metric, ids).dropna(subset="best")
    if table.empty:
        return None
    ranked = [int(each) for each in table.index]
    others = [each for each in ranked[1:] if each == baseline] or ranked[1:]
    reference = others[0] if others else None
    return Answer(
        metric=metric,
        larger_is_better=_larger_is_better(summaries, metric),
        best=ranked[0],
        best_value=float(table["best"].iloc[0]),
        reference=reference,
        reference_value=None if reference is None else float(table["best"].loc[reference]),
        num_measured=len(ranked),
        test=None if reference is None else test_pair(ranked[0], reference),
    )


def find_group_answer(
    runs: Sequence[ComparedRun],
    summaries: pd.DataFrame,
    metric: str,
    field: str,
    baseline: int | None = None,
) -> GroupAnswer:
    """Return the groups of a field by their mean of a metric's best, over runs, and test the first two.

    The best group is tested against the baseline's, else the second: by signed ranks where both hold the
    same seeds once each, else by rank sums.
    """
    best = summaries[summaries["metric"] == metric].set_index("experiment_id")["best"].dropna()
    groups = {
        name: [run for run in members if run.id in best.index]
        for name, members in group_runs(runs, field).items()
    }
    bounds = bounds_of(metric, float(best.max()))
    means = {
        name: mean_interval([best[run.id] for run in members], bounds=bounds)
        for name, members in groups.items()
        if members
    }
    sign = -1 if _larger_is_better(summaries, metric) else 1
    ranked = sorted(means, key=lambda name: sign * (means[name].mean or 0.0))
    of_baseline = [name for name in ranked[1:] if baseline in {run.id for run in groups[name]}]
    reference = next(iter(of_baseline or ranked[1:]), None)
    ordered = tuple((name, means[name]) for name in ranked)
    if reference is None:
        return GroupAnswer(field, metric, ordered, None, None, None)
    first, second = means[ranked[0]], means[reference]
    return GroupAnswer(
        field,
        metric,
        ordered,
        reference,
        _test_groups(groups[ranked[0]], groups[reference], best),
        least_detectable_difference(pooled_std(first, second), first.n, second.n),
    )


def _test_groups(
    first: Sequence[ComparedRun], second: Sequence[ComparedRun], best: "pd.Series[float]"
) -> WilcoxonTest:
    by_seed = [{run.seed: float(best[run.id]) for run in members} for members in (first, second)]
    alike = set(by_seed[0]) == set(by_seed[1]) and None not in by_seed[0]
    if alike and len(by_seed[0]) == len(first) == len(second):
        seeds = list(by_seed[0])
        return compare_paired([by_seed[0][s] for s in seeds], [by_seed[1][s] for s in seeds])
    return compare_groups([best[run.id] for run in first], [best[run.id] for run in second])


def rank_hyperparameters(
    runs: Sequence[ComparedRun], summaries: pd.DataFrame, metric: str
) -> ImportanceReport:
    """Rank the hyperparameters by what they tell of a run's being among the best (PED-ANOVA).

    Raises InvalidInputError where too few of the runs have the metric, or none of their parameters differs.
    """
    best = summaries[summaries["metric"] == metric].set_index("experiment_id")["best"]
    parameters: Mapping[str, list[float | str | None]] = {
        name: [run.parameters.get(name) for run in runs] for name in list_parameters(runs)
    }
    report = rank_parameters(
        parameters,
        [float(best.get(run.id, np.nan)) for run in runs],
        larger_is_better=_larger_is_better(summaries, metric),
        generator=np.random.default_rng(SEED),
    )
    if not report.importances:
        raise InvalidInputError("no hyperparameter differs between these runs, so none can be ranked")
    return report


def _larger_is_better(summaries: pd.DataFrame, metric: str) -> bool:
    directions = summaries.loc[summaries["metric"] == metric, "direction"]
    return bool(len(directions)) and directions.iloc[0] == "max"
