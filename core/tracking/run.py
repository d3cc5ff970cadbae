"""What a person's own loop holds: one experiment, told epoch by epoch."""

import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from core.errors import BrinellError, ConflictError, InvalidInputError
from core.queries.experiment_files import list_steps
from core.services.logged_experiments import Begun, begin_logged, take_up_logged
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope
from core.tracking.plain import to_plain, to_storable
from core.tracking.recorder import Recorder
from core.tracking.writer import writer

LONGEST_REASON = 10_000  # characters of what is told of an error


class LoggedRun:
    """An experiment that your own loop logs: calls return at once, what they tell is stored within 0.2 s.

    As a block it is completed at the end; an error fails it and goes on, Ctrl-C cancels it. Values are
    numbers, tensors or arrays of one element, or None; NaN and infinity are stored as not measured.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.id, self.name = recorder.claim.row_id, recorder.name
        weakref.finalize(self, setattr, recorder, "is_abandoned", True).atexit = False

    def log_epoch(self, epoch: int | None = None, /, **metrics: Any) -> None:
        """Log what one epoch measured, each epoch once; without a number it is the one after the last.

        `train_loss`, `val_loss`, `train_accuracy`, `val_accuracy` (fractions), `learning_rate` and
        `duration_seconds` are what every page shows; any other name is a metric of its own.
        """
        if epoch is None and "epoch" in metrics:
            epoch = metrics.pop("epoch")
        self._recorder.log_epoch(epoch, metrics)

    def log_step(self, step: int | None = None, /, **values: Any) -> None:
        """Log values of one optimizer step; steps go up, and are kept in files, seconds to minutes later."""
        if step is None and "step" in values:
            step = values.pop("step")
        self._recorder.log_step(step, values)

    def log_result(self, **metrics: Any) -> None:
        """Log figures that are measured once, such as test_accuracy."""
        self._recorder.log_result(metrics)

    def flush(self) -> None:
        """Store all that was logged before going on, or raise what keeps it from being stored."""
        self._recorder.flush()

    def finish(self, status: str = "completed", reason: str | None = None) -> None:
        """End the experiment where there is no block to leave: completed, failed or cancelled."""
        if status not in {"completed", "failed", "cancelled"}:
            raise ConflictError(f"an experiment ends completed, failed or cancelled, not {status!r}")
        writer.end(self._recorder, status, reason)

    @property
    def link(self) -> str:
        """Where the server shows the experiment, below its address."""
        return f"/experiments?experiment={self.id}"

    def __repr__(self) -> str:
        return f"<experiment {self.id} {self.name!r} {self.link}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            writer.end(self._recorder, *tell_end(error))
        except BrinellError as more:
            if error is None:
                raise
            if more is not error:
                error.add_note(str(more))


def tell_end(error: BaseException | None) -> tuple[str, str | None]:
    """Return the status, and the reason, of a training that ended so."""
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "completed", None
    if isinstance(error, KeyboardInterrupt):
        return "cancelled", "interrupted by whoever ran it (KeyboardInterrupt)"
    reason = str(error) if isinstance(error, BrinellError) else f"{type(error).__name__}: {error}"
    return "failed", to_storable(reason[:LONGEST_REASON])


def begin_run(
    *,
    name: str | None = None,
    model: str | None = None,
    dataset: str | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    notes: str | None = None,
    tags: Sequence[str] = (),
    split: str | None = None,
    seed: int | None = None,
    total_epochs: int | None = None,
) -> LoggedRun:
    """Begin an experiment of the local user's own loop; a name that is taken is numbered."""
    if not isinstance(hyperparameters or {}, Mapping):
        told = type(hyperparameters).__name__
        raise InvalidInputError(f'hyperparameters is a mapping such as {{"lr": 0.1}}, not a {told}')
    if isinstance(tags, str):
        raise InvalidInputError(f"tags is a list such as [{tags!r}], not one text")
    with session_scope() as session:
        begun = begin_logged(
            session,
            get_local_actor(session, "notebook"),
            name=name,
            model=model,
            dataset=dataset,
            hyperparameters=to_plain(hyperparameters or {}),
            notes=notes and to_storable(notes),
            tags=tags,
            split=split,
            seed=seed,
            total_epochs=total_epochs,
        )
    return LoggedRun(writer.add(begun, last_step=0))


def resume_run(experiment_id: int) -> LoggedRun:
    """Go on with a logged experiment after its last stored epoch."""
    with session_scope() as session:
        begun = take_up_logged(session, get_local_actor(session, "notebook"), experiment_id)
    return LoggedRun(writer.add(begun, _find_last_step(begun)))


def _find_last_step(begun: Begun) -> int:
    """Return the last step of the epochs that are stored; what follows is done again, and then counts."""
    with read_scope() as session:
        steps = list_steps(session, begun.claim.row_id)
    done = steps.loc[steps["epoch"] <= begun.last_epoch, "step"]
    return 0 if done.empty else int(done.max())
