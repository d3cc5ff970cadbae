"""The fields of a search, and what a name in it stands for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute, Session

from core.models import Experiment
from core.queries.search.known import Kinds, find_kinds, list_metric_names, list_parameter_names


class Taken(StrEnum):
    """What a field takes as its value."""

    WHOLE = "whole number"
    SECONDS = "duration"
    MOMENT = "date"
    WORDS = "words"
    FLAG = "yes or no"
    CHOICE = "name"


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of the language, which looks at one column of experiments."""

    name: str
    takes: Taken
    column: InstrumentedAttribute[Any] | None  # None: of tags, which stand beside


@dataclass(frozen=True, slots=True)
class MetricField:
    """A metric: its best epoch, or its last."""

    name: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class ParameterField:
    """A hyperparameter, and whether it takes numbers, texts or both."""

    name: str
    has_numbers: bool
    has_texts: bool


Field = OwnField | MetricField | ParameterField
OWN_FIELDS = {
    field.name: field
    for field in (
        OwnField("tag", Taken.CHOICE, None),
        OwnField("model", Taken.CHOICE, Experiment.model_type),
        OwnField("status", Taken.CHOICE, Experiment.status),
        OwnField("dataset", Taken.CHOICE, Experiment.dataset_id),
        OwnField("owner", Taken.CHOICE, Experiment.created_by),
        OwnField("split", Taken.CHOICE, Experiment.split),
        OwnField("campaign", Taken.CHOICE, Experiment.hpo_campaign_id),
        OwnField("source", Taken.CHOICE, Experiment.source),
        OwnField("created", Taken.MOMENT, Experiment.created_at),
        OwnField("duration", Taken.SECONDS, Experiment.duration_seconds),
        OwnField("epochs", Taken.WHOLE, Experiment.total_epochs),
        OwnField("id", Taken.WHOLE, Experiment.id),
        OwnField("name", Taken.WORDS, Experiment.name),
        OwnField("notes", Taken.WORDS, Experiment.notes),
        OwnField("archived", Taken.FLAG, Experiment.archived_at),
    )
}
BEST, LAST, PARAMETER = "best.", "last.", "param."


def find_field(session: Session, name: str) -> Field | None:
    """Return what a name stands for: a field of the language, then a metric, then a hyperparameter."""
    own = OWN_FIELDS.get(name.lower())
    if own is not None:
        return own
    for prefix, is_last in ((BEST, False), (LAST, True)):
        rest = name.removeprefix(prefix)
        if rest != name and find_kinds(session, rest).is_metric:
            return MetricField(rest, is_last)
    rest = name.removeprefix(PARAMETER)
    if rest != name and (kinds := find_kinds(session, rest)).is_parameter:
        return _parameter(rest, kinds)
    kinds = find_kinds(session, name)
    if kinds.is_metric:
        return MetricField(name, is_last=False)
    return _parameter(name, kinds) if kinds.is_parameter else None


def _parameter(name: str, kinds: Kinds) -> ParameterField:
    return ParameterField(name, kinds.has_numbers, kinds.has_texts)


def list_field_names(session: Session, alike: str = "") -> list[str]:
    """List all names that a search may compare: the language's own, metrics, hyperparameters.

    Those with a prefix stand among them where a name that they are to be like has one.
    """
    metrics, parameters = list_metric_names(session), list_parameter_names(session)
    prefixed = [
        f"{prefix}{name}"
        for prefix, names in ((BEST, metrics), (LAST, metrics), (PARAMETER, parameters))
        for name in names
        if alike.startswith(prefix)
    ]
    return list(dict.fromkeys([*prefixed, *OWN_FIELDS, *metrics, *parameters]))
