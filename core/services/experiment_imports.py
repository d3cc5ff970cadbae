"""Runs of other programs as experiments: each entered once and whole, and gone on with where it has grown."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.models import Artifact, Experiment, ExperimentParameter
from core.services.access import Actor, require_researcher
from core.services.experiment_history import History, insert_history
from core.services.experiments import ArtifactFile
from core.services.foreign_curves import Told, moment
from core.services.foreign_growth import grow_experiment
from core.services.tag_names import read_name
from core.services.tags import add_tags, hold_tags
from core.storage.foreign.records import Found, Points
from core.storage.foreign.runs import Run

ORIGIN = "import.origin"  # the parameter by which an imported run is found again
MODELS = ("model", "model_name", "model_type", "network", "arch", "architecture")
NAME_CHARACTERS = 200
LOOKUP = 500  # origins a statement
LOCK = 0x6272_696E  # held by one import at a time, so that of two of one store the second sees the first's
_PARAMETERS = ExperimentParameter.metadata.tables[ExperimentParameter.__tablename__]


class Outcome(StrEnum):
    """What became of a run."""

    NEW = "new"
    GROWN = "grown"  # it has what it did not have at the import before
    KNOWN = "known"
    KEPT = "kept"  # it has grown, and is another user's


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One run as it is entered."""

    origin: str  # its name among those of all programs
    program: str
    source: str  # the file or folder that it was read from
    found: Found
    told: Told
    fingerprint: str  # of all that its store says of it
    file: ArtifactFile | None = None  # every single value, where the epochs do not hold them all


@dataclass(frozen=True, slots=True)
class Known:
    """An experiment that was imported before."""

    experiment_id: int
    created_by: int
    fingerprint: str


def fingerprint(run: Run) -> str:
    """Return a digest of all that a store says of a run, in whatever order it does."""
    names = run.found.metrics
    by_name = sorted(range(len(names)), key=names.__getitem__)
    places = dict(zip(by_name, range(len(names)), strict=True))
    points: Points = run.points.copy()
    points["metric"] = [places[place] for place in points["metric"].tolist()]
    points.sort(order=("metric", "step", "time_ms", "value"))
    head = run.found.model_copy(update={"metrics": tuple(sorted(names))}).model_dump_json()
    return hashlib.sha256(head.encode() + points.tobytes()).hexdigest()


def find_known(session: Session, origins: Iterable[str], *, hold: bool = False) -> dict[str, Known]:
    """Return those of the runs that were imported before, by their origins; held, so that none is deleted."""
    wanted, known = sorted(set(origins)), dict[str, Known]()
    for start in range(0, len(wanted), LOOKUP):
        asked = (
            select(_PARAMETERS.c.text, Experiment.id, Experiment.created_by, Experiment.config)
            .join(Experiment, Experiment.id == _PARAMETERS.c.experiment_id)
            .where(_PARAMETERS.c.name == ORIGIN, _PARAMETERS.c.text.in_(wanted[start : start + LOOKUP]))
            .order_by(Experiment.id)
        )
        rows = session.execute(asked.with_for_update(of=Experiment) if hold else asked)
        for origin, row_id, owner, config in rows:
            known[origin] = Known(row_id, owner, str(config.get("import", {}).get("fingerprint", "")))
    return known


def judge(actor: Actor, run: ForeignRun, known: Known | None) -> Outcome:
    """Return what entering a run comes to."""
    if known is None:
        return Outcome.NEW
    if known.fingerprint == run.fingerprint:
        return Outcome.KNOWN
    return Outcome.GROWN if actor.role == "admin" or known.created_by == actor.user_id else Outcome.KEPT


def enter_runs(
    session: Session, actor: Actor, runs: Sequence[ForeignRun], *, dataset: str | None, tags: Sequence[str]
) -> list[Outcome]:
    """Enter runs in the caller's transaction, those that are known only with what is new of them."""
    require_researcher(actor)
    _take_turn(session)
    known = find_known(session, (run.origin for run in runs), hold=True)
    outcomes = [judge(actor, run, known.get(run.origin)) for run in runs]
    fresh = [run for run, outcome in zip(runs, outcomes, strict=True) if outcome is Outcome.NEW]
    ids = insert_history(session, actor, [tell_history(run, dataset) for run in fresh])
    _insert_origins(session, ids, fresh)
    session.add_all(
        Artifact(experiment_id=row_id, **asdict(run.file))
        for row_id, run in zip(ids, fresh, strict=True)
        if run.file is not None
    )
    entered = list(zip(ids, fresh, strict=True))
    for run, outcome in zip(runs, outcomes, strict=True):
        if outcome is Outcome.GROWN:
            row_id = known[run.origin].experiment_id
            grow_experiment(session, actor, row_id, tell_history(run, dataset), run.file)
            entered.append((row_id, run))
    _add_tags(session, actor, entered, tags)
    return outcomes


def _take_turn(session: Session) -> None:
    if session.connection().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _insert_origins(session: Session, ids: Sequence[int], runs: Sequence[ForeignRun]) -> None:
    rows = [
        {"experiment_id": row_id, "name": ORIGIN, "number": None, "text": run.origin}
        for row_id, run in zip(ids, runs, strict=True)
    ]
    if rows:
        session.connection().execute(insert(_PARAMETERS), rows)


def _add_tags(
    session: Session, actor: Actor, entered: Sequence[tuple[int, ForeignRun]], tags: Sequence[str]
) -> None:
    bearers: defaultdict[str, list[int]] = defaultdict(list)
    for row_id, run in entered:
        for tag in dict.fromkeys((*tags, *list_tags_of(run.found))):
            bearers[tag].append(row_id)
    hold_tags(session, actor, bearers)
    for tag, ids in bearers.items():
        add_tags(session, actor, ids, [tag])


def list_tags_of(found: Found) -> list[str]:
    """Return a run's tags as Brinell's: key=value, and the group that it stood in; too long ones left out."""
    told = [f"{key}={value}" if value else key for key, value in found.tags.items()]
    told += [f"group={found.group}"] if found.group and "model" not in (found.record or {}) else []
    return list(filter(_is_tag, told))


def _is_tag(text: str) -> bool:
    try:
        read_name(text)
    except (ValidationError, InvalidInputError):
        return False
    return True


def tell_history(run: ForeignRun, dataset: str | None) -> History:
    """Return a run as an experiment; who still runs it may end it there, and import it again."""
    found, told = run.found, run.told
    record = found.record or {}
    findings = list(told.findings)
    if num_longer := len(found.tags) - sum(not tag.startswith("group=") for tag in list_tags_of(found)):
        findings.append(f"tags of MLflow that make none here stand in the configuration only: {num_longer}")
    if found.status == "running":
        findings.append(f"{run.program} tells of no end yet, so it counts as cancelled; import it again then")
    return History(
        name=found.name[:NAME_CHARACTERS],
        model=_model(found.parameters, record),
        dataset=dataset
        or _text(record, "dataset")
        or (found.dataset or "")[:NAME_CHARACTERS].strip()
        or None,
        hyperparameters={key: value for key, value in found.parameters.items() if key != ORIGIN},
        metrics=told.figures,
        epochs=told.epochs,
        epoch_times=told.times,
        status="cancelled" if found.status == "running" else found.status,
        started_at=None if found.started_ms is None else moment(found.started_ms),
        finished_at=None if found.ended_ms is None else moment(found.ended_ms),
        notes=found.notes,
        split=_text(record, "split"),
        config={"import": _tell_import(run)},
        provenance={"program": run.program, **found.facts},
        findings=findings,
    )


def _tell_import(run: ForeignRun) -> dict[str, Any]:
    found = run.found
    told: dict[str, Any] = {
        "origin": run.origin,
        "program": run.program,
        "source": run.source,
        "group": found.group,
    }
    told |= {"parent": found.parent, "user": found.user, "tags": dict(found.tags) or None}
    told |= {"fingerprint": run.fingerprint}
    return {name: value for name, value in told.items() if value is not None}


def _model(parameters: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    named = (parameters.get(name) for name in MODELS)
    told = _text(record, "model") or next((each for each in named if isinstance(each, str) and each), "")
    return told[:NAME_CHARACTERS] or "unspecified"


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and 0 < len(value.strip()) <= NAME_CHARACTERS else None


def with_file(run: ForeignRun, file: ArtifactFile | None) -> ForeignRun:
    """Return the run with the file of its values."""
    return replace(run, file=file)
