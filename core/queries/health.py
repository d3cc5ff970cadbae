"""What `brinell doctor` looks at: each finding with its mend."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kombu.exceptions import OperationalError as BrokerError

from core.errors import BrinellError, DatabaseUnavailableError
from core.settings import Settings
from core.storage import migrations
from core.storage.broker import check_broker
from core.storage.database import find_damage

LEAST_FREE_BYTES = 2 * 10**9
VERSION_MEND = "do what the message says; `brinell db backup FOLDER` first keeps what there is"
RESTORE_MEND = "stop Brinell, put the file aside, then brinell db restore FOLDER from the last backup"
TORCH_PROBE = (
    "import json, torch; print(json.dumps({'torch': torch.__version__, 'threads': torch.get_num_threads(),"
    " 'gpu': torch.cuda.get_device_name() if torch.cuda.is_available() else None}))"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; where it is not well, `mend` says what to do."""

    name: str
    status: Literal["ok", "warning", "problem"]
    detail: str
    mend: str = ""


def list_checks(settings: Settings) -> list[Check]:
    """Look at Python, torch, the database, the disk and the broker."""
    looks: tuple[Callable[[Settings], Check], ...] = (_python, _torch, _disk, _database, _broker)
    return [look(settings) for look in looks]


def _python(_settings: Settings) -> Check:
    detail = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in {(3, 11), (3, 12)}:
        return Check("python", "ok", detail)
    return Check("python", "problem", detail, "use Python 3.11 or 3.12: make PYTHON=python3.11 install")


def _torch(_settings: Settings) -> Check:
    # In a process of its own: whoever asks, the server among them, must not load torch.
    probe = subprocess.run([sys.executable, "-c", TORCH_PROBE], capture_output=True, text=True, check=False)  # noqa: S603 - our interpreter and our words
    if probe.returncode != 0:
        last = (probe.stderr.strip().splitlines() or ["no output"])[-1]
        return Check("torch", "problem", last, "install the locked packages again: make install")
    found = json.loads(probe.stdout)
    if found["gpu"]:
        return Check("torch", "ok", f"{found['torch']} on {found['gpu']}")
    return Check("torch", "ok", f"{found['torch']} on the CPU ({found['threads']} threads), no GPU")


def _disk(settings: Settings) -> Check:
    folder = next(parent for parent in (settings.home, *settings.home.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free at {settings.home}"
    if free >= LEAST_FREE_BYTES:
        return Check("disk", "ok", detail)
    return Check("disk", "problem", detail, "make room, or set BRINELL_HOME to a folder on a larger disk")


def _database(_settings: Settings) -> Check:
    try:
        current = migrations.current_revision()
        if current is None:
            migrations.refuse_unknown()
            return Check(
                "database", "warning", "no tables yet", "brinell db upgrade (import and serve do it too)"
            )
        migrations.check_version()
        damage = find_damage()
    except DatabaseUnavailableError as error:
        return Check("database", "problem", str(error), error.mend)
    except BrinellError as error:
        return Check("database", "problem", str(error), VERSION_MEND)
    if damage is not None:
        return Check("database", "problem", f"its file is damaged: {damage}", RESTORE_MEND)
    return Check("database", "ok", f"at head, revision {current}")


def _broker(settings: Settings) -> Check:
    url = settings.resolved_broker_url
    try:
        check_broker(settings)
    except (BrokerError, OSError) as error:
        return Check(
            "broker",
            "problem",
            f"{_without_password(url)}: {error}",
            "start the broker that BRINELL_BROKER_URL names, or unset it for the embedded one",
        )
    return Check("broker", "ok", _without_password(url))


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
