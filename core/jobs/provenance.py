"""What a result stands on: versions, the code's state, the machine."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from shutil import which

from core.settings import PROJECT_ROOT

PACKAGES = ("brinell", "torch", "numpy", "scipy")


@cache  # a process goes on with the code that it began with
def describe_origin() -> dict[str, str | None]:
    """Return versions, platform and, in a checkout, the git commit with "+changes" where files differ."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{package: version(package) for package in PACKAGES},
        "git": _git_state(),
    }


def _git_state() -> str | None:
    git = which("git")
    if git is None or not (PROJECT_ROOT / ".git").exists():
        return None
    commit = _run(git, "rev-parse", "HEAD")
    return commit if commit is None or not _run(git, "status", "--porcelain") else f"{commit}+changes"


def _run(git: str, *arguments: str) -> str | None:
    done = subprocess.run(  # noqa: S603 - git's own path and our words
        [git, "-C", str(PROJECT_ROOT), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
