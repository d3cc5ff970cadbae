"""The injector reaches every library that writes here, and spares what it should."""

import http.client
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

from core.settings import PROJECT_ROOT
from tests.conftest import require
from tests.faults.injector import compile_shim

WRITERS = {
    "python": "(f / 'python').write_bytes(b'x' * 9)",
    "numpy": "np.ones(9).tofile(f / 'numpy')",
    "safetensors": "save_file({'x': np.ones(9)}, f / 'safetensors')",
    "arrow": "pq.write_table(pa.table({'x': [1, 2]}), f / 'arrow')",
    "hdf5": "h5py.File(f / 'hdf5', 'w').close()",
    "sqlite": "sqlite3.connect(f / 'sqlite').execute('CREATE TABLE t (x)')",
    "copy": "shutil.copyfile(sys.executable, f / 'copy')",
}
PRELUDE = """
import errno, http.client, json, os, shutil, sqlite3, sys
from pathlib import Path
import h5py, numpy as np, pyarrow as pa, pyarrow.parquet as pq
from safetensors.numpy import save_file
from tests.faults.injector import KINDS, WRITE, Kind, injecting, watched_folder
f = watched_folder()
FULL = Kind(WRITE, errno.ENOSPC, persistent=True)
def told(kind, act, nth=1, **options):
    try:
        with injecting(kind, nth, **options) as fault:
            act()
    except Exception as error:
        return [str(error), fault.hit, fault.calls]
    return ["", fault.hit, fault.calls]
def answer(value):
    print(json.dumps(value))
    sys.stdout.flush()
    os._exit(0)  # files that could not be written complain once more at the end
"""


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    require(shutil.which("gcc"), "gcc")
    folder = tmp_path_factory.mktemp("faults")
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)} | compile_shim(folder)

    def run(code):
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_write_of_every_library_fails_and_is_told(preloaded):
    acts = ", ".join(f"{name!r}: lambda: {act}" for name, act in WRITERS.items())
    answers = preloaded(f"answer({{name: told(FULL, act) for name, act in {{{acts}}}.items()}})")
    assert {name: (bool(said), bool(hit)) for name, (said, hit, _) in answers.items()} == dict.fromkeys(
        WRITERS, (True, True)
    ), answers


def test_sync_and_rename_fail(preloaded):
    acts = "lambda: os.fsync(os.open(f, os.O_RDONLY)), lambda: os.rename(f / 'no', f / 'x')"
    sync, rename = preloaded(f"answer([told(KINDS[k], a) for k, a in zip(('fsync', 'rename'), ({acts}))])")
    assert "Input/output" in sync[0]
    assert "Input/output" in rename[0]


def test_only_the_nth_call_fails_and_none_outside_the_folder(preloaded):
    code = """
def act():
    Path(os.devnull).write_bytes(b"x")
    for number in range(3):
        try:
            (f / str(number)).write_bytes(b"x")
        except OSError:
            failed.append(number)
failed = []
fault = told(KINDS["write"], act, nth=2)
full = told(KINDS["disk full"], act, nth=2)
answer([failed, fault[2], full[2]])
"""
    # The full disk: writing to 0 is the first call (it is there already), all from the second on fail.
    assert preloaded(code) == [[1, 1, 2], 3, 3]


def test_send_to_a_server_fails_at_the_nth_and_databases_are_spared(preloaded):
    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = f"""
def post():
    connection = http.client.HTTPConnection("127.0.0.1", {server.server_port}, timeout=10)
    connection.request("POST", "/", b"body")
    assert connection.getresponse().status == 204
    connection.close()
send = KINDS["send"]
spared = told(send, post, spared_ports=[{server.server_port}])
answer([*(told(send, post, nth) for nth in (1, 2, 3)), spared])
"""
        first, second, clean, spared = preloaded(code)
        server.shutdown()
    assert "reset" in first[0]
    assert first[1] == second[1] == f"port {server.server_port}"
    assert "reset" in second[0]
    assert (clean[0], clean[1]) == ("", "")
    assert clean[2] == 2
    assert spared == ["", "", 0]
