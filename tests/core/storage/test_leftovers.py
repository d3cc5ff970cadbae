import os
import threading
import time

import numpy as np
import pytest

from core.storage import arrays
from core.storage.leftovers import Leftover, holding, list_drafts, list_stored, remove
from core.vibration import pyramid

OLD_S, CUT_S = 1_000.0, 2_000.0
SAMPLES = np.arange(5_000, dtype=np.float32)


def age(*files):
    for file in files:
        os.utime(file, (OLD_S, OLD_S), follow_symlinks=False)


@pytest.fixture
def stored(home):
    """An old recording of one level that no row names: its folder and file names."""
    folder = home / "recordings" / arrays.write(SAMPLES).path[:2]
    age(*folder.iterdir())
    return folder, sorted(path.name for path in folder.iterdir())


def test_old_recording_is_found_and_removed_with_its_pyramid(home, stored):
    folder, names = stored
    (found,) = list_stored(home / "recordings", CUT_S)
    assert (found.folder, sorted(found.names)) == (folder, names)
    assert remove(found, CUT_S) == 128 + SAMPLES.nbytes + 128 + 8 * 20
    assert list(folder.iterdir()) == []
    assert remove(found, CUT_S) is None


def test_pyramid_of_a_recording_touched_since_is_kept(home, stored):
    folder, names = stored
    arrays.write(SAMPLES)
    assert [remove(left, CUT_S) for left in list_stored(home / "recordings", CUT_S)] == [None]
    assert sorted(path.name for path in folder.iterdir()) == names


def test_recording_touched_after_it_was_found_old_is_kept(home, stored):
    (found,) = list_stored(home / "recordings", CUT_S)
    arrays.write(SAMPLES)
    assert remove(found, CUT_S) is None


def test_pyramid_whose_recording_never_came_is_removed(home, stored):
    folder, names = stored
    (folder / names[0]).unlink()
    (found,) = list_stored(home / "recordings", CUT_S)
    assert remove(found, CUT_S) == 128 + 8 * 20


def test_whatever_the_order_a_written_recording_is_there_and_whole(home, stored):
    """A writer and a sweep that has found the file old start together, again and again."""
    folder, names = stored
    recording = f"{folder.name}/{names[0]}"
    gate = threading.Barrier(2)

    def write():
        gate.wait()
        arrays.write(SAMPLES)

    for number in range(200):
        age(*folder.iterdir())
        (found,) = list_stored(home / "recordings", CUT_S)
        writer = threading.Thread(target=write)
        writer.start()
        gate.wait()
        if number % 2:
            time.sleep(number * 5e-6)
        remove(found, CUT_S)
        writer.join()
        np.testing.assert_array_equal(arrays.open_samples(recording), SAMPLES)
        np.testing.assert_array_equal(arrays.open_levels(recording), pyramid.build(SAMPLES))


def test_sweep_waits_for_a_writer_between_its_look_and_its_touch(home, stored):
    (found,) = list_stored(home / "recordings", CUT_S)
    removed = []
    sweep = threading.Thread(target=lambda: removed.append(remove(found, CUT_S)))
    with holding(found.folder):
        sweep.start()
        sweep.join(0.2)
        assert sweep.is_alive()
        os.utime(found.folder / found.names[0])
    sweep.join()
    assert removed == [None]


@pytest.mark.parametrize(
    "name",
    [
        "ab/0123456789abcdef0123456789abcdef.draft",
        "ab/0123456789abcdef0123456789abcdef.draft.partial",
        "ab/.tmpA1b2C3",
        ".0123456789abcdef0123456789abcdef.draft",
    ],
)
def test_draft_is_found_once_it_is_old(tmp_path, name):
    draft = tmp_path / name
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(b"half")
    assert list(list_drafts(tmp_path, CUT_S)) == []
    age(draft)
    (found,) = list_drafts(tmp_path, CUT_S)
    assert remove(found, CUT_S) == 4
    assert not draft.exists()


def test_links_foreign_names_and_foreign_folders_are_left_alone(tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for folder in (root / "ab", root / "notes", elsewhere):
        folder.mkdir(parents=True)
    name = "a" * 32
    kept = [elsewhere / name, elsewhere / "x.draft", root / "ab" / "thesis.npy", root / "notes" / name]
    for file in kept:
        file.write_bytes(b"mine")
    (root / "cd").symlink_to(elsewhere)
    (root / "ab" / name).symlink_to(elsewhere / name)
    (root / "ab" / "y.draft").symlink_to(elsewhere / "x.draft")
    (root / "ab" / ("b" * 32)).mkdir()
    age(*root.rglob("*"), *kept)
    assert [*list_stored(root, CUT_S), *list_drafts(root, CUT_S)] == []
    assert remove(Leftover(root / "ab", (name,)), CUT_S) is None
    with pytest.raises(OSError, match="cd"):
        remove(Leftover(root / "cd", (name,)), CUT_S)
    assert all(file.read_bytes() == b"mine" for file in kept)
