"""What a reader process may not do: take much memory or time, open any file, outlive its asker."""

import os
import resource
import select
import sys
import threading

MEMORY_BYTES = 6 << 30  # what a record of 134 million samples takes
MEMORY_SHARE = 0.75  # of the machine's
CPU_S = 20.0  # for any file
CPU_BYTES_PER_S = 4e6  # of the file, beyond that
WALL_FACTOR = 6  # a busy machine
LAST_FILE = 3  # descriptors 0 to 2, and the file that is read
# What the libraries load only when they meet a text or a type, and could not once no file can be opened.
LATE_MODULES = (
    "encodings.ascii", "encodings.cp437", "encodings.latin_1", "encodings.unicode_escape", "encodings.utf_16",
    "encodings.utf_16_be", "encodings.utf_16_le", "encodings.utf_32", "encodings.utf_8_sig",
)  # fmt: skip


def memory_bytes() -> int:
    """Return how much address space a reader may take on this machine."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(MEMORY_BYTES, int(MEMORY_SHARE * physical))


def cpu_seconds(num_bytes: int) -> float:
    """Return how much processor time a file of this size may take."""
    return CPU_S + num_bytes / CPU_BYTES_PER_S


def confine() -> None:
    """Take from this process what reading does not need; the libraries must be loaded by now."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, LAST_FILE + 1),
    ):
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":  # elsewhere the limit is not kept
        most = memory_bytes()
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def allow_cpu(seconds: float) -> None:
    """Let this process run for so long from now on; the system ends it after that."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + 1, hard))


def end_with(descriptor: int) -> None:
    """End this process as soon as the other end of its socket is closed, also in the middle of a file."""

    def watch() -> None:
        hung_up = select.poll()
        hung_up.register(descriptor, 0)  # only what is always told: the other end is gone
        hung_up.poll()
        os._exit(0)

    threading.Thread(target=watch, name="watch", daemon=True).start()
