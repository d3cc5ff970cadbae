"""Run a parameterised notebook by papermill, in a kernel process of its own, and keep what it became."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import papermill
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from core.errors import BrinellError, DatabaseUnavailableError, LostProcessError, SupersededError
from core.jobs.kernel import RUN_FOLDER
from core.services.experiments import ArtifactFile
from core.settings import get_settings
from core.storage import artifacts

IPYNB = "application/x-ipynb+json"


def run_notebook(name: str, parameters: dict[str, Any]) -> tuple[ArtifactFile, BrinellError | None]:
    """Run notebooks/NAME with parameters; return what it became and a failed cell's error."""
    source = get_settings().notebooks_dir / name
    # Threads that wait for each other spin a moment, then sleep. Windows/s of WDCNN on two cores, idle and
    # beside two busy processes: libgomp's own choice 10,500 and 1,650, never spinning 5,000 and 3,700,
    # this count 14,100 and 3,900.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    with TemporaryDirectory(prefix=RUN_FOLDER) as folder:
        executed, failure = Path(folder) / name, None
        try:
            papermill.execute_notebook(
                source,
                executed,
                parameters=parameters,
                kernel_name="python3",
                progress_bar=False,
                config=_local_kernel(folder),
                kernel_manager_class=_GuardedKernelManager,
            )
        except PapermillExecutionError as error:
            failure = _failure(error)
        except (DeadKernelError, RuntimeError) as error:  # jupyter_client raises the latter where none starts
            raise LostProcessError(f"the notebook's kernel is gone: {error}") from error
        return _keep(executed, name), failure


class _GuardedKernelManager(AsyncKernelManager):
    """Starts the kernel under guard, so that it ends with this process however that ends."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command that starts the kernel."""
        guard = [sys.executable, "-m", "core.jobs.kernel", str(os.getpid()), self.connection_file]
        return [*guard, *(extra_arguments or [])]


def _local_kernel(folder: str) -> Config:
    """Let kernel and worker speak through sockets of a folder of their own, not through ports."""
    place = {"ip": str(Path(folder) / "kernel"), "connection_file": str(Path(folder) / "kernel.json")}
    return Config({"KernelManager": {"transport": "ipc", **place}})


def _failure(error: PapermillExecutionError) -> BrinellError:
    if error.ename == SupersededError.__name__:
        return SupersededError(error.evalue)
    if error.ename == DatabaseUnavailableError.__name__:
        return LostProcessError(error.evalue)
    known = {kind.__name__ for kind in BrinellError.__subclasses__()}
    known |= {kind.__name__ for parent in BrinellError.__subclasses__() for kind in parent.__subclasses__()}
    return BrinellError(error.evalue if error.ename in known else f"{error.ename}: {error.evalue}")


def _keep(executed: Path, name: str) -> ArtifactFile:
    with artifacts.writing() as draft:
        draft.path.write_bytes(executed.read_bytes())
    return ArtifactFile(
        id=draft.artifact_id,
        kind="notebook",
        name=name,
        media_type=IPYNB,
        size_bytes=draft.size,
        sha256=draft.sha256,
    )
