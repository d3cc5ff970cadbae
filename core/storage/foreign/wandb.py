"""A run folder of W&B, as far as it is text: its config.yaml, summary, metadata and history."""

import json
import zipfile
from datetime import UTC, datetime
from typing import IO, Any

from core.errors import UnreadableFileError
from core.storage.foreign import bundles
from core.storage.foreign.lines import flatten, take_lines
from core.storage.foreign.records import Found
from core.storage.foreign.runs import Gathering, Parts, Run, broken, labels
from core.storage.foreign.values import label, label_or_none, plain, storable
from core.storage.foreign.yaml_files import read_values

CONFIG, SUMMARY = "config.yaml", "wandb-summary.json"
METADATA, HISTORY = "wandb-metadata.json", "wandb-history.jsonl"
MEMBERS = (CONFIG, SUMMARY, METADATA, HISTORY)
_FACTS = ("program", "codePath", "python", "host", "os")


def read(file: IO[bytes], name: str) -> Parts:
    """Yield the run that the files of a folder tell of."""
    with bundles.unpack(file) as files:
        values, findings = Gathering(), list[str]()
        try:
            if HISTORY in files.namelist():
                with files.open(HISTORY) as history:
                    findings = take_lines(history, values, HISTORY)
            else:
                findings = [
                    f"there is no {HISTORY}, so of each metric only the summary's last value is known"
                ]
            meta = _json(files, METADATA)
            in_history = set(values.places)
            for key, value in flatten("", _json(files, SUMMARY)):
                if isinstance(value, float) and key not in in_history and not key.startswith("_"):
                    values.add(key, value)
            yield Run(_found(files, name, meta, values, findings), values.points())
        except ValueError as error:
            yield broken(name, error)


def _found(
    files: zipfile.ZipFile, name: str, meta: dict[str, Any], values: Gathering, findings: list[str]
) -> Found:
    told = meta.get("git")
    git: dict[str, Any] = told if isinstance(told, dict) else {}
    facts = {key: meta.get(key) for key in _FACTS}
    facts |= {"commit": git.get("commit"), "repository": git.get("remote")}
    return Found(
        origin=label(name.rpartition("-")[2]),
        name=label(name.rpartition("/")[2]),
        started_ms=_moment(meta.get("startedAt")),
        user=label_or_none(meta.get("username")),
        parameters={label(key): value for key, value in _config(files).items()},
        facts={key: storable(str(value))[:2000] for key, value in facts.items() if value},
        metrics=labels(values.places),
        findings=tuple(findings),
    )


def _config(files: zipfile.ZipFile) -> dict[str, Any]:
    """Return the hyperparameters; W&B wraps each as {desc, value} and keeps facts of its own beside them."""
    if CONFIG not in files.namelist():
        return {}
    found = read_values(files.read(CONFIG).decode("utf-8"), CONFIG)
    told = {str(key): value for key, value in found.items() if key not in {"_wandb", "wandb_version"}}
    values = {
        key: value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in told.items()
    }
    return {key: plain(json.loads(json.dumps(value, default=str))) for key, value in values.items()}


def _json(files: zipfile.ZipFile, member: str) -> dict[str, Any]:
    if member not in files.namelist():
        return {}
    try:
        found = json.loads(files.read(member))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{member} is no JSON that can be read: {error}") from error
    return found if isinstance(found, dict) else {}


def _moment(told: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
