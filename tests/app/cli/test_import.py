"""`brinell import` on small files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

Brinell = Callable[..., tuple[int, str, str]]


def test_second_import_adds_nothing(brinell: Brinell, recordings: Path) -> None:
    first = brinell("import", recordings, "--dataset", "rig", "--json")
    second = brinell("import", recordings, "--dataset", "rig", "--json")
    assert (first.code, second.code) == (0, 0)
    counted = [(r["num_files"], r["num_new_signals"]) for r in map(json.loads, (first.out, second.out))]
    assert counted == [(2, 4), (2, 0)]


def test_log_of_a_job_that_goes_well_is_not_mixed_with_what_people_read(
    brinell: Brinell, recordings: Path
) -> None:
    code, _, err = brinell("import", recordings, "--dataset", "rig")
    assert code == 0
    assert "job_started" not in err


def test_refused_file_is_named_and_the_rest_is_in(brinell: Brinell, recordings: Path) -> None:
    (recordings / "130.mat").write_bytes(b"no recording")
    code, out, err = brinell("import", recordings, "--dataset", "rig")
    assert code == 1
    assert "refused: 130.mat" in err
    assert "rig: 3 files, 4 new channels" in out
    assert "1 refused" in out


def test_missing_path_is_told(brinell: Brinell, tmp_path: Path) -> None:
    code, _, err = brinell("import", tmp_path / "nowhere", "--dataset", "rig")
    assert code == 1
    assert str(tmp_path / "nowhere") in err


def test_detached_import_waits_for_a_worker(brinell: Brinell, recordings: Path) -> None:
    code, out, _ = brinell("import", recordings, "--dataset", "rig", "--detach", "--json")
    assert (code, json.loads(out)) == (0, {"import": 1})


def test_facts_that_no_file_says_are_told_by_options(brinell: Brinell, tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", np.sin(np.arange(4000.0)))
    silent = brinell("import", tmp_path / "run.npy", "--dataset", "rig")
    assert silent.code == 1
    assert "does not say its rate_hz and fault_class: give it with --rate-hz and" in silent.err.replace(
        "\n", " "
    )
    told = brinell(
        "import",
        tmp_path / "run.npy",
        "--dataset",
        "rig",
        "--rate-hz",
        5120,
        "--fault-class",
        "ball",
        "--json",
    )
    assert (told.code, json.loads(told.out)["num_new_signals"]) == (0, 1)
