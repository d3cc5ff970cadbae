import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from core.errors import UnreadableFileError
from core.storage.readers import hdf5walk, limits

SAMPLES = np.random.default_rng(0).standard_normal(5000)


@pytest.fixture
def write(tmp_path):
    """Write a file by what is done to it, with a channel and its facts beside."""

    def act(change) -> Path:
        with h5py.File(tmp_path / "run.h5", "w") as file:
            file["x"] = SAMPLES
            file.attrs.update(rate_hz=1000.0, fault_class="ball")
            change(file)
        return tmp_path / "run.h5"

    return act


@pytest.fixture
def secret(tmp_path):
    """A file of this machine that no import may read."""
    path = tmp_path / "secret"
    path.write_bytes(b"the secret of this machine, long enough to be eight numbers and more" * 10)
    return path


def save_7_3(path: Path, variables: dict[str, object]) -> Path:
    """Write as MATLAB 7.3 does: a block of its own first, columns as rows, text as numbers."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            if isinstance(value, str):
                file[name] = np.frombuffer(value.encode("utf-16-le"), "<u2")[:, None]
                file[name].attrs["MATLAB_class"] = np.bytes_("char")
            else:
                file[name] = np.atleast_2d(value)
                file[name].attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<HH", 0x0200, 0x4D49))
    return path


def test_cwru_of_version_7_3_is_read_as_of_version_5(tmp_path, read_path, shared_data):
    old = read_path(shared_data / "cwru/normal_0_97.mat")
    arrays = {f"X097_{r.channel}_time": r.samples.astype(float) for r in old}
    path = save_7_3(tmp_path / "normal_0_97.mat", arrays | {"X097RPM": old[0].rpm})
    new = read_path(path)
    assert [(r.channel, r.rpm, r.rate_hz) for r in new] == [(r.channel, r.rpm, r.rate_hz) for r in old]
    assert [r.samples.tobytes() for r in new] == [r.samples.tobytes() for r in old]


def test_mfpt_of_version_7_3_keeps_its_struct_and_text(tmp_path, read_path):
    path = save_7_3(
        tmp_path / "baseline_1.mat",
        {"bearing/sr": 48_828.0, "bearing/gs": SAMPLES, "bearing/load": "270 ", "bearing/rate": 25.0},
    )
    (recording,) = read_path(path)
    assert (recording.rate_hz, recording.rpm, recording.load) == (48_828.0, 1500.0, "270")
    np.testing.assert_array_equal(recording.samples, SAMPLES.astype(np.float32))


@pytest.mark.parametrize("packed", [{}, {"compression": "gzip", "shuffle": True, "fletcher32": True}])
def test_plain_filters_are_undone(write, read_path, packed):
    path = write(lambda file: file.create_dataset("y", data=SAMPLES, **packed))
    assert [r.samples.tobytes() for r in read_path(path)] == [SAMPLES.astype("f4").tobytes()] * 2


def link_external(file, secret):
    file["y"] = h5py.ExternalLink(str(secret), "/x")


def store_external(file, secret):
    file.create_dataset("y", (40,), dtype="f8", external=[(str(secret), 0, 320)])


def store_virtual(file, secret):
    layout = h5py.VirtualLayout((500,), dtype="f8")
    layout[:] = h5py.VirtualSource(str(secret), "x", shape=(500,))
    file.create_virtual_dataset("y", layout)


def link_soft(file, _secret):
    file["y"] = h5py.SoftLink("/x")


def hide_in_group(file, secret):
    store_external(file.create_group("a/b/c"), secret)


@pytest.mark.parametrize(
    ("lead_out", "reason"),
    [
        (link_external, "y is a link to another file"),
        (store_external, "y takes its values from another file"),
        (store_virtual, "y takes its values from another file"),
        (link_soft, "y is a link to another place"),
        (hide_in_group, "a/b/c/y takes its values from another file"),
    ],
)
def test_what_leads_out_of_the_file_is_refused(write, read_path, secret, lead_out, reason):
    path = write(lambda file: lead_out(file, secret))
    with pytest.raises(UnreadableFileError, match=reason):
        read_path(path)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (np.array([(1, 2.0)], dtype="i4,f8"), "compounds"),
        (np.array(["a", "bc"], dtype=h5py.string_dtype()), "text"),
        (np.array([np.ones(2), np.ones(3)], dtype=object), "variable length"),
        (np.array([b"fixed"]), "text"),
        (np.void(b"opaque"), "opaque"),
    ],
)
def test_what_is_no_number_is_refused(write, read_path, value, what):
    dtype = h5py.vlen_dtype(float) if what == "variable length" else None
    path = write(lambda file: file.create_dataset("y", data=value, dtype=dtype))
    with pytest.raises(UnreadableFileError, match=f"y holds {what}"):
        read_path(path)


def test_references_are_refused(write, read_path):
    path = write(lambda file: file.create_dataset("y", data=file["x"].ref, dtype=h5py.ref_dtype))
    with pytest.raises(UnreadableFileError, match="y holds references"):
        read_path(path)


def test_terabytes_that_were_never_written_are_refused(write, read_path):
    path = write(lambda file: file.create_dataset("y", (1 << 40,), dtype="f8"))
    assert path.stat().st_size < 50_000
    with pytest.raises(UnreadableFileError, match="y declares 8,796,093,022,208 bytes; at most"):
        read_path(path)


@pytest.mark.parametrize("create", [{}, {"chunks": (1000,)}, {"chunks": (1000,), "compression": "gzip"}])
def test_values_that_were_never_written_are_no_zeros(write, read_path, create):
    def declare(file):
        file.create_dataset("y", (5000,), dtype="f8", **create)
        if create:
            file["y"][:1000] = SAMPLES[:1000]

    with pytest.raises(UnreadableFileError, match="part of it was never measured"):
        read_path(write(declare))


def test_bomb_is_refused_by_what_is_stored_of_it(write, read_path):
    path = write(
        lambda file: file.create_dataset("y", data=np.zeros(20_000_000), chunks=(1_000_000,), compression=9)
    )
    assert path.stat().st_size < 1_000_000
    with pytest.raises(UnreadableFileError, match="no recording packs better than 100 to 1"):
        read_path(path)


def test_chunk_larger_than_its_data_set_is_refused(write, read_path):
    def declare(file):
        file.create_dataset("y", (10,), maxshape=(None,), chunks=(20_000_000,), dtype="f8", compression=9)
        file["y"][:] = 1.0

    with pytest.raises(UnreadableFileError, match="a chunk of y declares 160,000,000 bytes"):
        read_path(write(declare))


def test_too_many_chunks_are_refused(write, read_path, monkeypatch):
    monkeypatch.setattr(hdf5walk, "CHUNKS", 4)
    path = write(lambda file: file.create_dataset("y", data=SAMPLES, chunks=(1000,)))
    with pytest.raises(UnreadableFileError, match="lies in 5 chunks; at most 4"):
        read_path(path)


def test_filter_of_a_plugin_is_refused(write, read_path):
    def declare(file):
        plan = h5p.create(h5p.DATASET_CREATE)
        plan.set_chunk((5000,))
        plan.set_filter(32_000, h5py.h5z.FLAG_OPTIONAL, ())
        h5d.create(file.id, b"y", h5t.NATIVE_DOUBLE, h5s.create_simple((5000,)), plan)

    with pytest.raises(UnreadableFileError, match="packed by filter 32000"):
        read_path(write(declare))


def test_too_deep_too_many_and_circles_are_refused(write, read_path, monkeypatch):
    with pytest.raises(UnreadableFileError, match="9 groups deep; at most 8"):
        read_path(write(lambda file: file.create_group("/".join("abcdefghi"))))

    def turn(file):
        file["a"] = file["/"]

    with pytest.raises(UnreadableFileError, match="a leads to an object met before"):
        read_path(write(turn))
    monkeypatch.setattr(limits, "VARIABLES", 50)
    with pytest.raises(UnreadableFileError, match="holds 61 objects; at most 50"):
        read_path(write(lambda file: [file.create_group(str(n)) for n in range(60)]))


def test_damaged_files_are_refused_and_nothing_else_happens(write, read_path):
    path = write(lambda file: file.create_dataset("y", data=SAMPLES, compression=4, chunks=(500,)))
    content, refused = path.read_bytes(), 0
    for share in range(10, 100, 10):
        path.write_bytes(content[: len(content) * share // 100])
        with pytest.raises(UnreadableFileError, match=r"run\.h5"):
            read_path(path)
        refused += 1
    assert refused == 9


def test_other_content_is_refused(tmp_path, read_path):
    (tmp_path / "run.h5").write_bytes(b"PK\x03\x04 a zip")
    with pytest.raises(UnreadableFileError, match=r"run\.h5 should be an HDF5 file"):
        read_path(tmp_path / "run.h5")
