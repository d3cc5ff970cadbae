"""What experiments can be grouped by, and the search that opens a group."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.models import Dataset, Experiment, ExperimentParameter, ExperimentTag, HPOCampaign, Tag, User
from core.queries.search import parse_search
from core.queries.search.errors import find_nearest
from core.queries.search.fields import PARAMETER
from core.queries.search.known import find_kinds, is_setting, list_parameter_names
from core.queries.search.tree import AnyOf

GroupValue = str | float
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Columns that are the same within a group, of experiments or of a table beside them."""

    member: Any  # the column of the experiment's id
    keys: tuple[Any, ...]  # of which just one is not NULL
    name: Any = None  # where the key is an id: the column of what is read
    name_id: Any = None
    is_repeated: bool = False  # an experiment may be in several groups
    parameter: str | None = None  # of which the keys are the values

    @property
    def has_key(self) -> ColumnElement[bool]:
        """The condition that a row belongs to a group."""
        is_named = [] if self.parameter is None else [ExperimentParameter.name == self.parameter]
        return and_(*is_named, or_(*(key.is_not(None) for key in self.keys)))

    def among(self, chosen: list[Key]) -> ColumnElement[bool]:
        """Return the condition that a key is one of some."""
        listed = [
            (key, [one[place] for one in chosen if one[place] is not None])
            for place, key in enumerate(self.keys)
        ]
        return or_(*(key.in_(values) for key, values in listed if values))

    def is_of(self, one: Key) -> ColumnElement[bool]:
        """Return the condition that the key is this one."""
        return and_(*(key == value for key, value in zip(self.keys, one, strict=True) if value is not None))


_ID, _TAGGED = Experiment.id, ExperimentTag.experiment_id
_OWN = {
    "model": Grouping(_ID, (Experiment.model_type,)),
    "status": Grouping(_ID, (Experiment.status,)),
    "split": Grouping(_ID, (Experiment.split,)),
    "source": Grouping(_ID, (Experiment.source,)),
    "dataset": Grouping(_ID, (Experiment.dataset_id,), Dataset.name, Dataset.id),
    "owner": Grouping(_ID, (Experiment.created_by,), User.username, User.id),
    "campaign": Grouping(_ID, (Experiment.hpo_campaign_id,), HPOCampaign.name, HPOCampaign.id),
    "tag": Grouping(_TAGGED, (ExperimentTag.tag_id,), Tag.name, Tag.id, is_repeated=True),
}


def find_grouping(session: Session, by: str) -> Grouping:
    """Return how to group by a field or a hyperparameter, such as lr or param.epochs."""
    if by in _OWN:
        return _OWN[by]
    name = by.removeprefix(PARAMETER)
    kinds = find_kinds(session, name)
    if not kinds.is_parameter:
        near = find_nearest(by, [*_OWN, *list_parameter_names(session)])
        offer = f"did you mean {' or '.join(near)}?" if near else f"fields are {', '.join(_OWN)}"
        raise InvalidInputError(
            f"experiments are not grouped by {by!r}: no hyperparameter is named so; {offer}"
        )
    table = ExperimentParameter
    told = ((table.number, kinds.has_numbers), (table.text, kinds.has_texts))
    return Grouping(table.experiment_id, tuple(column for column, is_told in told if is_told), parameter=name)


def list_groupings(session: Session) -> list[str]:
    """List what experiments can be grouped by: fields first, then hyperparameters."""
    names = list_parameter_names(session)
    return [
        *_OWN,
        *(f"{PARAMETER}{name}" if name in _OWN else name for name in names if is_setting(name)),
    ]


def name_keys(session: Session, grouping: Grouping, keys: list[Key]) -> dict[Key, GroupValue]:
    """Return each key as it is read."""
    if grouping.name is None:
        told = {key: next(part for part in key if part is not None) for key in keys}
        return {key: str(part) if isinstance(part, str) else part for key, part in told.items()}
    ids = [key[0] for key in keys]
    named = session.execute(select(grouping.name_id, grouping.name).where(grouping.name_id.in_(ids)))
    return {(row_id,): name for row_id, name in named}


_BARE = re.compile(r"[\w.+-]+")
_OF_THE_WHOLE = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<whole>(?<![^\s()])(?:sort|limit)\s*:\s*(?:"(?:[^"\\]|\\.)*"|[^\s()",]+))',
    re.DOTALL | re.IGNORECASE,
)


def group_search(text: str, by: str, value: GroupValue) -> str:
    """Return the search that finds just the members of a group of what a search finds."""
    field = by if by in _OWN else _write(f"{PARAMETER}{by.removeprefix(PARAMETER)}")
    term = f"{field}:{_write(value if isinstance(value, str) else repr(float(value)))}"
    if not isinstance(parse_search(text).tree, AnyOf):
        return f"{text.strip()} {term}".strip()
    # An order or a limit holds for the whole, so it stays outside of the brackets.
    whole = [found["whole"] for found in _OF_THE_WHOLE.finditer(text) if found["whole"]]
    alternatives = _OF_THE_WHOLE.sub(lambda found: "" if found["whole"] else found[0], text).strip()
    return " ".join([f"({alternatives})", term, *whole])


def _write(value: str) -> str:
    if _BARE.fullmatch(value) and value.lower() not in {"and", "or", "not"}:
        return value
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", value))
