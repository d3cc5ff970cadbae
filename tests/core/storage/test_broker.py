import base64
import json
from pathlib import Path

import pytest
import redis
import structlog
from kombu.exceptions import OperationalError

from core.settings import Settings, get_settings
from core.storage.broker import EXPIRES_S, RUN_JOB, check_broker, make_celery, send_job


def read_message(raw):
    message = json.loads(raw)
    return message["headers"], json.loads(base64.b64decode(message["body"]))


def test_message_carries_kind_and_id_through_the_homes_folder(home):
    send_job("training", 7)
    (file,) = (home / "broker" / "queue").iterdir()
    headers, (arguments, *_) = read_message(file.read_bytes())
    assert (headers["task"], arguments) == (RUN_JOB, ["training", 7])


def test_message_carries_kind_and_id_through_redis(home, redis_url, monkeypatch):
    monkeypatch.setenv("BRINELL_BROKER_URL", redis_url)
    get_settings.cache_clear()
    send_job("dataset_import", 3)
    with redis.Redis.from_url(redis_url) as client:
        headers, (arguments, *_) = read_message(client.lpop("brinell"))
    assert (headers["task"], arguments) == (RUN_JOB, ["dataset_import", 3])
    assert not (home / "broker" / "queue").exists()


def test_message_does_not_outlive_its_repeats(home):
    send_job("training", 7)
    (file,) = (home / "broker" / "queue").iterdir()
    headers, _ = read_message(file.read_bytes())
    assert headers["expires"] is not None
    assert EXPIRES_S >= 20


def test_broker_away_is_logged_and_raises_nothing(home, monkeypatch):
    monkeypatch.setenv("BRINELL_BROKER_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    with structlog.testing.capture_logs() as logs:
        send_job("training", 7)
    assert [(line["event"], line["row_id"]) for line in logs] == [("broker_away", 7)]


def test_check_raises_where_the_broker_is_away(home, monkeypatch):
    check_broker(get_settings())
    monkeypatch.setenv("BRINELL_BROKER_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    with pytest.raises(OperationalError, match="refused"):
        check_broker(get_settings())


def test_work_is_acknowledged_before_it_begins(home):
    """A long training must not be handed out again by a visibility timeout: its row heals what dies."""
    assert make_celery(get_settings()).conf.task_acks_late is False


def test_each_home_has_a_queue_of_its_own(home, tmp_path, monkeypatch):
    send_job("training", 1)
    monkeypatch.setenv("BRINELL_HOME", str(tmp_path / "other"))
    get_settings.cache_clear()
    send_job("training", 2)
    for folder in (home, tmp_path / "other"):
        assert len(list((folder / "broker" / "queue").iterdir())) == 1


def test_beat_has_its_folder_on_any_broker(home, monkeypatch):
    monkeypatch.setenv("BRINELL_BROKER_URL", "redis://127.0.0.1:6379/0")
    schedule = make_celery(Settings()).conf.beat_schedule_filename
    assert Path(schedule).parent.is_dir()
