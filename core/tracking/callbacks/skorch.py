"""Log a skorch training: `NeuralNetClassifier(..., callbacks=[ExperimentLog(what={"dataset": "rig"})])`."""

from collections.abc import Mapping
from typing import Any

from skorch.callbacks import Callback

from core.tracking.following import Following
from core.tracking.run import LoggedRun

_OURS = {"valid_loss": "val_loss", "valid_acc": "val_accuracy", "dur": "duration_seconds"}


class ExperimentLog(Callback):  # type: ignore[misc]  # untyped
    """Logs the numbers of skorch's history by epoch."""

    def __init__(self, run: LoggedRun | None = None, what: Mapping[str, Any] | None = None) -> None:
        """Log to a run, or to one of its own; `what` is what Workspace().experiment(...) takes."""
        self.run, self.what = run, what  # skorch copies a callback by the names of its arguments

    def initialize(self) -> "ExperimentLog":
        """Forget the training before."""
        self._following = Following(self.run, self.what or {})
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_told: Any) -> None:
        """Begin the experiment."""
        asked = net.get_params(deep=False)
        hyperparameters = {
            name: value
            for name, value in asked.items()
            if isinstance(value, bool | int | float | str) and name != "verbose"
        }
        optimizer = getattr(asked.get("optimizer"), "__name__", None)
        self._following.begin(
            model=type(net.module_).__name__,
            hyperparameters={**hyperparameters, "optimizer": optimizer},
            total_epochs=net.max_epochs,
        )

    def on_epoch_end(self, net: Any, **_told: Any) -> None:
        """Log the epoch."""
        last = net.history[-1]
        metrics = {
            _OURS.get(name, name): value
            for name, value in last.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and name != "epoch"
        }
        self._following.run.log_epoch(last["epoch"], **metrics)

    def on_train_end(self, net: Any, **_told: Any) -> None:
        """Complete the experiment."""
        self._following.end()
