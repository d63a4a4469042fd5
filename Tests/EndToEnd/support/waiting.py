"""Waiting for conditions: a test never sleeps for a time that somebody thought long enough."""

import time


def eventually(condition, what, timeout=10.0):
    """Returns the first true result of `condition`; fails when there is none within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(0.002)


def holds(condition, seconds):
    """Fails when `condition` becomes false within `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), "it happened"
        time.sleep(0.02)
