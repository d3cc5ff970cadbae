"""A history in JSON, one object a line: a run of its own, called after its file."""

from typing import IO

from core.storage.foreign.lines import take_lines
from core.storage.foreign.records import Found
from core.storage.foreign.runs import Gathering, Parts, Run, broken, labels
from core.storage.foreign.values import label


def read(file: IO[bytes], name: str) -> Parts:
    """Yield the run of a file."""
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    values = Gathering()
    try:
        findings = take_lines(file, values, name)
        found = Found(
            origin=label(stem), name=label(stem), metrics=labels(values.places), findings=tuple(findings)
        )
        yield Run(found, values.points())
    except ValueError as error:
        yield broken(name, error)
