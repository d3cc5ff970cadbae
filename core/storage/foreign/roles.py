"""What the columns of a table of runs hold, guessed by their names where nobody states it."""

import re
from collections.abc import Iterable, Mapping

from core.storage.foreign.records import Role

_NAMES: dict[str, Role] = {
    **dict.fromkeys(("run", "run id", "run name", "run uuid", "name", "id", "experiment", "trial"), Role.RUN),
    **dict.fromkeys(("epoch", "step", "global step", "iteration", "iter"), Role.STEP),
    **dict.fromkeys(("timestamp", "time", "wall time", "date"), Role.TIME),
    **dict.fromkeys(("state", "status"), Role.STATUS),
    **dict.fromkeys(("notes", "note", "comment", "description"), Role.NOTES),
    **dict.fromkeys(("tags", "tag"), Role.TAG),
    **dict.fromkeys(("group", "project", "sweep", "experiment name"), Role.GROUP),
    **dict.fromkeys(("user", "owner", "author"), Role.USER),
    **dict.fromkeys(("created", "created at", "started", "start time", "started at"), Role.STARTED),
    **dict.fromkeys(("runtime", "duration", "duration seconds", "duration s"), Role.DURATION),
}
_SINGLE = frozenset(Role) - {Role.METRIC, Role.PARAMETER, Role.TAG, Role.IGNORED}
_METRIC_WORDS = frozenset((
    "loss", "acc", "accuracy", "f1", "auc", "auroc", "precision", "recall", "error", "mae", "mse",
    "rmse", "score", "map", "iou", "eer", "ece", "r2", "val", "valid", "validation", "test",
    "train", "eval", "best", "final", "metric", "metrics", "perplexity",
))  # fmt: skip
_PARAMETER_WORDS = frozenset((
    "lr", "rate", "batch", "seed", "epochs", "optimizer", "optimiser", "decay", "dropout", "hidden",
    "layers", "momentum", "config", "param", "params", "hparam", "hparams", "hp", "size", "width",
    "depth", "patience", "folds", "kernel",
))  # fmt: skip
OF_EPOCHS = "duration seconds"  # in a table of steps: how long each took, not the run
_WORD = re.compile(r"[a-z]+[0-9]?")


def names_role(name: str) -> bool:
    """Return whether a column of this name in a table of steps is taken for something else than a value."""
    return _plain(name) in _NAMES and _plain(name) != OF_EPOCHS


def _plain(name: str) -> str:
    return re.sub(r"[\s_.]+", " ", name.strip().lower()).strip()


def guess_roles(
    columns: Iterable[str],
    stated: Mapping[str, Role],
    constant: frozenset[str],
) -> dict[str, Role]:
    """Return the role of each column; `constant` are those that do not change within any run."""
    names = list(columns)
    roles = {name: role for name, role in stated.items() if name in names}
    taken = set(roles.values())
    has_steps = Role.STEP in {*taken, *(_NAMES.get(_plain(name)) for name in names if name not in stated)}
    for name in names:
        role = _NAMES.get(_plain(name))
        if has_steps and _plain(name) == OF_EPOCHS:
            continue
        if name not in roles and role is not None and not (role in _SINGLE and role in taken):
            roles[name] = role
            taken.add(role)
    for name in names:
        if name not in roles and has_steps and _NAMES.get(_plain(name)) is Role.RUN:
            roles[name] = Role.IGNORED  # another name of the run, such as its id: no figure of a step
        elif name not in roles:
            roles[name] = _guess_value(name, has_steps, name in constant)
    return {name: roles[name] for name in names}


def _guess_value(name: str, has_steps: bool, is_constant: bool) -> Role:
    words = set(_WORD.findall(name.lower()))
    if has_steps:
        return Role.PARAMETER if is_constant and words & _PARAMETER_WORDS else Role.METRIC
    return (
        Role.METRIC if words & _METRIC_WORDS and not words & {"config", "param", "params"} else Role.PARAMETER
    )
