"""What reproduces the page elsewhere: lines of Python for a notebook, a command for a shell."""

import shlex

from app.state.experiments import ExperimentsState
from core.specs import SplitKind, TrainingSpec

OPENING = "from core.workspace import Workspace\n\nws = Workspace()\n"


def table_snippet(state: ExperimentsState) -> str:
    """Return the lines that read the table's rows."""
    chosen = {name: getattr(state, name) for name in ("search", "archived", "columns", "sort", "descending")}
    named = [f"{name}={value!r}" for name, value in chosen.items() if value != state.param[name].default]
    return f"{OPENING}ws.experiments({', '.join(named)})"


def experiment_snippet(experiment_id: int) -> str:
    """Return the lines that read one experiment."""
    return f"{OPENING}run = ws.experiment({experiment_id})\nrun.epochs()"


def train_command(spec: TrainingSpec) -> str:
    """Return the command that repeats a run; what has its default value is left out."""
    default = TrainingSpec(dataset=spec.dataset)
    words = ["brinell", "train", "--dataset", spec.dataset]
    for name in ("channel", "label", "model"):
        words += _option(name, getattr(spec, name), getattr(default, name))
    words += ["--split", spec.split.kind.value, *_sides(spec)]
    for name in ("epochs", "batch_size", "patience", "seed", "device"):
        words += _option(name, getattr(spec, name), getattr(default, name))
    words += _option("lr", spec.optimizer.learning_rate, default.optimizer.learning_rate)
    return shlex.join(words)


def beyond_command(spec: TrainingSpec) -> list[str]:
    """Return what of a run differs from the defaults and has no option in the command."""
    default = TrainingSpec(dataset=spec.dataset)
    pairs = {
        "model_options": (spec.model_options, default.model_options),
        "windows": (spec.windows, default.windows),
        "optimizer": (
            spec.optimizer.model_copy(update={"learning_rate": 1.0}),
            default.optimizer.model_copy(update={"learning_rate": 1.0}),
        ),
        "split shares": (
            (spec.split.test_share, spec.split.validation_share),
            (default.split.test_share, default.split.validation_share),
        ),
    }
    return [name for name, (asked, usual) in pairs.items() if asked != usual]


def _option(name: str, value: object, default: object) -> list[str]:
    return [] if value == default else [f"--{name.replace('_', '-')}", str(value)]


def _sides(spec: TrainingSpec) -> list[str]:
    noun = "loads" if spec.split.kind is SplitKind.BY_LOAD else "values"
    sides = {f"--train-{noun}": spec.split.train_values, f"--test-{noun}": spec.split.test_values}
    return [word for flag, values in sides.items() if values for word in (flag, ",".join(values))]
