"""The files one run leaves: best weights, step log and predictions; file first, row after."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from core.learning.results import StepRecord
from core.services.experiments import ArtifactFile, add_artifact
from core.services.jobs import Claim
from core.storage import artifacts
from core.storage.transactions import run_write

SAFETENSORS = "application/x-safetensors"
PARQUET = "application/vnd.apache.parquet"


class RunFiles:
    """Writes the files of one claimed experiment; those of its test are entered with its results."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim

    def write_weights(self, weights: dict[str, Tensor], told: Mapping[str, Any]) -> ArtifactFile:
        """Write the best weights, with what they were trained by."""
        # One entry: safetensors writes several in another order each time, and equal runs have equal files.
        metadata = {"trained": json.dumps(told, sort_keys=True)}
        with artifacts.writing() as draft:
            save_file(weights, draft.path, metadata=metadata)
        return describe_file(draft, "checkpoint", "best.safetensors", SAFETENSORS)

    def keep_steps(self, steps: list[StepRecord]) -> None:
        """Keep the step log, that of the attempts before this one included."""
        if not steps:
            return
        sizes = [len(s.losses) for s in steps]
        table = pa.table(
            {
                "attempt": np.full(sum(sizes), self.claim.attempt, dtype=np.int32),
                "epoch": np.repeat(np.array([s.epoch for s in steps], dtype=np.int32), sizes),
                "step": np.concatenate(
                    [s.first_step + np.arange(n) for s, n in zip(steps, sizes, strict=True)]
                ),
                "loss": np.concatenate([s.losses for s in steps]),
                "learning_rate": np.concatenate([s.learning_rates for s in steps]),
            }
        )
        file = _write_table(table, "steps", "steps.parquet")
        run_write(lambda session: add_artifact(session, self.claim, file))

    def write_predictions(self, columns: dict[str, NDArray[np.generic] | list[str]]) -> ArtifactFile:
        """Write the test windows with what was predicted."""
        return _write_table(pa.table(columns), "predictions", "predictions.parquet")


def _write_table(table: pa.Table, kind: str, name: str) -> ArtifactFile:
    with artifacts.writing() as draft:
        pq.write_table(table, draft.path, compression="zstd")
    return describe_file(draft, kind, name, PARQUET)


def describe_file(
    draft: artifacts.Draft, kind: str, name: str, media_type: str, epoch: int | None = None
) -> ArtifactFile:
    """Return a written draft as its row tells it."""
    return ArtifactFile(
        id=draft.artifact_id,
        kind=kind,
        name=name,
        media_type=media_type,
        size_bytes=draft.size,
        sha256=draft.sha256,
        epoch=epoch,
    )
