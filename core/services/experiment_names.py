"""Names of experiments: each is taken once, and who asks for none of their own gets the next that is free."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import ConflictError
from core.models import Experiment

BATCH = 500


def add_named(session: Session, row: Experiment, wanted: str | None, stem: str) -> None:
    """Add an experiment under the name that was wanted, or under the stem, numbered where that is taken."""
    name = _choose(session, wanted, stem)
    while True:
        row.name = name
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            # Somebody else took the name meanwhile; if not, the row breaks another rule.
            if (name := _choose(session, wanted, stem)) == row.name:
                raise
        else:
            return


def _choose(session: Session, wanted: str | None, stem: str) -> str:
    if wanted is None:
        return next(iter(free_names(session, [stem])))
    if session.scalar(select(Experiment.id).where(Experiment.name == wanted)) is not None:
        raise ConflictError(f"an experiment named {wanted!r} exists; choose another name")
    return wanted


def free_names(session: Session, stems: Sequence[str]) -> list[str]:
    """Return a name for each stem: itself, or numbered from 2 on where it is stored or stands before it."""
    taken = set(_list_stored(session, set(stems)))
    numbers: dict[str, Iterator[int]] = {}
    found = []
    for stem in stems:
        name = stem
        if stem in taken:
            if stem not in numbers:
                numbers[stem] = count(2)
                taken.update(_list_numbered(session, stem))
            name = next(each for n in numbers[stem] if (each := f"{stem} {n}") not in taken)
        taken.add(name)
        found.append(name)
    return found


def _list_stored(session: Session, names: Iterable[str]) -> Iterable[str]:
    listed = sorted(names)
    for begin in range(0, len(listed), BATCH):
        yield from session.scalars(
            select(Experiment.name).where(Experiment.name.in_(listed[begin : begin + BATCH]))
        )


def _list_numbered(session: Session, stem: str) -> Iterable[str]:
    return session.scalars(select(Experiment.name).where(Experiment.name.startswith(stem, autoescape=True)))
