"""One run of MLflow's file store (mlruns/): meta.yaml, and a file for each metric, param and tag."""

import zipfile
from typing import IO

from core.errors import UnreadableFileError
from core.storage.foreign import bundles
from core.storage.foreign.mlflow_runs import STATUS_NUMBERS, Facts, build
from core.storage.foreign.records import POINTS, TEXT_CHARACTERS, Remark
from core.storage.foreign.runs import Gathering, Parts, broken, parse_int
from core.storage.foreign.yaml_files import read_texts

META, GROUP = "meta.yaml", "experiment.yaml"  # the second is that of the folder above


def read(file: IO[bytes], name: str) -> Parts:
    """Yield the run that the files of a folder tell of, or nothing where it is deleted in MLflow."""
    with bundles.unpack(file) as files:
        meta = read_texts(_text(files, META), META)
        group = read_texts(_text(files, GROUP), GROUP) if GROUP in files.namelist() else {}
        if meta.get("lifecycle_stage") == "deleted":
            yield Remark(message=f"{name} is deleted in MLflow, so it is left out")
            return
        try:
            values = _values(files)
        except ValueError as error:
            yield broken(meta.get("run_name") or name, error)
            return
        facts = Facts(
            run_id=meta.get("run_id") or meta.get("run_uuid") or name.rpartition("/")[2],
            name=meta.get("run_name") or meta.get("name") or name,
            user=meta.get("user_id"),
            status=_status(meta.get("status")),
            started=_moment(meta.get("start_time")),
            ended=_moment(meta.get("end_time")),
            group=group.get("name"),
            facts={"source": meta.get("source_name"), "version": meta.get("source_version")},
            params=_texts(files, "params/"),
            tags=_texts(files, "tags/"),
        )
        yield build(facts, list(values.places), values.points())


def _values(files: zipfile.ZipFile) -> Gathering:
    values = Gathering()
    for member in files.namelist():
        if not member.startswith("metrics/"):
            continue
        for number, line in enumerate(_text(files, member).splitlines(), 1):
            parts = line.split()
            if not parts:
                continue
            try:
                time_ms, value = parse_int(parts[0]), float(parts[1])
                step = parse_int(parts[2]) if len(parts) > 2 else 0
            except (ValueError, IndexError) as error:
                raise ValueError(
                    f"line {number} of {member} should be a time, a value and a step, and is {line[:60]!r}"
                ) from error
            values.add(member.removeprefix("metrics/"), value, step, time_ms)
            if len(values) > POINTS:
                raise ValueError(f"more than {POINTS:,} values")
    return values


def _texts(files: zipfile.ZipFile, folder: str) -> dict[str, str]:
    names = [name for name in files.namelist() if name.startswith(folder)]
    return {name.removeprefix(folder): _text(files, name)[: TEXT_CHARACTERS + 1] for name in names}


def _text(files: zipfile.ZipFile, member: str) -> str:
    try:
        return files.read(member).decode("utf-8")
    except KeyError as error:
        raise UnreadableFileError(f"the folder of a run of MLflow should hold {member}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{member} should be UTF-8 and is not: {error.reason}") from error


def _status(told: str | None) -> str | None:
    return STATUS_NUMBERS.get(int(told), told) if told is not None and told.isdigit() else told


def _moment(told: str | None) -> int | None:
    return int(told) if told is not None and told.isdigit() else None
