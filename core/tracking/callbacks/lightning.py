"""Log a Lightning training: `Trainer(callbacks=[ExperimentLog(dataset="rig")])`."""

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from core.tracking.following import Following
from core.tracking.run import LoggedRun


class ExperimentLog(Callback):
    """Logs what the module logs by epoch; hyperparameters are those that it saved."""

    def __init__(self, run: LoggedRun | None = None, **what: Any) -> None:
        """Log to a run, or to one of its own; `what` is what Workspace().experiment(...) takes."""
        self._following = Following(run, what)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the experiment, in the first of several processes."""
        if trainer.is_global_zero:
            self._following.begin(
                model=type(pl_module).__name__,
                hyperparameters=dict(pl_module.hparams),
                total_epochs=trainer.max_epochs if (trainer.max_epochs or 0) > 0 else None,
            )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the epoch, its validation among it."""
        if not trainer.is_global_zero:
            return
        metrics = {
            name.removesuffix("_epoch"): value
            for name, value in trainer.callback_metrics.items()
            if not name.endswith("_step")
        }
        rates = [group["lr"] for optimizer in trainer.optimizers for group in optimizer.param_groups]
        self._following.run.log_epoch(
            trainer.current_epoch + 1, **{"learning_rate": next(iter(rates), None), **metrics}
        )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Complete the experiment."""
        if trainer.is_global_zero:
            self._following.end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """End the experiment as the training ended."""
        if trainer.is_global_zero:
            self._following.end(exception)
