"""What a search asks of experiments, in two forms of SQL: as sets to start from, as probes on the way."""

import json
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import ARRAY, ColumnElement, Integer, and_, func, literal, not_, or_, select, true

from core.models import Experiment, ExperimentMetric, ExperimentParameter, ExperimentTag
from core.queries.search.words import EVERYWHERE, Phrase, match_words

SideTable = type[ExperimentMetric] | type[ExperimentParameter] | type[ExperimentTag]


@dataclass(frozen=True, slots=True)
class Form:
    """How a condition is written."""

    dialect: str
    probing: bool = False  # asked of one experiment at a time, not of all at once
    heard_in: tuple[str, ...] = EVERYWHERE  # the columns in which free text counts
    many: bool = False  # conditions on tables beside: PostgreSQL must not weigh every order of joining them


class Condition(Protocol):
    """One thing asked; it is true or false of every experiment, never unknown."""

    def write(self, form: Form) -> ColumnElement[bool]:
        """Return it as SQL over `experiments`."""


@dataclass(frozen=True, slots=True)
class Own:
    """Of the experiment's own columns."""

    sql: ColumnElement[bool]

    def write(self, form: Form) -> ColumnElement[bool]:  # noqa: ARG002  # one form serves
        """Return it as it is."""
        return self.sql


@dataclass(frozen=True, slots=True)
class Beside:
    """Of a row in a table beside that of experiments."""

    table: SideTable
    tests: tuple[ColumnElement[bool], ...]
    name: str | None = None  # of the metric or hyperparameter

    def write(self, form: Form) -> ColumnElement[bool]:
        """Ask for one row by its key, or for the set of all experiments that have one."""
        asked: ColumnElement[bool]
        if form.probing:
            key = self.table.experiment_id == Experiment.id
            asked = select(literal(1)).where(key, *self.tests).correlate(Experiment).exists()
        else:
            asked = Experiment.id.in_(select(self.table.experiment_id).where(*self.tests).correlate(None))
        return asked.is_(true()) if form.many and form.dialect != "sqlite" else asked


@dataclass(frozen=True, slots=True)
class Said:
    """Of words in name, model type and notes: all of them, or any."""

    phrases: tuple[Phrase, ...]
    any_of: bool = False

    def write(self, form: Form) -> ColumnElement[bool]:
        """Ask the word index once for all."""
        return match_words(self.phrases, any_of=self.any_of, heard_in=form.heard_in, dialect=form.dialect)


@dataclass(frozen=True, slots=True)
class Opposite:
    """What does not hold; words that must be absent are absent everywhere."""

    part: Condition

    def write(self, form: Form) -> ColumnElement[bool]:
        """Return the negation."""
        return not_(self.part.write(replace(form, heard_in=EVERYWHERE)))


@dataclass(frozen=True, slots=True)
class Joined:
    """All of several, or any."""

    parts: tuple[Condition, ...]
    any_of: bool = False

    def write(self, form: Form) -> ColumnElement[bool]:
        """Return them in brackets."""
        join: Any = or_ if self.any_of else and_
        joined: ColumnElement[bool] = join(*(part.write(form) for part in self.parts))
        return joined


def is_one_of(ids: list[int], dialect: str, column: Any = Experiment.id) -> ColumnElement[bool]:
    """Return the condition that an id is one of these, given as one parameter however many there are."""
    if dialect == "sqlite":
        listed = select(func.json_each(json.dumps(ids)).table_valued("value").c.value)
    else:
        listed = select(func.unnest(literal(ids, ARRAY(Integer))))
    within: ColumnElement[bool] = column.in_(listed)
    return within


def has_words(condition: Condition) -> bool:
    """Tell whether some free text must be there, by which results may be ranked."""
    if isinstance(condition, Joined):
        return any(map(has_words, condition.parts))
    return isinstance(condition, Said) and any(phrase.column is None for phrase in condition.phrases)


def count_beside(condition: Condition) -> int:
    """Count the conditions on tables beside that of experiments."""
    if isinstance(condition, Joined):
        return sum(map(count_beside, condition.parts))
    return count_beside(condition.part) if isinstance(condition, Opposite) else isinstance(condition, Beside)


def is_own(condition: Condition) -> bool:
    """Tell whether it looks at the experiments' own columns only."""
    if isinstance(condition, Joined):
        return all(map(is_own, condition.parts))
    return is_own(condition.part) if isinstance(condition, Opposite) else isinstance(condition, Own)
