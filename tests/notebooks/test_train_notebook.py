"""The notebook of a training is thin, clean, and takes what the job passes."""

import ast
from pathlib import Path

import nbformat
import pytest

from core.settings import PROJECT_ROOT

NOTEBOOK = nbformat.read(PROJECT_ROOT / "notebooks" / "train.ipynb", as_version=4)
CELLS = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]


def tagged() -> list[nbformat.NotebookNode]:
    return [cell for cell in CELLS if "parameters" in cell.metadata.get("tags", [])]


def passed_parameters() -> set[str]:
    """The keys of the dictionary that core.jobs.training hands to run_notebook."""
    tree = ast.parse((PROJECT_ROOT / "core" / "jobs" / "training.py").read_text())
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "run_notebook"
    ]
    return {key.value for key in call.args[1].keys}


def test_no_output_is_committed() -> None:
    assert [cell.outputs for cell in CELLS if cell.outputs] == []
    assert {cell.execution_count for cell in CELLS} == {None}


def test_one_cell_holds_the_parameters_that_the_job_passes() -> None:
    (cell,) = tagged()
    names = {node.target.id for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.AnnAssign)}
    assert names == passed_parameters()


@pytest.mark.parametrize("path", sorted((PROJECT_ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.name)
def test_cells_call_and_do_not_define(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    defined = [
        node.name
        for cell in cells
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    assert defined == []
