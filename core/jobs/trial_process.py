"""Trials one after the other in a process of their own: `python -m core.jobs.trial_process`.

It is told which experiment to train, one JSON line each on standard input, and tells after each epoch what
was measured; the answer says whether to go on. Data and libraries are there for all trials that follow.
"""

import json
import os
import sys
from typing import Any, TextIO

from core.processes import tie_to_starter


def main() -> int:
    """Train what is asked for until nothing more is."""
    tie_to_starter()  # before what takes long to import
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    from core.logs import configure_logs

    configure_logs()
    from core.jobs.trials import Trials

    trials = Trials(_Line(sys.stdin, answers))
    answers.write(json.dumps({"ready": os.getpid()}) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(trials.train(**json.loads(line))) + "\n")
    return 0


class _Line:
    """Asks whoever started this process, and waits for the answer."""

    def __init__(self, questions: TextIO, answers: TextIO) -> None:
        self._questions, self._answers = questions, answers

    def __call__(self, told: dict[str, Any]) -> dict[str, Any]:
        self._answers.write(json.dumps(told) + "\n")
        if not (line := self._questions.readline()):
            sys.exit(0)  # the campaign's process is gone, and this one with it
        answer: dict[str, Any] = json.loads(line)
        return answer


if __name__ == "__main__":
    sys.exit(main())
