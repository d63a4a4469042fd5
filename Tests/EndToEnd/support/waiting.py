"""Waiting for conditions: a test never sleeps for a time that somebody thought long enough."""

import os
import pathlib
import signal
import time

# How much longer than usual is waited: a build that watches every access is as slow as that.
patience = 1.0


def deadline_after(seconds):
    """The moment (time.monotonic) when waiting for what takes less than `seconds` is over."""
    return time.monotonic() + seconds * patience


def eventually(condition, what, timeout=10.0, pause=0.002):
    """The first true result of `condition`, asked each `pause` seconds; fails when there is none within `timeout`."""
    deadline = deadline_after(timeout)
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(pause)


def holds(condition, seconds):
    """Fails when `condition` becomes false within `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), "it happened"
        time.sleep(0.02)


def suspend(process):
    """Stops a process, and waits until all of its threads stand: one that runs goes on for a moment (signal(7))."""
    os.kill(process, signal.SIGSTOP)
    threads = pathlib.Path(f"/proc/{process}/task")
    eventually(lambda: all(map(_stands, threads.iterdir())), f"process {process} stands")


def _stands(thread):
    try:
        state = (thread / "status").read_text().partition("\nState:\t")[2][:1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # t: it is traced (proc_pid_status(5)).
    return state in ("T", "t")
