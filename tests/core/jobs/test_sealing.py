import os
from datetime import timedelta
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, insert, select, update

from core.clock import utc_now
from core.errors import UnreadableFileError
from core.jobs import sealing
from core.jobs.sealing import seal
from core.jobs.tidying import tidy
from core.models import APIRequestLog, EmailLog, SealedPart, SealedRemoval, TrainingRun
from core.queries.sealed_parts import find_watermark, list_parts
from core.queries.warehouse import ask
from core.services.sealed_rows import note_removal
from core.settings import get_settings
from core.storage.database import get_engine, read_scope, session_scope
from core.storage.sealed import folder_of, is_there

LOG = "training_runs"
DATABASES = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
LATER = timedelta(hours=2)


def log_epochs(experiment_id, epochs, **measured):
    with session_scope() as session:
        rows = [{"experiment_id": experiment_id, "epoch": epoch, **measured} for epoch in epochs]
        session.execute(insert(TrainingRun), rows)


def forget(experiment_id, after_epoch=0):
    with session_scope() as session:
        note_removal(session.connection(), [experiment_id], after_epoch)
        gone = (TrainingRun.experiment_id == experiment_id, TrainingRun.epoch > after_epoch)
        session.execute(delete(TrainingRun).where(*gone))


def epochs_told():
    return ask("SELECT epoch FROM epochs ORDER BY epoch").epoch.tolist()


def epochs_on_disk():
    files = folder_of(LOG).glob("*.parquet")
    return sorted(epoch for file in files for epoch in pq.read_table(file)["epoch"].to_pylist())


def parts(log=LOG):
    with read_scope() as session:
        return list_parts(session, log)


def removals():
    with read_scope() as session:
        return session.scalars(select(SealedRemoval.experiment_id)).all()


@DATABASES
def test_what_is_sealed_and_what_is_not_are_one_table_with_every_value(database, experiment_id):
    measured = {"val_loss": 0.5, "metrics": {"f1": 0.25}, "train_loss": None}
    log_epochs(experiment_id, [1, 2], **measured)
    assert seal(utc_now(), at_once=True).rows == 2
    log_epochs(experiment_id, [3], **measured)
    found = ask("SELECT epoch, val_loss, train_loss, (metrics->>'f1')::DOUBLE AS f1, created_at FROM epochs")
    assert sorted(found.epoch) == [1, 2, 3]
    assert found.val_loss.tolist() == [0.5] * 3
    assert found.f1.tolist() == [0.25] * 3
    assert found.train_loss.isna().all()
    assert (utc_now() - found.created_at.min()).total_seconds() < 600
    assert epochs_on_disk() == [1, 2]
    with read_scope() as session:
        assert len(session.scalars(select(TrainingRun.id)).all()) == 3


def test_few_rows_wait_until_they_are_many_or_old(experiment_id, monkeypatch):
    monkeypatch.setattr(sealing, "LEAST_ROWS", 3)
    log_epochs(experiment_id, [1, 2])
    assert seal(utc_now()).rows == 0
    assert seal(utc_now() + sealing.LONGEST_WAIT * 2).rows == 2
    log_epochs(experiment_id, [3, 4, 5])
    assert seal(utc_now()).rows == 3


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_row_that_is_committed_after_a_later_one_is_sealed_too(database, experiment_id, monkeypatch):
    monkeypatch.setattr(sealing, "LOCK_TIMEOUT_MS", 100)
    with get_engine().connect() as slow, slow.begin():
        slow.execute(insert(TrainingRun), {"experiment_id": experiment_id, "epoch": 1})
        log_epochs(experiment_id, [2])
        assert seal(utc_now(), at_once=True).rows == 0
        assert epochs_told() == [2]
    assert seal(utc_now(), at_once=True).rows == 2
    assert epochs_told() == epochs_on_disk() == [1, 2]


@DATABASES
def test_epochs_that_go_are_gone_from_answers_at_once_and_from_the_disk_later(database, experiment_id):
    log_epochs(experiment_id, [1, 2, 3])
    seal(utc_now(), at_once=True)
    forget(experiment_id, after_epoch=1)
    assert epochs_told() == [1]
    log_epochs(experiment_id, [2])
    assert epochs_told() == [1, 2]
    seal(utc_now(), at_once=True)
    assert epochs_told() == [1, 2]
    assert removals() == []
    assert epochs_on_disk() == [1, 1, 2, 2, 3]  # readers may still have the old file's name
    seal(utc_now() + LATER)
    assert epochs_on_disk() == [1, 2] == epochs_told()


def test_row_deleted_while_its_file_is_written_does_not_come_back(experiment_id, monkeypatch):
    log_epochs(experiment_id, [1, 2])
    write = sealing.write_part

    def write_and_forget(*given):
        part = write(*given)
        forget(experiment_id, after_epoch=1)
        return part

    monkeypatch.setattr(sealing, "write_part", write_and_forget)
    seal(utc_now(), at_once=True)
    monkeypatch.undo()
    assert epochs_told() == [1]
    seal(utc_now(), at_once=True)
    assert epochs_told() == [1]


def test_note_of_rows_that_are_not_sealed_yet_stays_until_others_are(experiment_id):
    log_epochs(experiment_id, [1, 2])
    forget(experiment_id, after_epoch=1)
    seal(utc_now(), at_once=True)
    assert removals() == [experiment_id]
    log_epochs(experiment_id, [2])
    seal(utc_now(), at_once=True)
    assert removals() == []
    assert epochs_told() == [1, 2]


@DATABASES
def test_of_two_that_seal_the_same_rows_one_is_refused(database, experiment_id, monkeypatch):
    log_epochs(experiment_id, [1, 2])
    write, is_first = sealing.write_part, True

    def write_and_be_overtaken(*given):
        nonlocal is_first
        part = write(*given)
        if is_first:
            is_first = False
            seal(utc_now(), at_once=True)
        return part

    monkeypatch.setattr(sealing, "write_part", write_and_be_overtaken)
    seal(utc_now(), at_once=True)
    assert len(parts()) == 1
    assert epochs_told() == epochs_on_disk() == [1, 2]


def test_many_small_files_become_one_and_the_old_go_an_hour_later(experiment_id):
    for epoch in range(1, 2 * sealing.MERGE_PARTS + 1):
        log_epochs(experiment_id, [epoch])
        seal(utc_now(), at_once=True)
    assert len(parts()) < sealing.MERGE_PARTS
    assert epochs_told() == list(range(1, 2 * sealing.MERGE_PARTS + 1))
    ids = [(part.first_id, part.last_id) for part in parts()]
    assert ids == sorted(ids)
    assert all(left[1] < right[0] for left, right in pairwise(ids))
    seal(utc_now() + LATER)
    assert {file.stem for file in folder_of(LOG).glob("*.parquet")} == {part.id for part in parts()}


def test_large_log_is_sealed_in_several_files(experiment_id, monkeypatch):
    monkeypatch.setattr(sealing, "PART_ROWS", 4)
    log_epochs(experiment_id, range(1, 11))
    assert seal(utc_now(), at_once=True).parts == 3
    assert epochs_told() == list(range(1, 11))


def test_lost_file_of_rows_that_the_database_has_is_written_anew(experiment_id):
    log_epochs(experiment_id, [1, 2])
    seal(utc_now(), at_once=True)
    parts()[0].path.unlink()
    with pytest.raises(UnreadableFileError, match="write it anew from the database with: brinell db seal"):
        epochs_told()
    assert seal(utc_now()).rewritten == 1
    assert epochs_told() == [1, 2]


def request_row(moment):
    told = {"endpoint": "/x", "method": "GET", "status_code": 200, "response_time_ms": 1.5}
    return told | {"request_time": moment, "created_at": moment}


@DATABASES
def test_old_rows_of_a_log_leave_the_database_once_their_files_are_found_whole(database, monkeypatch):
    monkeypatch.setenv("BRINELL_LOG_RETENTION_DAYS", "30")
    get_settings.cache_clear()
    now = utc_now()
    with session_scope() as session:
        session.execute(insert(APIRequestLog), [request_row(now - timedelta(days=90)), request_row(now)])
    assert seal(now, at_once=True).forgotten == 1
    with read_scope() as session:
        assert len(session.scalars(select(APIRequestLog.id)).all()) == 1
    assert len(ask("SELECT * FROM api_requests")) == 2


def test_old_rows_stay_where_a_flipped_bit_is_found_in_their_file(database, monkeypatch):
    monkeypatch.setenv("BRINELL_LOG_RETENTION_DAYS", "30")
    get_settings.cache_clear()
    now = utc_now()
    with session_scope() as session:
        session.execute(insert(APIRequestLog), [request_row(now - timedelta(days=20))])
    seal(now, at_once=True)
    path = parts("api_request_logs")[0].path
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="other bytes"):
        seal(now + timedelta(days=40), at_once=True)
    with read_scope() as session:
        assert len(session.scalars(select(APIRequestLog.id)).all()) == 1


def test_message_that_may_still_change_is_not_sealed_and_seen_as_it_stands(database):
    now = utc_now()
    told = {"recipient_email": "a@b", "event_type": "x", "subject": "s", "status": "sent"}
    with session_scope() as session:
        old = told | {"created_at": now - timedelta(days=30)}
        session.execute(insert(EmailLog), [old, old | {"status": "pending"}, told])
    seal(now, at_once=True)
    with read_scope() as session:
        assert find_watermark(session, "email_logs") == 1
    with session_scope() as session:
        session.execute(update(EmailLog).where(EmailLog.status == "pending").values(status="failed"))
    assert sorted(ask("SELECT status FROM emails").status) == ["failed", "sent", "sent"]


def test_file_without_a_row_is_tidied_when_it_is_old_and_one_with_a_row_never(experiment_id):
    log_epochs(experiment_id, [1])
    seal(utc_now(), at_once=True)
    folder = folder_of(LOG)
    for name in (f"{'a' * 32}.parquet", f"{'b' * 32}.draft", "mine.parquet"):
        (folder / name).write_bytes(b"left by a killed process")
    assert tidy(utc_now()).parts == 0
    for file in folder.iterdir():
        os.utime(file, (0, 0))
    tidied = tidy(utc_now())
    assert (tidied.parts, tidied.drafts) == (1, 1)
    assert {file.name for file in folder.iterdir()} == {"mine.parquet", parts()[0].path.name}
    assert is_there(parts()[0])


def test_row_of_a_part_tells_what_is_in_it(experiment_id):
    log_epochs(experiment_id, [1, 2, 3])
    seal(utc_now(), at_once=True)
    with read_scope() as session:
        row = session.scalars(select(SealedPart)).one()
    assert (row.log, row.num_rows, row.last_id - row.first_id) == (LOG, 3, 2)
    assert row.size_bytes == parts()[0].path.stat().st_size
