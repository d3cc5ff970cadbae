"""The README names every command and setting there is, and no other."""

import re
from pathlib import Path

import typer.main

from app.cli.commands import cli
from core.settings import Settings

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
MAKEFILE = (Path(__file__).resolve().parents[2] / "Makefile").read_text()


def commands() -> set[str]:
    root = typer.main.get_command(cli)
    groups = {name: getattr(command, "commands", {}) for name, command in root.commands.items()}
    return {f"{name} {sub}" for name, subs in groups.items() for sub in subs} | {
        n for n, subs in groups.items() if not subs
    }


def test_every_command_stands_in_the_table_and_every_row_is_a_command() -> None:
    rows = re.findall(r"^\| `brinell ([a-z ]+?)(?: [A-Z]+(?:\.\.\.)?)?` \|", README, re.MULTILINE)

    assert set(rows) == commands()


def test_every_setting_stands_in_the_table_and_every_row_is_a_setting() -> None:
    named = set(re.findall(r"`(BRINELL_[A-Z_]+)`", README))

    assert named == {f"BRINELL_{name.upper()}" for name in Settings.model_fields}


def test_every_make_target_is_named() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)

    assert [target for target in targets if target not in README] == []


def test_every_option_of_train_that_the_readme_uses_exists() -> None:
    train = typer.main.get_command(cli).commands["train"]
    known = {option for parameter in train.params for option in parameter.opts}
    example = README[README.index("brinell train --dataset") : README.index("The best epoch")]

    assert set(re.findall(r"--[a-z-]+", example)) <= known
