"""The views that questions in SQL are asked of: their columns, what these mean, and where rows come from.

Names are promises: questions are kept and shared. No view has a secret: no password, key, token or address
that messages are sent to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from core.models import (
    Artifact,
    Dataset,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentTag,
    HPOCampaign,
    NASCampaign,
    NASTrial,
    Signal,
    Tag,
    User,
)

ID, WORD, NUMBER, COUNT, MOMENT, TRUTH = (
    "BIGINT", "VARCHAR", "DOUBLE", "BIGINT", "TIMESTAMP WITH TIME ZONE", "BOOLEAN",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view."""

    name: str
    type: str  # DuckDB's
    sentence: str


@dataclass(frozen=True, slots=True)
class View:
    """One table as questions see it."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    is_private: bool = field(default=False, kw_only=True)  # of people's acts and addresses: administrators'
    log: str = field(default="", kw_only=True)  # the sealed log that its rows are of
    stored: tuple[str, ...] = field(default=(), kw_only=True)  # names of the columns there, in this order
    rows: Callable[[], Select[*tuple[Any, ...]]] | None = field(default=None, kw_only=True)  # of our tables

    def select(self) -> Select[*tuple[Any, ...]]:
        """Return what is read of our tables."""
        if self.rows is None:
            raise LookupError(f"the rows of {self.name} are those of a log")
        return self.rows()


def _columns(*told: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*each) for each in told)


def _log_view(
    name: str, log: str, sentence: str, *told: tuple[str, str, str, str], is_private: bool = True
) -> View:
    return View(
        name,
        sentence,
        tuple(Column(shown, kind, words) for shown, _, kind, words in told),
        is_private=is_private,
        log=log,
        stored=tuple(stored for _, stored, _, _ in told),
    )


def _summary(name: str) -> tuple[Any, ColumnElement[bool]]:
    metric = aliased(ExperimentMetric)
    return metric, and_(metric.experiment_id == Experiment.id, metric.name == name)


def _experiments() -> Select[*tuple[Any, ...]]:
    (test, test_on), (record, record_on), (validation, validation_on) = map(
        _summary, ("test_accuracy", "record_accuracy", "val_accuracy")
    )
    seed = aliased(ExperimentParameter)
    epochs = (
        select(func.max(ExperimentMetric.last_epoch))
        .where(ExperimentMetric.experiment_id == Experiment.id)
        .scalar_subquery()
    )
    return (
        select(
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
        .join(Dataset, Dataset.id == Experiment.dataset_id)
        .outerjoin(User, User.id == Experiment.created_by)
        .outerjoin(HPOCampaign, HPOCampaign.id == Experiment.hpo_campaign_id)
        .outerjoin(test, test_on)
        .outerjoin(record, record_on)
        .outerjoin(validation, validation_on)
        .outerjoin(seed, and_(seed.experiment_id == Experiment.id, seed.name == "seed"))
    )


def _trials() -> Select[*tuple[Any, ...]]:
    best, best_on = _summary("val_accuracy")
    number = func.row_number().over(partition_by=Experiment.hpo_campaign_id, order_by=Experiment.id)
    of_hpo = (
        select(
            literal("hpo").label("search"),
            HPOCampaign.name.label("campaign"),
            number.label("trial"),
            Experiment.id.label("experiment_id"),
            Experiment.status.label("status"),
            best.best.label("val_accuracy"),
            Experiment.duration_seconds.label("duration_s"),
            null().label("num_parameters"),
        )
        .join(HPOCampaign, HPOCampaign.id == Experiment.hpo_campaign_id)
        .outerjoin(best, best_on)
    )
    of_nas = (
        select(
            literal("nas").label("search"),
            NASCampaign.name.label("campaign"),
            NASTrial.trial_number.label("trial"),
            NASTrial.experiment_id,
            Experiment.status.label("status"),
            NASTrial.validation_accuracy.label("val_accuracy"),
            NASTrial.training_time.label("duration_s"),
            NASTrial.num_parameters,
        )
        .join(NASCampaign, NASCampaign.id == NASTrial.campaign_id)
        .outerjoin(Experiment, Experiment.id == NASTrial.experiment_id)
    )
    both = union_all(of_hpo, of_nas).subquery()
    return select(*both.c)


def _campaigns() -> Select[*tuple[Any, ...]]:
    return (
        select(
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
        .join(Dataset, Dataset.id == HPOCampaign.dataset_id)
    )  # fmt: skip


def _signals() -> Select[*tuple[Any, ...]]:
    return select(
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
    ).join(Dataset, Dataset.id == Signal.dataset_id)


def _steps() -> Select[*tuple[Any, ...]]:
    """Return the files of step logs; their rows are read from these."""
    return select(Artifact.id.label("file"), Artifact.experiment_id).where(Artifact.kind == "steps")


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View(
            "experiments",
            "One row an experiment: what was trained on what, how far it came and what it scored.",
            _columns(
                ("id", ID, "number of the experiment"),
                ("name", WORD, "its name, unique"),
                ("model", WORD, "kind of network"),
                ("dataset", WORD, "name of the data set"),
                ("status", WORD, "pending, running, paused, completed, failed or cancelled"),
                ("split", WORD, "what training and test may not share, such as by_bearing"),
                ("owner", WORD, "user name of who made it"),
                ("source", WORD, "training, logged or imported"),
                ("seed", NUMBER, "seed of its random numbers"),
                ("epochs", COUNT, "last epoch that is stored"),
                ("epochs_planned", COUNT, "epochs asked for"),
                ("best_epoch", COUNT, "epoch of the kept weights"),
                ("test_accuracy", NUMBER, "share of test windows named rightly, 0 to 1"),
                ("record_accuracy", NUMBER, "share of test records named rightly, 0 to 1"),
                ("val_accuracy", NUMBER, "best share of validation windows, 0 to 1"),
                ("shared", WORD, "leakage audit: the worst that training and test share"),
                ("device", WORD, "what it was trained on, such as cpu or a GPU's name"),
                ("duration_s", NUMBER, "seconds that it took"),
                ("campaign", WORD, "hyperparameter search that it is a trial of"),
                ("error_message", WORD, "why it failed"),
                ("notes", WORD, "what people wrote about it"),
                ("created_at", MOMENT, "when it was asked for"),
                ("started_at", MOMENT, "when it began"),
                ("finished_at", MOMENT, "when it ended"),
                ("archived_at", MOMENT, "when it was put away; NULL while it is not"),
            ),
            rows=_experiments,
        ),
        _log_view(
            "epochs",
            "training_runs",
            "One row an epoch of an experiment: the learning curves.",
            ("id", "id", ID, "number of the row, in the order of writing"),
            ("experiment_id", "experiment_id", ID, "number of the experiment"),
            ("epoch", "epoch", COUNT, "number of the epoch, from 1"),
            ("train_loss", "train_loss", NUMBER, "mean loss on the training side"),
            ("val_loss", "val_loss", NUMBER, "mean loss on the validation side"),
            ("train_accuracy", "train_accuracy", NUMBER, "share of training windows, 0 to 1"),
            ("val_accuracy", "val_accuracy", NUMBER, "share of validation windows, 0 to 1"),
            ("learning_rate", "learning_rate", NUMBER, "learning rate of the epoch"),
            ("duration_s", "duration_seconds", NUMBER, "seconds that it took"),
            ("metrics", "metrics", "JSON", "all further metrics: (metrics->>'f1')::DOUBLE"),
            ("created_at", "created_at", MOMENT, "when it was written"),
            is_private=False,
        ),
        View(
            "steps",
            "One row an optimizer step; filter by experiment_id.",
            _columns(
                ("experiment_id", ID, "number of the experiment"),
                ("epoch", COUNT, "number of the epoch, from 1"),
                ("step", COUNT, "number of the step over the whole training"),
                ("loss", NUMBER, "loss of the step's batch"),
                ("learning_rate", NUMBER, "learning rate of the step"),
            ),
            rows=_steps,
        ),
        View(
            "metrics",
            "One row an experiment and metric: the best and the last value.",
            _columns(
                ("experiment_id", ID, "number of the experiment"),
                ("name", WORD, "name of the metric"),
                ("direction", WORD, "max or min: which end is good"),
                ("best", NUMBER, "best value"),
                ("best_epoch", COUNT, "its epoch; NULL for what was measured once"),
                ("last", NUMBER, "last value"),
                ("last_epoch", COUNT, "its epoch"),
            ),
            rows=lambda: select(*ExperimentMetric.__table__.c),
        ),
        View(
            "parameters",
            "One row an experiment and hyperparameter.",
            _columns(
                ("experiment_id", ID, "number of the experiment"),
                ("name", WORD, "name, nested ones joined by dots"),
                ("number", NUMBER, "the value of a number"),
                ("text", WORD, "the value of anything else"),
            ),
            rows=lambda: select(*ExperimentParameter.__table__.c),
        ),
        View(
            "tags",
            "One row an experiment and tag.",
            _columns(
                ("experiment_id", ID, "number of the experiment"),
                ("tag", WORD, "name of the tag"),
                ("added_at", MOMENT, "when it was put on"),
            ),
            rows=lambda: select(
                ExperimentTag.experiment_id, Tag.name.label("tag"), ExperimentTag.created_at.label("added_at")
            ).join(Tag, Tag.id == ExperimentTag.tag_id),
        ),
        View(
            "campaigns",
            "One row a hyperparameter search.",
            _columns(
                ("id", ID, "number of the search"),
                ("name", WORD, "its name"),
                ("method", WORD, "how the next trial is chosen"),
                ("status", WORD, "how far it has come"),
                ("dataset", WORD, "name of the data set"),
                ("trials_completed", COUNT, "trials done"),
                ("trials_total", COUNT, "trials planned"),
                ("best_experiment_id", ID, "its best trial"),
                ("best_accuracy", NUMBER, "what that scored, 0 to 1"),
                ("created_at", MOMENT, "when it was asked for"),
            ),
            rows=_campaigns,
        ),
        View(
            "trials",
            "One row a trial of a search for hyperparameters (hpo) or architectures (nas).",
            _columns(
                ("search", WORD, "hpo or nas"),
                ("campaign", WORD, "name of the search"),
                ("trial", COUNT, "number of the trial in its search"),
                ("experiment_id", ID, "the experiment that it was trained as"),
                ("status", WORD, "that experiment's status"),
                ("val_accuracy", NUMBER, "best share of validation windows, 0 to 1"),
                ("duration_s", NUMBER, "seconds that it took"),
                ("num_parameters", COUNT, "weights of the network, where counted"),
            ),
            rows=_trials,
        ),
        View(
            "signals",
            "One row a channel of a record.",
            _columns(
                ("id", ID, "number of the signal"),
                ("dataset", WORD, "name of the data set"),
                ("name", WORD, "record and channel"),
                ("channel", WORD, "channel"),
                ("fault_class", WORD, "such as healthy, inner_race or ball"),
                ("severity", WORD, "such as incipient or severe, or the source's own"),
                ("load", WORD, "load on the bearing, as its source names it"),
                ("rpm", NUMBER, "measured speed of the shaft"),
                ("rate_hz", NUMBER, "sampling rate in Hz"),
                ("num_samples", COUNT, "samples of the record"),
                ("unit", WORD, "unit of the samples"),
                ("rms", NUMBER, "root mean square, in that unit"),
                ("kurtosis", NUMBER, "Pearson's: 3 for a Gaussian"),
                ("dominant_frequency_hz", NUMBER, "largest line of the amplitude spectrum, in Hz"),
                ("bearing_id", WORD, "which bearing it was"),
                ("machine_id", WORD, "which machine it was"),
            ),
            rows=_signals,
        ),
        View(
            "datasets",
            "One row a data set.",
            _columns(
                ("id", ID, "number of the data set"),
                ("name", WORD, "its name"),
                ("num_signals", COUNT, "signals in it"),
                ("description", WORD, "what it is"),
                ("created_at", MOMENT, "when it was made"),
            ),
            rows=lambda: select(
                Dataset.id, Dataset.name, Dataset.num_signals, Dataset.description, Dataset.created_at
            ),
        ),
        View(
            "users",
            "One row a user.",
            _columns(
                ("id", ID, "number of the user"),
                ("username", WORD, "user name"),
                ("role", WORD, "viewer, researcher or admin"),
            ),
            rows=lambda: select(User.id, User.username, User.role),
        ),
        _log_view(
            "api_requests",
            "api_request_logs",
            "One row a request to the API.",
            ("id", "id", ID, "number of the row"),
            ("endpoint", "endpoint", WORD, "path"),
            ("method", "method", WORD, "GET, POST ..."),
            ("status_code", "status_code", COUNT, "what was answered"),
            ("request_time", "request_time", MOMENT, "when it came"),
            ("response_ms", "response_time_ms", NUMBER, "how long the answer took"),
            ("request_bytes", "request_size_bytes", COUNT, "size of the request"),
            ("response_bytes", "response_size_bytes", COUNT, "size of the answer"),
            ("ip_address", "ip_address", WORD, "where it came from"),
            ("api_key_id", "api_key_id", ID, "number of the key"),
            ("error_message", "error_message", WORD, "what went wrong"),
        ),
        _log_view(
            "emails",
            "email_logs",
            "One row an e-mail.",
            ("id", "id", ID, "number of the row"),
            ("user_id", "user_id", ID, "number of the user it is for"),
            ("recipient", "recipient_email", WORD, "address"),
            ("event", "event_type", WORD, "what it tells"),
            ("subject", "subject", WORD, "subject"),
            ("status", "status", WORD, "how far it has come"),
            ("error_message", "error_message", WORD, "what went wrong"),
            ("retries", "retry_count", COUNT, "further tries"),
            ("sent_at", "sent_at", MOMENT, "when it was sent"),
            ("created_at", "created_at", MOMENT, "when it was written"),
        ),
        _log_view(
            "webhooks",
            "webhook_logs",
            "One row a delivery to a webhook; without its address, which is a secret.",
            ("id", "id", ID, "number of the row"),
            ("webhook_id", "webhook_config_id", ID, "number of the webhook"),
            ("user_id", "user_id", ID, "number of its owner"),
            ("event", "event_type", WORD, "what it tells"),
            ("provider", "provider_type", WORD, "slack, teams, discord or webhook"),
            ("status", "status", WORD, "how far it has come"),
            ("http_status", "http_status_code", COUNT, "what was answered"),
            ("error_message", "error_message", WORD, "what went wrong"),
            ("retries", "retry_count", COUNT, "further tries"),
            ("duration_ms", "duration_ms", NUMBER, "how long the answer took"),
            ("sent_at", "sent_at", MOMENT, "when it was sent"),
            ("created_at", "created_at", MOMENT, "when it was written"),
        ),
        _log_view(
            "audit",
            "system_logs",
            "One row an administrative or security act.",
            ("id", "id", ID, "number of the row"),
            ("user_id", "user_id", ID, "number of who did it"),
            ("action", "action", WORD, "what was done"),
            ("status", "status", WORD, "success, error or warning"),
            ("details", "details", "JSON", "further facts"),
            ("error_message", "error_message", WORD, "what went wrong"),
            ("created_at", "created_at", MOMENT, "when"),
        ),
        _log_view(
            "logins",
            "login_history",
            "One row an attempt to sign in.",
            ("id", "id", ID, "number of the row"),
            ("user_id", "user_id", ID, "number of the user; NULL where the name was unknown"),
            ("method", "login_method", WORD, "password, totp, backup_code, api_key or link"),
            ("success", "success", TRUTH, "whether it succeeded"),
            ("failure_reason", "failure_reason", WORD, "why not"),
            ("ip_address", "ip_address", WORD, "where from"),
            ("at", "timestamp", MOMENT, "when"),
        ),
    )
}
