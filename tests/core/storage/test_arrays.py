import errno
import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import DiskError, InvalidInputError, NoSpaceError, NotFoundError, UnreadableFileError
from core.storage import arrays, room
from core.vibration import pyramid


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(1_200_000, dtype=np.float32)


@pytest.fixture
def folder(home):
    return home / "recordings"


def test_recording_and_pyramid_come_back_as_written(folder, samples):
    stored = arrays.write(samples)
    assert stored.checksum == hashlib.sha256(samples.tobytes()).hexdigest()
    assert stored.path == f"{stored.checksum[:2]}/{stored.checksum}.npy"
    assert stored.num_samples == len(samples)
    opened = arrays.open_samples(stored.path)
    assert isinstance(opened, np.memmap)
    assert not opened.flags.writeable
    np.testing.assert_array_equal(opened, samples)
    for opened_level, level in zip(arrays.open_levels(stored.path), pyramid.build(samples), strict=True):
        np.testing.assert_array_equal(opened_level, level)
    names = sorted(path.name for path in (folder / stored.path).parent.iterdir())
    assert names == [
        f"{stored.checksum}.npy", *(f"{stored.checksum}.p{size}.npy" for size in (1024, 256, 4096))
    ]  # fmt: skip


@pytest.mark.parametrize("again", [arrays.write, lambda samples: arrays.write_stream([samples])])
def test_writing_again_makes_the_stored_file_young_and_writes_nothing(folder, samples, again):
    stored = arrays.write(samples)
    file = folder / stored.path
    os.utime(file, (1.0, 1.0))
    before = file.stat()
    assert again(samples) == stored
    assert file.stat().st_ino == before.st_ino
    assert file.stat().st_mtime > time.time() - 60
    assert list(folder.glob(".*")) == []


def test_stream_of_chunks_is_the_record_written_whole(folder, samples):
    streamed = arrays.write_stream(np.array_split(samples, 7))
    content = (folder / streamed.path).read_bytes()
    (folder / streamed.path).unlink()
    assert arrays.write(samples) == streamed
    assert (folder / streamed.path).read_bytes() == content


def test_interrupted_write_leaves_no_draft_and_no_recording(folder, samples):
    def chunks():
        yield samples
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoSpaceError, match="no room is left at"):
        arrays.write_stream(chunks())
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_pyramid_is_whole_wherever_the_recording_is(folder, samples, monkeypatch):
    """A failure at any rename leaves the recording absent, and writing again mends it."""
    rename, done = Path.replace, []

    def fail_at_the_third(source, target):
        done.append(target)
        if len(done) == 3:
            raise OSError(5, "Input/output error")
        return rename(source, target)

    with monkeypatch.context() as failing:
        failing.setattr(Path, "replace", fail_at_the_third)
        with pytest.raises(DiskError, match="Input/output"):
            arrays.write(samples)
    assert len(list(folder.rglob("*.p*.npy"))) == 2
    assert len(list(folder.rglob("*"))) == 3
    assert len(arrays.open_levels(arrays.write(samples).path)) == 3


def test_recording_that_does_not_fit_is_refused_before_a_byte_is_written(folder, samples, monkeypatch):
    size = 4 * len(samples)
    monkeypatch.setattr("core.storage.room.free_bytes", lambda _folder: size + room.RESERVE_BYTES)
    with pytest.raises(NoSpaceError, match=r"21\.6 MB are free, 4\.8 MB are needed beside the 17 MB"):
        arrays.write(samples)  # its pyramid has no room
    assert not folder.exists()


def test_short_recording_has_no_pyramid(folder):
    stored = arrays.write(np.ones(5, dtype=np.float32))
    assert arrays.open_levels(stored.path) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused_with_count_and_place(folder, samples, bad):
    samples[[70, 900_000]] = bad
    with pytest.raises(InvalidInputError, match=r"2 of 1200000 samples .* at sample 70;"):
        arrays.write(samples)
    with pytest.raises(InvalidInputError, match=r"1 of 600000 samples .* at sample 900000;"):
        arrays.write_stream([np.zeros(600_000, dtype=np.float32), samples[600_000:]])
    assert list(folder.rglob("*.npy")) == []


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(9),
        np.zeros((3, 3), dtype=np.float32),
        np.zeros(0, dtype=np.float32),
        np.zeros(4, dtype=">f4"),
    ],
)
def test_what_is_not_one_channel_of_float32_is_refused(folder, samples):
    with pytest.raises(InvalidInputError, match=r"one channel, float32"):
        arrays.write(samples)


def test_empty_stream_is_refused(folder):
    with pytest.raises(InvalidInputError, match="no samples"):
        arrays.write_stream([])


@pytest.mark.parametrize("path", ["../brinell.db", "/etc/passwd", "ab/../../x.npy", f"ab/{'c' * 64}.npy", ""])
def test_only_paths_of_recordings_are_opened(folder, path):
    with pytest.raises(InvalidInputError, match="not the path of a recording"):
        arrays.open_samples(path)


def test_missing_recording_says_what_to_do(folder):
    with pytest.raises(NotFoundError, match="import or generate it again"):
        arrays.open_samples(f"aa/{'a' * 64}.npy")


OPENERS = pytest.mark.parametrize("opener", [arrays.open_samples, arrays.open_record])


def harm(file, way):
    content = file.read_bytes()
    if way == "longer":
        file.write_bytes(content + b"0000")
    elif way == "other type":
        file.write_bytes(content.replace(b"<f4", b"<i4"))
    else:
        file.write_bytes({"cut": content[:60_000], "empty": b"", "magic": b"PK" + content[2:],
                          "header": content[:12] + b"#" * 40 + content[52:]}[way])  # fmt: skip


@OPENERS
def test_recording_that_is_gone_is_named_by_its_checksum_even_when_it_was_open(folder, samples, opener):
    stored = arrays.write(samples)
    opener(stored.path)
    (folder / stored.path).unlink()
    with pytest.raises(NotFoundError, match=rf"^recording {stored.checksum[:12]} is not on disk"):
        opener(stored.path)


@OPENERS
@pytest.mark.parametrize("way", ["cut", "empty", "magic", "header", "longer", "other type"])
def test_damaged_recording_is_refused_and_named_by_its_checksum(folder, samples, opener, way):
    stored = arrays.write(samples)
    harm(folder / stored.path, way)
    with pytest.raises(UnreadableFileError, match=rf"^recording {stored.checksum[:12]} is damaged") as told:
        opener(stored.path)
    assert str(folder) not in str(told.value)


def test_damaged_pyramid_is_refused(folder, samples):
    stored = arrays.write(samples)
    os.truncate((folder / stored.path).with_suffix(".p256.npy"), 20_000)
    with pytest.raises(UnreadableFileError, match=rf"^recording {stored.checksum[:12]} is damaged"):
        arrays.open_record(stored.path)


def test_recording_that_is_cut_or_removed_while_it_is_read_is_told(folder, samples):
    stored = arrays.write(samples)
    opened, levels = arrays.open_record(stored.path)
    os.truncate(folder / stored.path, 60_000)
    with pytest.raises(UnreadableFileError, match=f"{stored.checksum[:12]} is damaged on disk"):
        pyramid.view(opened, levels, 0, 20_000, 2000)
    with pytest.raises(UnreadableFileError, match=f"{stored.checksum[:12]} is damaged on disk"):
        arrays.open_record(stored.path)
    (folder / stored.path).unlink()
    with pytest.raises(NotFoundError, match=f"{stored.checksum[:12]} is not on disk"):
        opened[:100]


def test_recording_that_came_back_is_read_again(folder, samples):
    stored = arrays.write(samples)
    arrays.open_record(stored.path)
    (folder / stored.path).unlink()
    arrays.write(samples)
    opened, _ = arrays.open_record(stored.path)
    np.testing.assert_array_equal(opened[5:50], samples[5:50])
