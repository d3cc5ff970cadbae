"""What the callbacks of all libraries share: the run they log, begun by them or given to them."""

from collections.abc import Mapping
from typing import Any

from core.tracking.run import LoggedRun, begin_run, tell_end


class Following:
    """A run that follows somebody else's training; one that was given is ended by whoever gave it."""

    def __init__(self, run: LoggedRun | None, what: Mapping[str, Any]) -> None:
        self._given, self._what = run, what
        self._run = run

    @property
    def run(self) -> LoggedRun:
        """The run that is logged, or was last."""
        if self._run is None:
            self.begin()
        assert self._run is not None  # noqa: S101 - begun just now
        return self._run

    def begin(self, **found: Any) -> None:
        """Begin a run as the training does; what its maker has said wins over what was found."""
        if self._given is None:
            self._run = begin_run(**{**found, **self._what})

    def end(self, error: BaseException | None = None) -> None:
        """End the run as the training ended."""
        if self._given is None and self._run is not None:
            self._run.finish(*tell_end(error))
            self._run = None
