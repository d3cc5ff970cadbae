"""Runs as MLflow's file store, which needs no version of a schema.

MLflow 3 reads it with MLFLOW_ALLOW_FILE_STORE=true, or once `mlflow migrate-filestore` has brought it into a
database; MLflow 2 reads it as it is.
"""

import hashlib
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from core.errors import InvalidInputError
from core.storage.exports.folders import make_folder
from core.storage.exports.mlflow import MlflowRun
from core.storage.room import taking_room

STATUS_NUMBERS = {"RUNNING": 1, "FINISHED": 3, "FAILED": 4, "KILLED": 5}


class MlflowFolder:
    """A file store with one experiment of MLflow, which the runs go into."""

    def __init__(self, folder: Path, experiment: str) -> None:
        if folder.exists() and not folder.is_dir():
            raise InvalidInputError(f"{folder} is a file; name a folder, new or of an earlier export")
        digest = hashlib.sha256(experiment.encode()).digest()
        number = str(int.from_bytes(digest[:8], "big") % 10**17 + 10**17)
        self._number, self._group = number, folder / number
        make_folder(self._group)
        with taking_room(self._group):
            meta = {"experiment_id": number, "name": experiment, "lifecycle_stage": "active"}
            _write_meta(self._group, {**meta, "artifact_location": self._group.resolve().as_uri()})

    def write(self, run: MlflowRun) -> bool:
        """Write one run, in the place of what an earlier export wrote of it; return whether it is new."""
        run_id = hashlib.sha256(run.key.encode()).hexdigest()[:32]
        target, draft = self._group / run_id, self._group / f".{run_id}"
        shutil.rmtree(draft, ignore_errors=True)
        with taking_room(self._group):
            self._write_files(run, run_id, draft)
            is_new = not target.exists()
            if not is_new:
                shutil.rmtree(target)
            draft.rename(target)
        return is_new

    def close(self) -> None:
        """Nothing is open between runs."""

    def _write_files(self, run: MlflowRun, run_id: str, folder: Path) -> None:
        for part in ("metrics", "params", "tags", "artifacts"):
            (folder / part).mkdir(parents=True)
        lines: defaultdict[str, list[str]] = defaultdict(list)
        for name, step, time_ms, value in run.points:
            lines[name].append(f"{time_ms} {value!r} {step}\n")
        for name, told in lines.items():
            _write(folder / "metrics" / name, "".join(told))
        for part, texts in (("params", run.params), ("tags", run.tags)):
            for name, text in texts.items():
                _write(folder / part / name, text)
        _write_meta(
            folder,
            {
                "artifact_uri": f"{self._group.resolve().as_uri()}/{run_id}/artifacts",
                "end_time": run.ended_ms,
                "entry_point_name": "",
                "experiment_id": self._number,
                "lifecycle_stage": "active",
                "run_id": run_id,
                "run_name": run.name,
                "source_name": "",
                "source_type": 4,
                "source_version": "",
                "start_time": run.started_ms,
                "status": STATUS_NUMBERS[run.status],
                "tags": [],
                "user_id": run.user,
            },
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def _write_meta(folder: Path, meta: dict[str, Any]) -> None:
    _write(folder / "meta.yaml", yaml.safe_dump(meta, allow_unicode=True))
