"""Log a Keras training: `model.fit(..., callbacks=[ExperimentLog(dataset="rig")])`."""

from collections.abc import Mapping
from typing import Any

import keras

from core.tracking.following import Following
from core.tracking.run import LoggedRun

_OURS = {
    "loss": "train_loss",
    "accuracy": "train_accuracy",
    "acc": "train_accuracy",
    "val_acc": "val_accuracy",
}


class ExperimentLog(keras.callbacks.Callback):  # type: ignore[misc]  # untyped
    """Logs what Keras measures by epoch.

    Keras tells no callback of an error, so its experiment is failed only when nobody holds this any more or
    the program ends. To have it failed at once, with the error: `with Workspace().experiment(...) as run:
    model.fit(..., callbacks=[ExperimentLog(run)])`.
    """

    def __init__(self, run: LoggedRun | None = None, **what: Any) -> None:
        """Log to a run, or to one of its own; `what` is what Workspace().experiment(...) takes."""
        super().__init__()
        self._following = Following(run, what)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin the experiment."""
        asked = {
            name: value for name, value in self.params.items() if value is not None and name != "verbose"
        }
        optimizer = self.model.optimizer.get_config()
        self._following.begin(
            model=self.model.name,
            hyperparameters={**asked, "optimizer": optimizer},
            total_epochs=asked["epochs"],
        )

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log the epoch."""
        metrics = {_OURS.get(name, name): value for name, value in (logs or {}).items()}
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._following.run.log_epoch(epoch + 1, **{"learning_rate": rate, **metrics})

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Complete the experiment."""
        self._following.end()
