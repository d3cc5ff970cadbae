"""Checkpoints of a run: kept as often as their cost allows, and checked when an attempt goes on from one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from sqlalchemy import select
from torch import nn

from core.errors import InvalidInputError, NotFoundError, UnreadableFileError
from core.jobs.run_files import SAFETENSORS, describe_file
from core.learning.states import Basis, TrainerState, check_shapes, load_state, save_state
from core.models import Artifact
from core.services.checkpoint_rows import CHECKPOINT_KIND
from core.services.experiments import add_checkpoint, drop_checkpoints, forget_epochs_after
from core.services.jobs import Claim
from core.storage import artifacts
from core.storage.database import read_scope
from core.storage.transactions import run_write

KEEPING_SHARE = 0.03  # of the time of a training, at most


class Pace:
    """How often to keep a checkpoint, so that keeping takes at most a share of the time."""

    def __init__(self, share: float, clock: Callable[[], float] = monotonic) -> None:
        self._share, self._clock = share, clock
        self._took_s, self._kept_at = 0.0, clock()

    def is_due(self) -> bool:
        """Tell whether enough time has passed for what keeping took last time."""
        return self._clock() - self._kept_at >= self._took_s / self._share

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Note how long the body takes to keep a checkpoint."""
        began = self._clock()
        yield
        self._kept_at = self._clock()
        self._took_s = self._kept_at - began


class Checkpoints:
    """The checkpoints of one claimed experiment; file first, row after."""

    def __init__(self, claim: Claim, basis: Basis) -> None:
        self.claim, self._basis = claim, basis
        self.findings: tuple[str, ...] = ()  # what a person should know of those that were found
        self._pace = Pace(KEEPING_SHARE)

    def keep(self, take: Callable[[], TrainerState], *, at_once: bool) -> None:
        """Keep the training's state where one is due, or at once."""
        if at_once or self._pace.is_due():
            with self._pace.keeping():
                self._keep(take())

    def _keep(self, state: TrainerState) -> None:
        with artifacts.writing() as draft:
            save_state(state, draft.path, self._basis)
        name = f"state-{state.epoch:05}.safetensors"
        file = describe_file(draft, CHECKPOINT_KIND, name, SAFETENSORS, epoch=state.epoch)
        run_write(lambda session: add_checkpoint(session, self.claim, file))

    def take_up(self, network: nn.Module) -> TrainerState | None:
        """Return the last good state, or None; forget what it does not hold, and note what was wrong."""
        state, wrong = self._find_good(network)
        epoch = state.epoch if state else 0
        outcome = f"went on from epoch {epoch}" if state else "started anew"
        self.findings = tuple(f"{what}; {outcome}" for what in wrong)
        if self.claim.attempt > 1 or self.findings:  # nothing stands there before the first attempt
            run_write(lambda session: forget_epochs_after(session, self.claim, epoch, self.findings))
        return state

    def drop(self) -> None:
        """Drop all: nobody can go on from them."""
        run_write(lambda session: drop_checkpoints(session, self.claim))

    def _find_good(self, network: nn.Module) -> tuple[TrainerState | None, list[str]]:
        wrong: list[str] = []
        for row in self._list_newest_first():
            try:
                path = artifacts.get_whole(row.id, row.size_bytes, row.sha256)
                state = load_state(path, self._basis)
                check_shapes(state, network)
            except NotFoundError as error:
                wrong.append(f"the checkpoint of epoch {row.epoch} is missing ({error})")
            except UnreadableFileError as error:
                wrong.append(f"the checkpoint of epoch {row.epoch} is damaged ({error})")
            except InvalidInputError as error:
                wrong.append(f"the checkpoint of epoch {row.epoch} does not fit ({error})")
            else:
                return state, wrong
        return None, wrong

    def _list_newest_first(self) -> list[Artifact]:
        with read_scope() as session:
            rows = session.scalars(
                select(Artifact)
                .where(Artifact.experiment_id == self.claim.row_id, Artifact.kind == CHECKPOINT_KIND)
                .order_by(Artifact.epoch.desc().nulls_last())
            )
            return list(rows)
