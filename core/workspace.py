"""The notebook's door: what is stored, as frames and arrays, and the log of one's own training."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import pandas as pd

from core.errors import InvalidInputError, NotFoundError, TooLargeError
from core.interchange.imports import RunImport, import_runs
from core.queries import dataset_features, experiment_files
from core.queries import datasets as dataset_queries
from core.queries import epochs as epoch_queries
from core.queries import experiments as experiment_queries
from core.queries import signals as signal_queries
from core.queries.architectures.rows import (
    ArchitectureCampaignRow,
    get_architecture_campaign,
    list_architecture_campaigns,
)
from core.queries.architectures.trials import read_architecture_reports, read_architecture_trials
from core.queries.campaigns import trials as campaign_trials
from core.queries.campaigns.rows import CampaignRow, get_campaign_row, list_campaigns
from core.queries.comparison import answers, curves, differences, predictions, scores
from core.queries.comparison import runs as compared_runs
from core.queries.comparison.predictions import PairTest
from core.queries.datasets import DatasetRow
from core.queries.experiment_rows import ExperimentRow
from core.queries.experiments import ExperimentDetail
from core.queries.explorer import list_page
from core.queries.signal_handle import SignalHandle
from core.queries.signals import SignalFilter, SignalRow
from core.queries.warehouse import MAX_ROWS, run_sql
from core.specs import MOST_ID
from core.storage.database import read_scope
from core.storage.foreign.records import Role
from core.storage.migrations import check_version
from core.tracking.run import LoggedRun, begin_run, resume_run

if TYPE_CHECKING:
    import optuna

ALL_ROWS = 1_000_000
COSTS = ("accuracy", "num_parameters", "flops", "size_mb", "latency_ms", "latency_device", "parent", "hash")
_LISTS = {
    "experiment": "experiments()",
    "campaign": "campaigns()",
    "architecture search": "architectures()",
}


@dataclass(frozen=True, slots=True)
class ExperimentHandle:
    """One training: what was asked for, how it went, and what came out."""

    id: int

    @property
    def detail(self) -> ExperimentDetail:
        """The experiment, whole, as it stands now."""
        with read_scope() as session:
            return experiment_queries.get_experiment_detail(session, self.id)

    def epochs(self) -> pd.DataFrame:
        """Return one row an epoch: losses, accuracies (fractions), learning rate, seconds."""
        with read_scope() as session:
            frame, _ = epoch_queries.epochs_after(session, [self.id])
        return frame

    def predictions(self) -> pd.DataFrame:
        """Return one row a test window: signal, start_s, stop_s, true and predicted label, confidence."""
        with read_scope() as session:
            return experiment_files.list_predictions(session, self.id)

    def steps(self) -> pd.DataFrame:
        """Return one row an optimizer step: epoch, step, loss, learning_rate."""
        with read_scope() as session:
            return experiment_files.list_steps(session, self.id)


@dataclass(frozen=True, slots=True)
class ComparisonHandle:
    """Two to fifty experiments side by side, as frames."""

    ids: tuple[int, ...]

    def runs(self) -> pd.DataFrame:
        """Return one row an experiment: what it is, and its hyperparameters as columns."""
        with read_scope() as session:
            return compared_runs.tabulate_runs(compared_runs.list_runs(session, self.ids)).set_index("id")

    def differences(self) -> pd.DataFrame:
        """Return the paths of the specifications that differ: one row a path, one column an experiment."""
        with read_scope() as session:
            return differences.list_differences(session, self.ids).frame()

    def metrics(self, metric: str | None = None, baseline: int | None = None) -> pd.DataFrame:
        """Return best and last of every metric; of one metric the best first, beside a baseline."""
        with read_scope() as session:
            summaries = scores.read_summaries(session, self.ids)
        if metric is None:
            return summaries
        return scores.tabulate_metric(summaries, metric, self.ids, baseline)

    def curves(self, metric: str = "val_accuracy", axis: curves.Axis = "epoch") -> pd.DataFrame:
        """Return a metric's curves, unsampled: experiment_id, the axis (time in s) and value."""
        with read_scope() as session:
            epochs = curves.read_curves(session, self.ids, metric)
            last_steps = curves.read_last_steps(session, self.ids) if axis == "step" else None
        return curves.tabulate_curves(curves.place_curves(epochs, axis, last_steps), axis)

    def groups(self, metric: str, by: str) -> pd.DataFrame:
        """Return the mean of a metric's best in each group, its 95 % interval over runs, and n."""
        with read_scope() as session:
            runs = compared_runs.list_runs(session, self.ids)
            found = answers.find_group_answer(runs, scores.read_summaries(session, self.ids), metric, by)
        rows = [interval._asdict() for _, interval in found.groups]
        return pd.DataFrame(rows, index=pd.Index([name for name, _ in found.groups], name=by))

    def predictions(self) -> pd.DataFrame:
        """Return the windows that all were tested on, with what each said of them."""
        with read_scope() as session:
            found = predictions.read_predictions(session, self.ids)
        return predictions.join_predictions(list(found.values()))

    def test(self, first: int, second: int) -> PairTest:
        """Test two experiments on the records that both judged: McNemar's, and the paired bootstrap."""
        with read_scope() as session:
            return predictions.compare_pair(session, first, second)

    def importance(self, metric: str) -> pd.DataFrame:
        """Return each hyperparameter's share in being among the best runs (PED-ANOVA), with intervals."""
        with read_scope() as session:
            runs = compared_runs.list_runs(session, self.ids)
            summaries = scores.read_summaries(session, self.ids)
        report = answers.rank_hyperparameters(runs, summaries, metric)
        return pd.DataFrame(report.importances).set_index("name")


@dataclass(frozen=True, slots=True)
class CampaignHandle:
    """One search over hyperparameters: what was asked for, its trials, and Optuna's view of them."""

    id: int

    @property
    def row(self) -> CampaignRow:
        """The campaign, whole, as it stands now."""
        with read_scope() as session:
            return get_campaign_row(session, self.id)

    def trials(self) -> pd.DataFrame:
        """Return one row a trial: experiment, state, value, epochs, seconds, reason, then its parameters."""
        with read_scope() as session:
            return campaign_trials.tabulate_trials(campaign_trials.read_trials(session, self.id))

    def reports(self) -> pd.DataFrame:
        """Return one row an epoch of a trial: trial, epoch, and the searched metric after it as value."""
        with read_scope() as session:
            row = get_campaign_row(session, self.id)
            return pd.DataFrame(asdict(campaign_trials.read_reports(session, self.id, row.metric)))

    @property
    def study(self) -> "optuna.Study":
        """The trials as Optuna's study in memory, for its own plots and importances; changes stay in it."""
        from core.jobs.campaign_studies import read_campaign_study  # loads Optuna

        with read_scope() as session:
            return read_campaign_study(session, self.id)


@dataclass(frozen=True, slots=True)
class ArchitectureSearchHandle:
    """One search over architectures, and its trials."""

    id: int

    @property
    def row(self) -> ArchitectureCampaignRow:
        """The search, whole, as it stands now."""
        with read_scope() as session:
            return get_architecture_campaign(session, self.id)

    def trials(self) -> pd.DataFrame:
        """Return one row a trial: as of a campaign, its cost and accuracy, then its choices."""
        with read_scope() as session:
            trials = read_architecture_trials(session, self.id)
        return campaign_trials.tabulate_trials(trials, {name: getattr(trials, name) for name in COSTS})

    def reports(self) -> pd.DataFrame:
        """Return one row an epoch of a trial: trial, epoch, and the searched metric after it as value."""
        with read_scope() as session:
            row = get_architecture_campaign(session, self.id)
            return pd.DataFrame(asdict(read_architecture_reports(session, self.id, row.metric)))


class Workspace:
    """Everything stored in the home that the settings name (BRINELL_HOME)."""

    def __init__(self) -> None:
        """Refuse a database that this version cannot read, saying what to do."""
        check_version()

    def datasets(self) -> pd.DataFrame:
        """Return one row a data set, newest first."""
        with read_scope() as session:
            return _frame(dataset_queries.list_datasets(session), DatasetRow)

    def signals(self, dataset: str, **filters: Any) -> pd.DataFrame:
        """Return the signals of a data set; filters are channel, fault_class, severity, load and text."""
        with read_scope() as session:
            stored = {row.name: row.id for row in dataset_queries.list_datasets(session)}
            if dataset not in stored:
                raise NotFoundError(
                    f"there is no data set {dataset!r}; stored are: {', '.join(stored) or 'none'}"
                )
            wanted = SignalFilter(stored[dataset], **filters)
            rows, _ = signal_queries.list_signals(session, wanted, limit=ALL_ROWS)
        return _frame(rows, SignalRow)

    def features(self, dataset: str) -> pd.DataFrame:
        """Return one row a signal of a data set: its facts, every feature, and its place in projections.

        `core.vibration.feature_set.FEATURES` says what each feature is; one that is undefined is NaN.
        """
        with read_scope() as session:
            return dataset_features.get_features(session, dataset)

    def signal(self, signal_id: int) -> SignalHandle:
        """Return one signal."""
        with read_scope() as session:
            return SignalHandle(signal_queries.get_signal(session, signal_id))

    def experiments(
        self,
        search: str = "",
        *,
        archived: bool = False,
        columns: Sequence[str] = (),
        sort: str | None = None,
        descending: bool = True,
    ) -> pd.DataFrame:
        """Return what a search finds, newest first unless it or `sort` orders; archived ones apart.

        `columns` adds metrics (best.val_loss, last.val_loss), hyperparameters and further fields by name.
        """
        with read_scope() as session:
            page = list_page(
                session,
                search,
                archived=archived,
                sort=sort,
                descending=descending,
                limit=ALL_ROWS,
                columns=columns,
            )
        frame = _frame(page.rows, ExperimentRow)
        added = [name for name in columns if name not in frame.columns]
        return frame.assign(**{name: [page.values[row_id][name] for row_id in frame.index] for name in added})

    @overload
    def experiment(self, experiment_id: int) -> ExperimentHandle: ...

    @overload
    def experiment(self, *, resume: int) -> LoggedRun: ...

    @overload
    def experiment(
        self,
        *,
        name: str | None = None,
        model: str | None = None,
        dataset: str | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        notes: str | None = None,
        tags: Sequence[str] = (),
        split: str | None = None,
        seed: int | None = None,
        total_epochs: int | None = None,
    ) -> LoggedRun: ...

    def experiment(
        self, experiment_id: int | None = None, *, resume: int | None = None, **told: Any
    ) -> ExperimentHandle | LoggedRun:
        """Return one experiment by its number; or begin one that your own loop logs, or `resume` such a one.

        `with Workspace().experiment(model="my-net", hyperparameters={"lr": 0.1}) as run: run.log_epoch(...)`
        """
        if (experiment_id is not None) + (resume is not None) + bool(told) > 1:
            raise InvalidInputError(
                "experiment() takes the number of a stored one, or resume=NUMBER, or what a new one is"
            )
        if resume is not None:
            return resume_run(_check_number(resume))
        if experiment_id is None:
            return begin_run(**told)
        handle = ExperimentHandle(_check_number(experiment_id))
        _ = handle.detail  # a wrong number is told here, not at the first use
        return handle

    def import_runs(
        self,
        *paths: str | Path,
        dataset: str | None = None,
        tags: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> RunImport:
        """Enter runs of MLflow, TensorBoard, W&B or tables; `columns` names the roles of their columns."""
        return import_runs(
            [Path(path) for path in paths],
            via="notebook",
            dataset=dataset,
            tags=tags,
            roles={name: Role(role) for name, role in (columns or {}).items()},
            dry_run=dry_run,
        )

    def compare(self, experiment_ids: Iterable[int]) -> ComparisonHandle:
        """Return two to fifty experiments side by side."""
        ids = compared_runs.check_ids(map(_check_number, experiment_ids))
        with read_scope() as session:
            stored = {run.id for run in compared_runs.list_runs(session, ids)}
        if missing := [each for each in ids if each not in stored]:
            raise NotFoundError(f"there is no experiment {', '.join(map(str, missing))}; leave it out")
        if len(ids) < 2:
            raise InvalidInputError(f"{len(ids)} experiment is nothing to compare; name two or more ids")
        return ComparisonHandle(tuple(ids))

    def campaigns(self) -> pd.DataFrame:
        """Return one row a search over hyperparameters, newest first."""
        with read_scope() as session:
            return _frame(list_campaigns(session), CampaignRow)

    def campaign(self, campaign_id: int) -> CampaignHandle:
        """Return one search over hyperparameters."""
        handle = CampaignHandle(_check_number(campaign_id, "campaign"))
        _ = handle.row  # a wrong number is told here, not at the first use
        return handle

    def architectures(self) -> pd.DataFrame:
        """Return one row a search over architectures, newest first."""
        with read_scope() as session:
            return _frame(list_architecture_campaigns(session), ArchitectureCampaignRow)

    def architecture_search(self, search_id: int) -> ArchitectureSearchHandle:
        """Return one search over architectures."""
        handle = ArchitectureSearchHandle(_check_number(search_id, "architecture search"))
        _ = handle.row
        return handle

    def sql(self, question: str, *, max_rows: int = MAX_ROWS) -> pd.DataFrame:
        """Answer a question in SQL over all that is stored; `describe_schema` lists the tables."""
        answer = run_sql(question, max_rows=max_rows, for_admin=True)
        if answer.truncated:
            raise TooLargeError(
                f"the answer has more than the {len(answer.frame):,} rows that are fetched at once; "
                "aggregate, add a LIMIT, or give a larger max_rows"
            )
        return answer.frame


def _check_number(told: Any, what: str = "experiment") -> int:
    """Return the number of what is stored, of numpy's kinds too; raise where it can be none."""
    try:
        number = operator.index(told)
    except TypeError as error:
        raise InvalidInputError(
            f"{what} is named by its number, such as 12, not by {told!r}; {_LISTS[what]} lists the numbers"
        ) from error
    if not 0 < number <= MOST_ID:
        raise NotFoundError(f"there is no {what} {number}; {_LISTS[what]} lists what is stored")
    return number


def _frame(rows: Sequence[Any], row_class: type) -> pd.DataFrame:
    columns = list(row_class.__dataclass_fields__)  # type: ignore[attr-defined]
    return pd.DataFrame([asdict(row) for row in rows], columns=columns).set_index("id")
