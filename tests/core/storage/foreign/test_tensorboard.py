"""Event files, as TensorBoard's own writer makes them, whole and damaged."""

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.scalar.summary import scalar_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from core.storage.foreign.crc32c import masked_crc, masked_crcs
from core.storage.foreign.runs import Run


@pytest.fixture
def log(tmp_path):
    writer = EventFileWriter(str(tmp_path / "run"))
    for step in range(5):
        plain = Summary(value=[Summary.Value(tag="train/loss", simple_value=1 / (step + 1))])
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=plain))
        writer.add_event(Event(wall_time=1.7e9 + step, step=step, summary=scalar_pb("val/acc", step / 4)))
    writer.add_event(
        Event(wall_time=1.7e9, summary=hparams.hparams_pb({"lr": 0.1, "opt": "adam", "deep": True}))
    )
    writer.close()
    return next((tmp_path / "run").iterdir())


def test_scalars_of_both_kinds_and_hyperparameters_are_read(log, read):
    (found, points) = next(part for part in read(log.parent) if isinstance(part, Run))

    assert found.metrics == ("train/loss", "val/acc")
    assert found.parameters == {"lr": 0.1, "opt": "adam", "deep": True}
    assert points["value"][points["metric"] == 1].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert points["step"][points["metric"] == 0].tolist() == [0, 1, 2, 3, 4]


def test_cut_record_is_told_and_what_stands_before_it_read(log, read):
    content = log.read_bytes()
    log.write_bytes(content[: content.index(b"train/loss", len(content) // 2) + 3])

    (found, points) = read(log.parent)[0]
    assert "its last record is cut off" in found.findings[0]
    assert 4 <= len(points) < 10


def test_flipped_bit_is_told_and_nothing_after_it_believed(log, read):
    content = bytearray(log.read_bytes())
    place = content.index(b"val/acc", len(content) // 2)
    content[place] ^= 1
    log.write_bytes(content)

    (found, points) = read(log.parent)[0]
    assert "checksum" in found.findings[0]
    assert found.metrics == ("train/loss", "val/acc")
    assert len(points) < 10


def test_damaged_events_are_told_by_their_number_and_that_no_more_are_read(tmp_path, read):
    folder = tmp_path / "run"
    folder.mkdir()
    good = Event(wall_time=1.7e9, step=1, summary=Summary(value=[Summary.Value(tag="a", simple_value=1)]))
    records = [good.SerializeToString(), *[b"\xff"] * 12, good.SerializeToString()]
    content = b""
    for record in records:
        head = len(record).to_bytes(8, "little")
        content += head + masked_crc(head).to_bytes(4, "little")
        content += record + masked_crc(record).to_bytes(4, "little")
    (folder / "events.out.tfevents.1").write_bytes(content)

    (found, points) = read(folder)[0]
    assert len(points) == 1
    assert "event 2 is damaged" in found.findings[0]
    assert found.findings[-1].endswith("10 events are damaged; from event 11 on none is read")


def test_histograms_are_passed_over_by_name(log, read):
    writer = EventFileWriter(str(log.parent))
    kind = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="histograms"))
    writer.add_event(Event(wall_time=1.7e9, summary=Summary(value=[Summary.Value(tag="h", metadata=kind)])))
    writer.close()

    (found, points) = read(log.parent)[0]
    assert found.findings == ("passed over what is no number: histograms",)
    assert len(points) == 10


def test_checksums_are_those_of_tensorboard():
    records = [b"", b"a", bytes(range(256)), b"123456789", b"b"]

    assert masked_crcs(records).tolist() == [masked_crc32c(record) for record in records]
    assert [masked_crc(record) for record in records] == masked_crcs(records).tolist()
