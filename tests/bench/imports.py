"""Import: MB/s of the CWRU files by the job, beside reading and hashing the same bytes, in turns."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from core.jobs.running import run_job
from core.logs import configure_logs
from core.queries.runs import get_import_report
from core.services.datasets import request_import
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import PROJECT_ROOT
from core.specs import ImportSpec
from core.storage import migrations, readers
from core.storage.database import read_scope, session_scope
from tests.bench.epochs import at_home

FOLDER = PROJECT_ROOT.parent / "shared" / "data" / "cwru"
ROUNDS = 3


def measure() -> dict[str, object]:
    """Return MB/s of both, the median over rounds, and their ratio; what is absent is said, not guessed."""
    if not FOLDER.is_dir():
        return {"skipped": f"{FOLDER} is not here"}
    files = readers.find_files([FOLDER])
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    _time_bare(files)  # the first turn of all pays for the disk
    imports, bare, pairs = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        import_s, num_signals = _time_import()
        bare_s = _time_bare(files)
        imports.append(megabytes / import_s)
        bare.append(megabytes / bare_s)
        pairs.append(bare_s / import_s)
    return {
        "files": len(files),
        "signals": num_signals,
        "megabytes": round(megabytes, 1),
        "import_mb_per_second": round(median(imports), 1),
        "read_and_sha256_mb_per_second": round(median(bare), 1),
        "ratio": round(median(pairs), 4),
        "rounds": ROUNDS,
    }


def _time_import() -> tuple[float, int]:
    """Import into a fresh home; return how long the job took and how many signals it entered."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder, at_home(Path(folder)):
        configure_logs()  # to standard error: standard output is the JSON's
        migrations.upgrade()
        with session_scope() as session:
            spec = ImportSpec(dataset="cwru", paths=(FOLDER,))
            row_id = request_import(session, get_local_actor(session, "cli"), spec).id
        began = perf_counter()
        run_job(JobKind.IMPORT, row_id)
        took_s = perf_counter() - began
        with read_scope() as session:
            report = get_import_report(session, row_id)
    if report.status != "completed" or report.errors:
        raise RuntimeError(f"the import ended as {report.status}: {report.error_message}, {report.errors}")
    return took_s, report.num_new_signals


def _time_bare(files: Sequence[Path]) -> float:
    began = perf_counter()
    for file in files:
        hashlib.sha256(file.read_bytes()).hexdigest()
    return perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(measure()))
