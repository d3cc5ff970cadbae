"""What is read of our tables for the views whose rows they are, and no more than a question needs of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, inspect, literal, null, select, union_all
from sqlalchemy.orm import aliased

from core.models import (
    Artifact,
    Dataset,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentTag,
    HPOCampaign,
    HPOTrial,
    NASCampaign,
    NASTrial,
    Signal,
    Tag,
    User,
)

Lookup = tuple[Any, ColumnElement[bool]]  # a table, and which one row of it belongs to a row


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of a table, and of others that they are looked up in."""

    table: Any
    columns: tuple[Any, ...]
    lookups: tuple[Lookup, ...] = ()

    def select(self, needed: Collection[str] | None = None) -> Select[*tuple[Any, ...]]:
        """Return what is read for the columns that are needed, at least one; None needs all."""
        columns = [column for column in self.columns if needed is None or column.key in needed]
        statement = select(*(columns or self.columns[:1]))
        met = statement.get_final_froms()
        statement = statement.select_from(self.table)
        for target, belongs in self.lookups:
            if inspect(target).selectable in met:
                statement = statement.outerjoin(target, belongs)
        return statement


def _summary(name: str) -> tuple[Any, Lookup]:
    metric = aliased(ExperimentMetric)
    return metric, (metric, and_(metric.experiment_id == Experiment.id, metric.name == name))


def _dataset_of(model: Any) -> Lookup:
    return Dataset, Dataset.id == model.dataset_id


def _experiments() -> Rows:
    (test, test_on), (record, record_on), (validation, validation_on) = map(
        _summary, ("test_accuracy", "record_accuracy", "val_accuracy")
    )
    seed = aliased(ExperimentParameter)
    epochs = (
        select(func.max(ExperimentMetric.last_epoch))
        .where(ExperimentMetric.experiment_id == Experiment.id)
        .correlate(Experiment)
        .scalar_subquery()
    )
    columns = (
        Experiment.id,
        Experiment.name,
        Experiment.model_type.label("model"),
        Dataset.name.label("dataset"),
        Experiment.status,
        Experiment.split,
        User.username.label("owner"),
        Experiment.source,
        seed.number.label("seed"),
        epochs.label("epochs"),
        Experiment.total_epochs.label("epochs_planned"),
        Experiment.best_epoch,
        test.best.label("test_accuracy"),
        record.best.label("record_accuracy"),
        validation.best.label("val_accuracy"),
        Experiment.audit["grade"].as_string().label("shared"),
        Experiment.provenance["device"].as_string().label("device"),
        Experiment.duration_seconds.label("duration_s"),
        HPOCampaign.name.label("campaign"),
        Experiment.error_message,
        Experiment.notes,
        Experiment.created_at,
        Experiment.started_at,
        Experiment.finished_at,
        Experiment.archived_at,
    )
    lookups = (
        _dataset_of(Experiment),
        (User, User.id == Experiment.created_by),
        (HPOCampaign, HPOCampaign.id == Experiment.hpo_campaign_id),
        test_on,
        record_on,
        validation_on,
        (seed, and_(seed.experiment_id == Experiment.id, seed.name == "seed")),
    )
    return Rows(Experiment, columns, lookups)


def _trials() -> Rows:
    best, (_, best_on) = _summary("val_accuracy")
    of_hpo = (
        select(
            literal("hpo").label("search"),
            HPOCampaign.name.label("campaign"),
            *_of_trial(HPOTrial),
            best.best.label("val_accuracy"),
            Experiment.duration_seconds.label("duration_s"),
            null().label("num_parameters"),
        )
        .select_from(HPOTrial)
        .join(HPOCampaign, HPOCampaign.id == HPOTrial.campaign_id)
        .outerjoin(Experiment, Experiment.id == HPOTrial.experiment_id)
        .outerjoin(best, best_on)
    )
    of_nas = (
        select(
            literal("nas").label("search"),
            NASCampaign.name.label("campaign"),
            *_of_trial(NASTrial),
            NASTrial.validation_accuracy.label("val_accuracy"),
            NASTrial.training_time.label("duration_s"),
            NASTrial.num_parameters,
        )
        .select_from(NASTrial)
        .join(NASCampaign, NASCampaign.id == NASTrial.campaign_id)
        .outerjoin(Experiment, Experiment.id == NASTrial.experiment_id)
    )
    both = union_all(of_hpo, of_nas).subquery()
    return Rows(both, tuple(both.c))


def _of_trial(trials: type[HPOTrial] | type[NASTrial]) -> tuple[Any, ...]:
    return (
        trials.trial_number.label("trial"),
        trials.experiment_id,
        trials.state,
        trials.value,
        trials.epochs,
        Experiment.status.label("status"),
    )


def _signals() -> Rows:
    columns = (
        Signal.id,
        Dataset.name.label("dataset"),
        Signal.signal_id.label("name"),
        Signal.channel,
        Signal.fault_class,
        Signal.severity,
        Signal.load,
        Signal.rpm,
        Signal.sampling_rate_hz.label("rate_hz"),
        Signal.num_samples,
        Signal.unit,
        Signal.rms,
        Signal.kurtosis,
        Signal.dominant_frequency.label("dominant_frequency_hz"),
        Signal.bearing_id,
        Signal.machine_id,
        Signal.features,
    )
    return Rows(Signal, columns, (_dataset_of(Signal),))


def _campaigns() -> Rows:
    columns = (
        HPOCampaign.id,
        HPOCampaign.name,
        HPOCampaign.method,
        HPOCampaign.status,
        Dataset.name.label("dataset"),
        HPOCampaign.trials_completed,
        HPOCampaign.trials_total,
        HPOCampaign.best_experiment_id,
        HPOCampaign.best_accuracy,
        HPOCampaign.created_at,
    )
    return Rows(HPOCampaign, columns, (_dataset_of(HPOCampaign),))


def _tags() -> Rows:
    columns = (
        ExperimentTag.experiment_id,
        Tag.name.label("tag"),
        ExperimentTag.created_at.label("added_at"),
    )
    return Rows(ExperimentTag, columns, ((Tag, Tag.id == ExperimentTag.tag_id),))


def _all_of(model: Any, names: str) -> Rows:
    return Rows(model, tuple(getattr(model, name) for name in names.split()))


# The files of step logs, which the rows of their view are read from.
STEP_FILES = select(Artifact.id.label("file"), Artifact.experiment_id).where(Artifact.kind == "steps")
ROWS = {  # by view
    "experiments": _experiments(),
    "metrics": _all_of(ExperimentMetric, "experiment_id name direction best best_epoch last last_epoch"),
    "parameters": _all_of(ExperimentParameter, "experiment_id name number text"),
    "tags": _tags(),
    "campaigns": _campaigns(),
    "trials": _trials(),
    "signals": _signals(),
    "datasets": _all_of(Dataset, "id name num_signals description created_at"),
    "users": _all_of(User, "id username role"),
}
