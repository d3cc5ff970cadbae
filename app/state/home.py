"""What Home says to do next; there is nothing to choose, so its link carries nothing."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from app.state.page import PageState
from core.queries.datasets import DatasetRow
from core.queries.experiment_rows import ExperimentRow


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
        why = "No recording is stored yet; .mat files and folders of them are read."
        demo = Step("Or look around", "The demo makes a data set and trains on it.", "brinell demo")
        return [Step("Import recordings", why, "brinell import PATH --dataset NAME"), demo]
    if not latest:
        why = "Records are stored, and no model has been trained on them."
        return [Step(f"Train on {datasets[0].name}", why, _train(datasets[0]))]
    used = next((row for row in datasets if row.name == latest[0].dataset), datasets[0])
    return [_hold_out(used, latest)]


def _hold_out(dataset: DatasetRow, latest: Sequence[ExperimentRow]) -> Step:
    """Return the strictest split that the data set's signals allow, or another seed where it was made."""
    split, held_out = ("by_record", "records")
    if dataset.num_divisible_classes >= 2:
        split, held_out = ("by_bearing", "bearings")
    command = f"{_train(dataset)} --split {split}"
    seeds = [row.seed for row in latest if (row.dataset, row.split) == (dataset.name, split)]
    if not seeds:
        why = f"{held_out.capitalize()} that training has not seen tell more than windows of known ones."
        return Step(f"Hold out {held_out} of {dataset.name}", why, command)
    why = "One run is one number; a few seeds give a mean and its interval."
    return Step("Repeat with another seed", why, f"{command} --seed {max(seeds) + 1}")


def _train(dataset: DatasetRow) -> str:
    command = f"brinell train --dataset {shlex.quote(dataset.name)}"
    if len(dataset.channels) < 2:
        return command
    channel = "DE" if "DE" in dataset.channels else dataset.channels[0]  # the drive end carries the fault
    return f"{command} --channel {shlex.quote(channel)}"
