import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog
from core.logs import configure_logs
configure_logs()
structlog.get_logger("core").info("job_started", row_id=7)
structlog.get_logger("core").debug("too_fine")
logging.getLogger("other").warning("from a library")
print("result")
"""


@pytest.fixture
def run(home, monkeypatch):
    """Run a program that logs, and return its standard output and error."""

    def start(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"BRINELL_{name.upper()}", value)
        done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
        return done.stdout, done.stderr

    return start


def test_logs_are_json_lines_on_standard_error_where_there_is_no_terminal(run):
    output, errors = run()
    ours, library = (json.loads(line) for line in errors.splitlines())
    assert output == "result\n"
    assert (ours["event"], ours["row_id"], ours["level"]) == ("job_started", 7, "info")
    assert ours["timestamp"].endswith("Z")
    assert (library["event"], library["level"]) == ("from a library", "warning")


def test_level_and_format_are_settings(run):
    _, errors = run(log_level="warning", log_format="console")
    assert "job_started" not in errors
    assert "from a library" in errors
    assert not errors.startswith("{")
