"""pyproject.toml, environment.yml and requirements.lock ask for the same things."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked() -> dict[str, Version]:
    lines = (line.split(";")[0].strip() for line in (ROOT / "requirements.lock").read_text().splitlines())
    return {
        canonicalize_name(name): Version(version)
        for name, version in (line.split("==") for line in lines if line)
    }


def test_conda_users_get_what_pip_users_get() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    python = next(item for item in environment["dependencies"] if str(item).startswith("python "))

    assert set(pip) == {*PROJECT["dependencies"], "-e ."}
    assert python.removeprefix("python ") == PROJECT["requires-python"]


def test_lock_satisfies_every_requirement() -> None:
    lock = locked()
    extras = [text for extra in PROJECT["optional-dependencies"].values() for text in extra]
    asked = [
        text for text in (*PROJECT["dependencies"], *extras) if Requirement(text).name != PROJECT["name"]
    ]
    unmet = [
        text
        for text in asked
        if not (requirement := Requirement(text)).specifier.contains(
            lock[canonicalize_name(requirement.name)]
        )
    ]

    assert unmet == []


def test_lock_leaves_the_build_of_torch_open() -> None:
    # "+cpu" in the lock would shut out the index's own build, and with it the GPU.
    text = (ROOT / "requirements.lock").read_text()

    assert "torch==2.13.0\n" in text
    assert not re.search(r"^(nvidia|cuda|triton)", text, re.MULTILINE)


def test_promised_packages_are_asked_for_by_name() -> None:
    names = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    names |= {canonicalize_name(Requirement(text).name) for text in PROJECT["optional-dependencies"]["dev"]}

    assert names >= {
        "panel", "holoviews", "bokeh", "param", "sqlalchemy", "alembic", "duckdb", "torch", "numpy", "scipy",
        "optuna", "papermill", "pytest",
    }  # fmt: skip
