"""Data sets that are known by name only: what experiments from elsewhere say that they were trained on."""

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from core.models import Dataset
from core.services.access import Actor
from core.services.datasets import ensure_dataset
from core.specs import Name

UNSPECIFIED = "unspecified"
NAMED_ONLY = "named by an experiment from elsewhere; its recordings are not stored here"
NONE_NAMED = "stands for the data of experiments from elsewhere that name none"
_NAME: TypeAdapter[str] = TypeAdapter(Name)


def ensure_logged_dataset(session: Session, actor: Actor, name: str | None) -> Dataset:
    """Return the data set of that name; where none is stored, make a row that says so."""
    if name is None:
        return ensure_dataset(session, actor, UNSPECIFIED, NONE_NAMED)
    return ensure_dataset(session, actor, _NAME.validate_python(name), NAMED_ONLY)
