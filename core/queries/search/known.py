"""Which names and values are stored: each by a few steps in an index, however many rows bear them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.models import (
    Dataset,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentSource,
    ExperimentStatus,
    HPOCampaign,
    Tag,
    User,
)
from core.specs import NetworkName, SplitKind

MOST_NAMES = 5_000  # looked through for what was meant
NO_SETTINGS = frozenset({"import.origin"})  # stored as parameters: by it an import finds its runs again
Pairs = list[tuple[str, Any]]  # a word, and what the column beside the search holds for it


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a name is, which may be several things."""

    is_metric: bool
    has_numbers: bool  # as a hyperparameter
    has_texts: bool

    @property
    def is_parameter(self) -> bool:
        """Whether some experiment has a hyperparameter of that name."""
        return self.has_numbers or self.has_texts


_NAME = bindparam("name", type_=ExperimentMetric.name.type)


def _least(column: InstrumentedAttribute[Any]) -> Any:
    """The least value of a hyperparameter, which is a step in its index; PostgreSQL scans for an EXISTS."""
    return select(func.min(column)).where(ExperimentParameter.name == _NAME).scalar_subquery()


_KINDS = select(
    exists().where(ExperimentMetric.name == _NAME),
    _least(ExperimentParameter.number).is_not(None),
    _least(ExperimentParameter.text).is_not(None),
)


def find_kinds(session: Session, name: str) -> Kinds:
    """Tell what a name is."""
    return Kinds(*session.execute(_KINDS, {"name": name}).one())


def list_metric_names(session: Session) -> list[str]:
    """List the names of all metrics that an experiment has."""
    return list(session.scalars(_walk_index(ExperimentMetric.name)))


def is_setting(name: str) -> bool:
    """Tell whether a stored parameter is one that a person chose."""
    return name not in NO_SETTINGS


def list_parameter_names(session: Session) -> list[str]:
    """List the names of all hyperparameters that an experiment has."""
    return list(session.scalars(_walk_index(ExperimentParameter.name)))


def _walk_index(column: InstrumentedAttribute[Any], *where: ColumnElement[bool]) -> Select[Any]:
    """Go from each word to the next greater one, where DISTINCT would read every row."""
    first = select(func.min(column).label("word")).where(*where).cte("word_after_word", recursive=True)
    following = select(func.min(column)).where(column > first.c.word, *where).scalar_subquery()
    words = first.union_all(select(following).where(first.c.word.is_not(None)))
    return select(words.c.word).where(words.c.word.is_not(None)).limit(MOST_NAMES)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that a field knows: some looked up as they are written, and all for what may be meant."""

    find: Callable[[Session, Sequence[str]], Pairs]
    list_all: Callable[[Session], Pairs]


def _of_rows(name: Any, row_id: Any, spelling: Any = None) -> Vocabulary:
    """The names of a small table's rows, stored by their ids."""
    columns = [name] if spelling is None else [name, spelling]
    looked_up = [select(each, row_id).where(each.in_(bindparam("words", expanding=True))) for each in columns]
    listed = [select(each, row_id).order_by(each).limit(MOST_NAMES) for each in columns]

    def find(session: Session, words: Sequence[str]) -> Pairs:
        return [(word, i) for one in looked_up for word, i in session.execute(one, {"words": list(words)})]

    def list_all(session: Session) -> Pairs:
        return [(word, i) for one in listed for word, i in session.execute(one)]

    return Vocabulary(find, list_all)


def _of_column(column: InstrumentedAttribute[Any], expected: Sequence[str], *, indexed: bool) -> Vocabulary:
    """The words that a column of experiments holds, and those that are expected of it."""
    some = exists().where(column == bindparam("word", type_=column.type))
    listed = _walk_index(column) if indexed else select(column).where(column.is_not(None)).distinct()

    def find(session: Session, words: Sequence[str]) -> Pairs:
        return [
            (word, word) for word in words if word in expected or session.scalar(select(some), {"word": word})
        ]

    def list_all(session: Session) -> Pairs:
        return [(word, word) for word in sorted({*expected, *session.scalars(listed)})]

    return Vocabulary(find, list_all)


def _of_enum(members: Sequence[Any]) -> Vocabulary:
    pairs = [(member.value, member) for member in members]
    return Vocabulary(lambda _session, words: [pair for pair in pairs if pair[0] in words], lambda _: pairs)


def list_parameter_texts(session: Session, name: str) -> list[str]:
    """List the texts that a hyperparameter takes."""
    return list(session.scalars(_walk_index(ExperimentParameter.text, ExperimentParameter.name == name)))


def parameter_vocabulary(name: str) -> Vocabulary:
    """Return the texts that a hyperparameter takes."""
    some = exists().where(
        ExperimentParameter.name == name,
        ExperimentParameter.text == bindparam("word", type_=ExperimentParameter.text.type),
    )
    return Vocabulary(
        lambda session, words: [
            (word, word) for word in words if session.scalar(select(some), {"word": word})
        ],
        lambda session: [(word, word) for word in list_parameter_texts(session, name)],
    )


VOCABULARIES = {
    "tag": _of_rows(Tag.name, Tag.id, Tag.slug),
    "model": _of_column(Experiment.model_type, [each.value for each in NetworkName], indexed=True),
    "status": _of_enum(list(ExperimentStatus)),
    "source": _of_enum(list(ExperimentSource)),
    "dataset": _of_rows(Dataset.name, Dataset.id),
    "owner": _of_rows(User.username, User.id),
    "campaign": _of_rows(HPOCampaign.name, HPOCampaign.id),
    "split": _of_column(Experiment.split, [each.value for each in SplitKind], indexed=False),
}
