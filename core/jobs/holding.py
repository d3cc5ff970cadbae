"""What a notebook works under: a worker's claim, or one of its own where a person runs it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from core.errors import BrinellError, ConflictError, SupersededError
from core.jobs.heart import beating
from core.jobs.running import note_failure, worker_name
from core.services.jobs import Claim, JobKind, claim_run, get_run
from core.storage.database import session_scope


class Hold:
    """A claim, and, where it was made here, its beating heart and the reason should the work fail."""

    def __init__(self, kind: JobKind, row_id: int, attempt: int = 0) -> None:
        """Go on under a worker's attempt; 0 claims the row here."""
        self.is_own, self._heart = attempt == 0, ExitStack()
        self.claim = _claim(kind, row_id) if self.is_own else Claim(kind, row_id, attempt)
        if self.is_own:
            self._heart.enter_context(beating(self.claim))

    def release(self) -> None:
        """Let the heart rest: the work is done."""
        self._heart.close()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note on the row why a run by hand failed; a worker does that for its own."""
        try:
            yield
        except Exception as error:
            # A kernel outlives its cells: a heart that went on would have the row run for ever. The
            # error itself goes on to the cell, which shows it.
            self._heart.close()
            if self.is_own and not isinstance(error, SupersededError):
                told = str(error) if isinstance(error, BrinellError) else f"{type(error).__name__}: {error}"
                note_failure(self.claim, told)
            raise


def _claim(kind: JobKind, row_id: int) -> Claim:
    with session_scope() as session:
        claim = claim_run(session, kind, row_id, worker_name())
        if claim is None:
            what = "experiment" if kind is JobKind.TRAINING else kind.value.replace("_", " ")
            status = str(get_run(session, kind, row_id).status)
            done = "trained" if kind is JobKind.TRAINING else "carried out"
            raise ConflictError(f"{what} {row_id} is {status}; only a pending one can be {done}")
    return claim
