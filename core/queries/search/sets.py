"""All ids that a search finds on SQLite, as one mask over them.

SQLite makes of every IN a tree, filled in random order: half a microsecond an id. Read as one text and joined
as masks, the ids of a condition cost a quarter of that, and row count and facets share what was found.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.models import Experiment
from core.queries.search.conditions import Beside, Condition, Form, Joined, Opposite, Said, is_own
from core.queries.search.words import EVERYWHERE, select_said

Mask = NDArray[np.bool_]  # at each id whether it is found
FORM = Form("sqlite")


@dataclass
class IdSets:
    """The sets of one search, while nobody writes."""

    session: Session

    @cached_property
    def size(self) -> int:
        """One more than the highest id."""
        return (self.session.scalar(select(func.max(Experiment.id))) or 0) + 1

    def find(self, condition: Condition) -> Mask:
        """Return where a condition holds."""
        if is_own(condition):
            return self.read(select(Experiment.id).where(condition.write(FORM)))
        if isinstance(condition, Joined):
            join = operator.or_ if condition.any_of else operator.and_
            return reduce(join, map(self.find, condition.parts))
        if isinstance(condition, Opposite):
            return self.read(select(Experiment.id)) & ~self.find(condition.part)
        if isinstance(condition, Beside):
            return self.read(select(condition.table.experiment_id).where(*condition.tests))
        if isinstance(condition, Said):
            return self.read(select_said(condition.phrases, any_of=condition.any_of, heard_in=EVERYWHERE))
        raise TypeError(f"no set of ids is known for a {type(condition).__name__}")

    def read(self, ids: Select[Any]) -> Mask:
        """Return where the ids of a query are."""
        column = ids.selected_columns[0]
        return self.mask(read_ids(self.session.scalar(ids.with_only_columns(func.group_concat(column)))))

    def mask(self, ids: Sequence[int] | NDArray[np.int64]) -> Mask:
        """Return where these ids are."""
        mask = np.zeros(self.size, bool)
        mask[np.asarray(ids, np.int64)] = True
        return mask


def read_ids(text: str | None) -> NDArray[np.int64]:
    """Read what group_concat wrote."""
    return np.fromstring(text, np.int64, sep=",") if text else np.empty(0, np.int64)
