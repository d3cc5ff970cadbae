import os

import pytest

from core.errors import InvalidInputError
from core.storage import readers


def test_folders_are_walked_sorted_and_each_file_named_once(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.mat", "1.MAT", "notes.md", "b/x.csv"):
        (tmp_path / name).touch()
    paths = [tmp_path, tmp_path / "b", tmp_path / "1.MAT"]
    assert readers.find_files(paths) == [tmp_path / "1.MAT", tmp_path / "b/2.mat"]
    assert readers.find_skipped(paths) == [tmp_path / "b/x.csv", tmp_path / "notes.md"]


def test_links_inside_a_folder_are_not_followed(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "secret.mat").touch()
    (folder / "file.mat").symlink_to(outside / "secret.mat")
    (folder / "sub").symlink_to(outside)
    assert readers.find_files([folder]) == []
    assert readers.find_skipped([folder]) == [folder / "file.mat"]


def test_pipe_that_would_never_end_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.mat")
    assert readers.find_files([tmp_path]) == []
    assert readers.find_skipped([tmp_path]) == [tmp_path / "pipe.mat"]


def test_missing_path_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="does not exist"):
        readers.find_files([tmp_path / "nowhere"])


def test_file_that_is_named_itself_is_tried_whatever_its_kind(tmp_path):
    (tmp_path / "model.pt").touch()
    assert readers.find_files([tmp_path]) == []
    assert readers.find_files([tmp_path / "model.pt"]) == [tmp_path / "model.pt"]
