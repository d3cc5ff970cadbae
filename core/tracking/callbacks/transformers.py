"""Log a training of transformers: `Trainer(..., callbacks=[ExperimentLog(dataset="rig")])`."""

import math
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from core.tracking.following import Following
from core.tracking.run import LoggedRun

_ASKED = (
    "learning_rate", "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs",
    "max_steps", "weight_decay", "warmup_steps", "lr_scheduler_type", "optim", "seed",
)  # fmt: skip
_OURS = {"eval_loss": "val_loss", "eval_accuracy": "val_accuracy"}
_SPEEDS = ("_runtime", "_per_second")


class ExperimentLog(TrainerCallback):
    """Logs steps as the Trainer logs them, and by epoch the last training loss and the evaluation.

    A Trainer tells no callback of an error, so its experiment is failed only when nobody holds the Trainer
    any more or the program ends. To have it failed at once, with the error: `with Workspace().experiment(...)
    as run: Trainer(..., callbacks=[ExperimentLog(run)]).train()`.
    """

    def __init__(self, run: LoggedRun | None = None, **what: Any) -> None:
        """Log to a run, or to one of its own; `what` is what Workspace().experiment(...) takes."""
        self._following = Following(run, what)
        self._epoch, self._measured = 0, dict[str, Any]()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **told: Any
    ) -> None:
        """Begin the experiment."""
        asked = {name: getattr(args, name) for name in _ASKED}
        self._following.begin(
            model=type(told["model"]).__name__,
            hyperparameters={name: getattr(value, "value", value) for name, value in asked.items()},
            total_epochs=math.ceil(args.num_train_epochs) if args.max_steps < 0 else None,
        )

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **told: Any
    ) -> None:
        """Log the epoch before: its evaluation came after its end."""
        self._log_epoch()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **told: Any
    ) -> None:
        """Let what comes now be this epoch's."""
        self._epoch = math.ceil(state.epoch or 0)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **told: Any,
    ) -> None:
        """Log a step."""
        logged = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if "loss" in logged and state.is_world_process_zero:
            self._following.run.log_step(state.global_step, **logged)
            self._measured["train_loss"] = logged["loss"]
            self._measured["learning_rate"] = logged.get("learning_rate")

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: Mapping[str, Any] | None = None,
        **told: Any,
    ) -> None:
        """Keep the evaluation for its epoch."""
        for name, value in (metrics or {}).items():
            if name != "epoch" and not name.endswith(_SPEEDS):
                self._measured[_OURS.get(name, name)] = value

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **told: Any
    ) -> None:
        """Complete the experiment."""
        self._log_epoch()
        self._following.end()

    def _log_epoch(self) -> None:
        measured, self._measured = self._measured, {}
        if measured and self._epoch:
            self._following.run.log_epoch(self._epoch, **measured)
