"""What each experiment said of the windows of its test side, and of those that others were asked too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.evaluation.pairs import Bootstrap, McNemar, bootstrap_difference, mcnemar
from core.models import Artifact, Dataset, Experiment
from core.queries.comparison.runs import check_ids
from core.storage import artifacts
from core.storage.warehouse import open_warehouse

COLUMNS = (
    "signal",
    "signal_id",
    "record",
    "start_s",
    "stop_s",
    "true_label",
    "predicted_label",
    "confidence",
    "probabilities",
)
WINDOW = ["dataset", "signal_id", "start_us"]
SEED = 0  # of the resamples: the same two experiments always give the same interval


@dataclass(frozen=True, slots=True)
class Predictions:
    """The test windows of one experiment, one row each; `probabilities` are in the order of `classes`."""

    experiment_id: int
    windows: pd.DataFrame
    probabilities: NDArray[np.float64] | None  # (num_windows, num_classes)
    classes: tuple[str, ...]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Which windows were judged right, (num_windows,)."""
        return np.asarray(self.windows["true_label"] == self.windows["predicted_label"])


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two experiments judged on the same records, or why they cannot be."""

    first: int
    second: int
    records: McNemar | None  # one vote a record
    windows: Bootstrap | None  # windows, resampled by record
    shared_records: int
    refusal: str  # why there is no test of records; "" where there is one
    windows_refusal: str  # why there is none of windows


def read_predictions(session: Session, experiment_ids: Iterable[int]) -> dict[int, Predictions]:
    """Return what each experiment said of its test windows; those that were not tested are left out."""
    ids = check_ids(experiment_ids)
    classes = Experiment.metrics["evaluation"]["classes"]
    rows = session.execute(
        select(Experiment.id, Artifact.id, Dataset.name, classes)
        .join(Artifact, Artifact.experiment_id == Experiment.id)
        .join(Dataset, Experiment.dataset_id == Dataset.id)
        .where(Experiment.id.in_(ids), Artifact.kind == "predictions")
    )
    found = {row[0]: row[1:] for row in rows}
    with open_warehouse() as warehouse:
        return {each: _read(warehouse, each, *found[each]) for each in ids if each in found}


def _read(
    warehouse: Any, experiment_id: int, artifact_id: str, dataset: str, classes: Sequence[str] | None
) -> Predictions:
    stored = warehouse.read_parquet(str(artifacts.path_of(artifact_id)))
    names = [name for name in COLUMNS if name in stored.columns]
    frame = stored.select(*names).order("signal_id, start_s").df()
    told = frame.pop("probabilities") if "probabilities" in frame else None
    if "record" not in frame:
        frame["record"] = frame["signal_id"]
    frame["dataset"] = dataset
    # A start is a sample's number over its rate: equal to the microsecond is the same sample.
    frame["start_us"] = np.round(frame["start_s"].to_numpy(np.float64) * 1e6).astype(np.int64)
    probabilities = None if told is None or told.empty else np.stack(told.to_list()).astype(np.float64)
    return Predictions(experiment_id, frame, probabilities, tuple(classes or ()))


def vote_by_record(predictions: Predictions) -> pd.DataFrame:
    """Return one row a record, indexed by its name: true_label and predicted_label.

    A record's prediction is the largest mean of its windows' probabilities, as when it was tested; without
    probabilities the class that most of its windows were taken for.
    """
    windows = predictions.windows
    grouped = windows.groupby("record", sort=True)
    true = grouped["true_label"].first()
    if predictions.probabilities is None or not predictions.classes:
        predicted = grouped["predicted_label"].agg(lambda said: said.value_counts(sort=True).index[0])
    else:
        means = (
            pd.DataFrame(predictions.probabilities).groupby(windows["record"].to_numpy(), sort=True).mean()
        )
        names = np.array(predictions.classes)
        predicted = pd.Series(names[means.to_numpy().argmax(axis=1)], index=true.index)
    return pd.DataFrame({"true_label": true, "predicted_label": predicted})


def compare_pair(session: Session, first: int, second: int) -> PairTest:
    """Test whether two experiments differ on the records that both were tested on."""
    found = read_predictions(session, [first, second])
    for each in (first, second):
        if each not in found:
            return _refused(first, second, f"Experiment {each} has no predictions of test windows.")
    return compare_predictions(found[first], found[second])


def compare_predictions(first: Predictions, second: Predictions) -> PairTest:
    """Test two experiments on the same records; a test side that differs is refused."""
    ids = (first.experiment_id, second.experiment_id)
    datasets = [str(each.windows["dataset"].iloc[0]) for each in (first, second) if len(each.windows)]
    if len(datasets) < 2:
        return _refused(*ids, "One of the test sides has no windows.")
    if datasets[0] != datasets[1]:
        return _refused(*ids, f"They were tested on different data sets, {datasets[0]} and {datasets[1]}.")
    votes = vote_by_record(first), vote_by_record(second)
    shared = votes[0].index.intersection(votes[1].index)
    sizes = len(votes[0]), len(votes[1])
    if len(shared) < max(sizes):
        return _refused(
            *ids,
            f"The test sides differ: {sizes[0]} and {sizes[1]} records, {len(shared)} of them in both. "
            "Compare runs of the same split to test their difference.",
            len(shared),
        )
    one, two = votes[0].loc[shared], votes[1].loc[shared]
    if (one["true_label"] != two["true_label"]).any():
        return _refused(*ids, "They were asked for different labels of the same records.", len(shared))
    judged = [np.asarray(vote["true_label"] == vote["predicted_label"]) for vote in (one, two)]
    windows, refusal = _compare_windows(first, second)
    return PairTest(*ids, mcnemar(judged[0], judged[1]), windows, len(shared), "", refusal)


def _compare_windows(first: Predictions, second: Predictions) -> tuple[Bootstrap | None, str]:
    frames = [
        each.windows.assign(correct=each.correct)[[*WINDOW, "record", "correct"]] for each in (first, second)
    ]
    both = frames[0].merge(frames[1].drop(columns="record"), on=WINDOW, suffixes=("_first", "_second"))
    if not len(both) == len(frames[0]) == len(frames[1]):
        return None, (
            f"Their windows differ: {len(frames[0]):,} and {len(frames[1]):,}, {len(both):,} of them in both."
        )
    found = bootstrap_difference(
        both["correct_first"].to_numpy(np.bool_),
        both["correct_second"].to_numpy(np.bool_),
        both["record"].to_numpy(),
        np.random.default_rng(SEED),
    )
    return found, ""


def _refused(first: int, second: int, why: str, shared: int = 0) -> PairTest:
    return PairTest(first, second, None, None, shared, why, why)


def judge_records(found: Sequence[Predictions]) -> pd.DataFrame:
    """Return the records that all were tested on, one row each, indexed by name.

    true_label, then of each experiment predicted_ID, what the record was taken for, and right_ID, how many
    of its windows were judged right: "3 of 4".
    """
    votes = [vote_by_record(each) for each in found]
    judged = votes[0][["true_label"]]
    for each, vote in zip(found, votes, strict=True):
        columns = {
            f"predicted_{each.experiment_id}": vote["predicted_label"],
            f"right_{each.experiment_id}": _count_right(each),
        }
        judged = judged.join(pd.DataFrame(columns), how="inner")
    return judged


def _count_right(predictions: Predictions) -> "pd.Series[str]":
    records = predictions.windows["record"].to_numpy()
    right = pd.Series(predictions.correct).groupby(records).agg(["sum", "size"])
    return right["sum"].astype(str) + " of " + right["size"].astype(str)


def find_missed_windows(found: Sequence[Predictions]) -> pd.DataFrame:
    """Return, of each record, the shared window that most experiments got wrong; the first of equals.

    One row a record that they share a window of, indexed by its name: dataset, signal (its key), start_s,
    stop_s and num_wrong.
    """
    shown = ["record", "signal", "start_s", "stop_s"]
    missed = found[0].windows[[*WINDOW, *shown]].assign(num_wrong=0)
    for each in found:
        wrong = each.windows[WINDOW].assign(wrong=~each.correct)
        missed = missed.merge(wrong, on=WINDOW)
        missed["num_wrong"] += missed.pop("wrong")
    missed = missed.sort_values(["record", "signal_id", "start_us"], ignore_index=True)
    worst = missed.loc[missed.groupby("record")["num_wrong"].idxmax()]
    return worst.set_index("record")[["dataset", "signal", "start_s", "stop_s", "num_wrong"]]


def join_predictions(found: Sequence[Predictions]) -> pd.DataFrame:
    """Return the windows that all experiments were tested on, with what each of them said.

    One row a window: dataset, record, signal_id, start_s, true_label, then predicted_ID and confidence_ID
    of each experiment. Raises InvalidInputError where fewer than two were tested, or they share no window.
    """
    if len(found) < 2:
        raise InvalidInputError(f"{len(found)} of the experiments has predictions; two are needed to join")
    joined = found[0].windows[[*WINDOW, "record", "start_s", "true_label"]]
    for each in found:
        said = each.windows[[*WINDOW, "predicted_label", "confidence"]].rename(
            columns={
                "predicted_label": f"predicted_{each.experiment_id}",
                "confidence": f"confidence_{each.experiment_id}",
            }
        )
        joined = joined.merge(said, on=WINDOW)
    if joined.empty:
        records = set.intersection(*(set(each.windows["record"]) for each in found))
        raise InvalidInputError(
            f"no window was given to all {len(found)} experiments, which share {len(records)} records; "
            "compare runs of the same split and the same windows"
        )
    return joined.drop(columns="start_us").sort_values(["signal_id", "start_s"], ignore_index=True)
