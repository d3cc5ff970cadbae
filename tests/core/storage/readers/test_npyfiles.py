import io
import struct
import zipfile

import numpy as np
import pytest

from core.errors import UnreadableFileError
from core.storage.readers import limits

STATED = {"rate_hz": 1000.0, "fault_class": "healthy"}
SAMPLES = np.random.default_rng(0).standard_normal(500)


def header(text: str) -> bytes:
    padded = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded.encode()


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i2", "|u1"])
def test_npy_of_any_number_type_is_one_channel(tmp_path, read_path, dtype):
    values = (100 * SAMPLES).clip(0, 200).astype(dtype)
    np.save(tmp_path / "run.npy", values)
    (recording,) = read_path(tmp_path / "run.npy", **STATED)
    assert (recording.record, recording.channel, recording.rate_hz) == ("run", "samples", 1000.0)
    np.testing.assert_array_equal(recording.samples, values.astype(np.float32))


def test_npz_may_say_the_facts_itself(tmp_path, read_path):
    facts = {"rate_hz": 5120.0, "fault_class": "ball", "unit": "g", "load": 2.0}
    np.savez_compressed(tmp_path / "run.npz", x=SAMPLES, y=-SAMPLES[:, None], **facts)
    recordings = read_path(tmp_path / "run.npz")
    assert [(r.channel, r.rate_hz, r.fault_class, r.unit, r.load, r.severity) for r in recordings] == [
        ("x", 5120.0, "ball", "g", "2", "unknown"),
        ("y", 5120.0, "ball", "g", "2", "unknown"),
    ]
    np.testing.assert_array_equal(recordings[1].samples, -SAMPLES.astype(np.float32))


def test_objects_are_refused_unopened(tmp_path, read_path):
    np.save(tmp_path / "run.npy", np.array([print, 1], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "run.npz", x=np.array([1, "a"], dtype=object))
    for name in ("run.npy", "run.npz"):
        with pytest.raises(UnreadableFileError, match=rf"{name}.* holds object .* objects \(pickles\) never"):
            read_path(tmp_path / name, **STATED)


def test_pickle_in_place_of_an_array_is_named_as_one(tmp_path, read_path):
    (tmp_path / "run.npy").write_bytes(b"\x80\x04\x95pickle")
    with pytest.raises(UnreadableFileError, match="a Python pickle, which can run any program"):
        read_path(tmp_path / "run.npy")


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "x.pkl", "x.joblib"])
def test_pickles_are_told_why_they_are_never_opened(tmp_path, read_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04")
    with pytest.raises(UnreadableFileError, match=r"can run any program .* numpy\.savez"):
        read_path(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ("(1000000000000,)", "declares 8,000,000,000,000 bytes"),
        ("(501,)", "declares 4,008 bytes of float64 and 4,000 follow"),
        ("(499,)", "declares 3,992 bytes of float64 and 4,000 follow"),
        ("(-500,)", "holds float64 of shape"),
        ("('a',)", "should be a NumPy array"),
        ("__import__('os')", "should be a NumPy array"),
    ],
)
def test_head_must_hold_what_follows(tmp_path, read_path, shape, reason):
    head = header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}")
    (tmp_path / "run.npy").write_bytes(head + SAMPLES.tobytes())
    with pytest.raises(UnreadableFileError, match=reason):
        read_path(tmp_path / "run.npy", **STATED)


def test_npz_bomb_is_refused_by_its_directory(tmp_path, read_path):
    np.savez_compressed(tmp_path / "run.npz", x=np.zeros(20_000_000))
    assert (tmp_path / "run.npz").stat().st_size < 1_000_000
    with pytest.raises(UnreadableFileError, match="no recording packs better than 100 to 1"):
        read_path(tmp_path / "run.npz", **STATED)


def test_directory_that_lies_about_a_size_is_noticed(tmp_path, read_path):
    np.savez_compressed(tmp_path / "run.npz", x=SAMPLES)
    content = (tmp_path / "run.npz").read_bytes()
    size = struct.pack("<I", 4_128)
    assert content.count(size) >= 1
    (tmp_path / "run.npz").write_bytes(content.replace(size, struct.pack("<I", 3_000)))
    with pytest.raises(UnreadableFileError, match="Bad CRC-32"):
        read_path(tmp_path / "run.npz", **STATED)


def test_changed_samples_do_not_pass_the_checksum(tmp_path, read_path):
    np.savez(tmp_path / "run.npz", x=SAMPLES)
    content = bytearray((tmp_path / "run.npz").read_bytes())
    content[1_000] ^= 1
    (tmp_path / "run.npz").write_bytes(content)
    with pytest.raises(UnreadableFileError, match="Bad CRC-32"):
        read_path(tmp_path / "run.npz", **STATED)


def test_member_that_is_no_array_is_named(tmp_path, read_path):
    with zipfile.ZipFile(tmp_path / "run.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnreadableFileError, match=r"holds readme\.txt, which is no \.npy array"):
        read_path(tmp_path / "run.npz")


def test_too_many_arrays_are_refused(tmp_path, read_path, monkeypatch):
    monkeypatch.setattr(limits, "VARIABLES", 3)
    np.savez(tmp_path / "run.npz", *[SAMPLES] * 4)
    with pytest.raises(UnreadableFileError, match="holds 4 members; at most 3 are read"):
        read_path(tmp_path / "run.npz")


def test_fortran_order_of_a_column_changes_nothing(tmp_path, read_path):
    buffer = io.BytesIO()
    np.save(buffer, np.asfortranarray(SAMPLES[:, None]))
    (tmp_path / "run.npy").write_bytes(buffer.getvalue())
    (recording,) = read_path(tmp_path / "run.npy", **STATED)
    np.testing.assert_array_equal(recording.samples, SAMPLES.astype(np.float32))
