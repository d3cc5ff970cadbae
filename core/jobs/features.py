"""Measure every feature of a data set's signals, and what may be wrong with them: one file, then the rows."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.evaluation.projection import project_linearly, project_neighbours, standardise
from core.jobs.feature_batches import (
    MOST_MEASURED_SAMPLES,
    Item,
    Readings,
    list_batches,
    list_items,
    read_batch,
)
from core.jobs.feature_quality import QualityCheck
from core.jobs.progress import Progress
from core.models import Job
from core.services.access import Actor
from core.services.experiments import ArtifactFile
from core.services.features import FILE_KIND, MOST_WRITTEN, enter_features, get_measured, write_features
from core.services.jobs import Claim
from core.services.users import get_actor
from core.storage import artifacts
from core.storage.database import read_scope
from core.storage.transactions import run_write
from core.vibration.feature_set import FEATURES, measure_features

PARQUET = "application/vnd.apache.parquet"
TSNE_SEED = 0
FACTS = pa.schema(
    [
        ("id", pa.int64()),
        *(
            (name, pa.string())
            for name in ("signal_id", "record", "channel", "fault_class", "severity", "load")
        ),
        ("rpm", pa.float64()),
        ("bearing_id", pa.string()),
        ("machine_id", pa.string()),
    ]
)
Table = NDArray[np.float64]  # (signals, features), NaN where undefined


def measure_dataset(claim: Claim) -> None:
    """Do one measurement; where it is cancelled or dies before its end, nothing of it is entered."""
    with read_scope() as session:
        actor, name, items = _load(session, claim)
    batches, check = list_batches(items), QualityCheck()
    progress = Progress(claim, len(batches) + 1)
    rows = dict[int, NDArray[np.float64]]()
    for batch in batches:
        read = read_batch(batch)
        if read.items:
            rows.update(zip((item.id for item in read.items), _measure(read), strict=True))
        check.look(read)
        if not progress.advance():
            return
    if items and not rows:
        raise NotFoundError(f"no recording of {name} can be read; import or generate them again")
    nothing = np.full(len(FEATURES), np.nan)
    table = np.array([rows.get(item.id, nothing) for item in items]).reshape(len(items), len(FEATURES))
    places, projection = _project(table)
    if not progress.advance():
        return
    results = _tell(items) | {"quality": check.tell(items), "projection": projection}
    file = _write(f"{name}.features.parquet", items, table, places)
    features = {item.id: _defined(row) for item, row in zip(items, table, strict=True)}
    last = _write_ahead(claim, features)
    run_write(lambda session: enter_features(session, actor, claim, file, features=last, results=results))


def _write_ahead(claim: Claim, features: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
    """Write all but the last signals, and return those: a small data set's are entered with its file at once.

    Where the run ends in between, each signal has its own numbers whole, and the next run writes them again.
    """
    items = list(features.items())
    chunks = [dict(items[first : first + MOST_WRITTEN]) for first in range(0, len(items), MOST_WRITTEN)]
    for chunk in chunks[:-1]:
        run_write(partial(write_features, claim=claim, features=chunk))
    return chunks[-1] if chunks else {}


def _load(session: Session, claim: Claim) -> tuple[Actor, str, list[Item]]:
    row = session.get_one(Job, claim.row_id)
    dataset = get_measured(session, row)
    return get_actor(session, row.created_by, "job"), dataset.name, list_items(session, dataset.id)


def _measure(read: Readings) -> Table:
    found = measure_features(
        read.samples,
        read.items[0].rate_hz,
        rpm=np.array([item.rpm if 0 < (item.rpm or 0) < math.inf else math.nan for item in read.items]),
        orders=[item.orders.orders if item.orders else None for item in read.items],
    )
    return np.stack([found[feature.name] for feature in FEATURES], axis=1)


def _project(table: Table) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
    """Return the records' places, by column, and what the two projections stand on."""
    standard = standardise(table)
    linear, shares = project_linearly(standard.values)
    neighbours = project_neighbours(standard.values, TSNE_SEED)
    told = {
        "features": [FEATURES[number].name for number in standard.columns],
        "explained_variance": [share for share in shares.tolist() if math.isfinite(share)],
        "tsne_signals": int(np.isfinite(neighbours[:, 0]).sum()),
        "tsne_seed": TSNE_SEED,
    }
    places = {f"pca_{n + 1}": linear[:, n] for n in range(2)}
    return places | {f"tsne_{n + 1}": neighbours[:, n] for n in range(2)}, told


def _tell(items: Sequence[Item]) -> dict[str, Any]:
    digest = hashlib.sha256("".join(f"{item.signal_id} {item.checksum}\n" for item in items).encode())
    sources = Counter(item.orders.source if item.orders else None for item in items)
    return {
        "num_signals": len(items),
        "checksum": digest.hexdigest(),
        "features": [feature.name for feature in FEATURES],
        "num_measured_in_part": sum(item.num_samples > MOST_MEASURED_SAMPLES for item in items),
        "most_measured_samples": MOST_MEASURED_SAMPLES,
        "without_orders": sources.pop(None, 0),
        "orders_from": dict(sources),
    }


def _write(
    name: str, items: Sequence[Item], table: Table, places: dict[str, NDArray[np.float64]]
) -> ArtifactFile:
    columns = {fact.name: pa.array([getattr(item, fact.name) for item in items], fact.type) for fact in FACTS}
    columns |= {feature.name: _nullable(table[:, n]) for n, feature in enumerate(FEATURES)}
    columns |= {axis: _nullable(values) for axis, values in places.items()}
    with artifacts.writing() as draft:
        pq.write_table(pa.table(columns), draft.path, compression="zstd")
    return ArtifactFile(
        id=draft.artifact_id,
        kind=FILE_KIND,
        name=name,
        media_type=PARQUET,
        size_bytes=draft.size,
        sha256=draft.sha256,
    )


def _nullable(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _defined(row: NDArray[np.float64]) -> dict[str, float]:
    return {
        feature.name: value
        for feature, value in zip(FEATURES, row.tolist(), strict=True)
        if math.isfinite(value)
    }
