"""What Home says to do next; there is nothing to choose, so its link carries nothing."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from app.state.page import PageState
from core.queries.datasets import DatasetRow
from core.queries.experiments import ExperimentRow


class HomeState(PageState):
    """The state of Home."""


class Step(NamedTuple):
    """One thing to do next, and the command that does it."""

    what: str
    why: str
    command: str


def next_steps(datasets: Sequence[DatasetRow], latest: Sequence[ExperimentRow]) -> list[Step]:
    """Return what is missing on the way from an empty home to a score with an interval."""
    if not datasets:
        why = "Nothing is stored yet; .mat files and folders of them are read."
        demo = Step("Or look around", "The demo makes a data set and trains on it.", "brinell demo")
        return [Step("Import recordings", why, "brinell import PATH --dataset NAME"), demo]
    if not latest:
        why = "Records are stored, and no model has been trained on them."
        return [Step(f"Train on {datasets[0].name}", why, _train(datasets[0]))]
    used = next((row for row in datasets if row.name == latest[0].dataset), datasets[0])
    if not any(row.split == "by_bearing" for row in latest):
        why = "Bearings that training has not seen ask more of a model than any other split."
        return [Step(f"Hold out bearings of {used.name}", why, f"{_train(used)} --split by_bearing")]
    why = "One run is one number; a few seeds give a mean and its interval."
    command = f"{_train(used)} --split by_bearing --seed {len(latest)}"
    return [Step("Repeat with another seed", why, command)]


def _train(dataset: DatasetRow) -> str:
    command = f"brinell train --dataset {shlex.quote(dataset.name)}"
    if len(dataset.channels) < 2:
        return command
    channel = "DE" if "DE" in dataset.channels else dataset.channels[0]  # the drive end carries the fault
    return f"{command} --channel {shlex.quote(channel)}"
