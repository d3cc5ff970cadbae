"""Experiments made from others: the same specification again, or with some of it changed."""

from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

from sqlalchemy.orm import Session

from core.errors import ConflictError, InvalidInputError
from core.models import TRAINED_HERE, Experiment
from core.services.access import Actor, require_researcher
from core.services.experiments import create_experiment, get_experiment
from core.specs import TrainingSpec


def run_again(
    session: Session, actor: Actor, experiment_id: int, *, seed: int | None = None, name: str | None = None
) -> Experiment:
    """Train again what was trained, by the same seed unless another is given; anybody's, as one's own."""
    return duplicate_experiment(session, actor, experiment_id, {} if seed is None else {"seed": seed}, name)


def duplicate_experiment(
    session: Session,
    actor: Actor,
    experiment_id: int,
    changes: Mapping[str, Any],
    name: str | None = None,
) -> Experiment:
    """Make a pending experiment of another's specification with changes: {"optimizer.learning_rate": 1e-3}.

    A wrong path or value is refused by name; pydantic's ValidationError tells what the specification takes.
    """
    require_researcher(actor)
    row = get_experiment(session, experiment_id)
    if row.source not in TRAINED_HERE:
        raise ConflictError(
            f"experiment {experiment_id} ({row.name}) was {row.source.value}, not trained here, so no "
            "specification tells how to train it; run the program again that it comes from"
        )
    spec = TrainingSpec.model_validate(row.config).model_dump(mode="json")
    changed = deepcopy(spec)
    for path, value in changes.items():
        _set(changed, path, value)
    return create_experiment(session, actor, TrainingSpec.model_validate(changed), name)


def _set(spec: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    place = spec
    for at, parent in enumerate(parents):
        if parent not in place:
            raise InvalidInputError(_unknown(place, parent, ".".join(parents[:at])))
        if not isinstance(place[parent], dict):
            raise InvalidInputError(f"{path!r} reaches into {parent!r}, which is one value; change it whole")
        place = place[parent]
    # The options of a model are free: the network itself says which it takes.
    if last not in place and parents != ["model_options"]:
        raise InvalidInputError(_unknown(place, last, ".".join(parents)))
    place[last] = value


def _unknown(place: Mapping[str, Any], word: str, within: str) -> str:
    near = get_close_matches(word, place, n=1)
    where = f"{within!r} of a specification" if within else "a specification"
    offer = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(place)}"
    return f"{where} has no field {word!r} to change; {offer}"
