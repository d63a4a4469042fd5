"""Publishes events from Python: write under a name that begins with a dot, then rename. Nothing to install."""

import json
import os
import secrets
import sys
import threading
import time

_lock = threading.Lock()
_last = 0


def _unix_nanoseconds():
    global _last
    # Always later than the last one: a clock set back must not turn this process's order round.
    with _lock:
        _last = max(_last + 1, time.time_ns())
        return _last


def publish(directory, event, payload=None, **members):
    """Queues one event and gives its id, or raises; `members` are further ones, such as `channel="orders"`."""
    name = f"{_unix_nanoseconds():019d}-{os.getpid()}-1-{secrets.token_hex(4)}"
    text = json.dumps({"event": event, "payload": payload, "timestamp": int(time.time()), **members}, allow_nan=False)
    hidden = os.path.join(directory, f".{name}.tmp")
    try:
        with open(hidden, "x", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)  # Whatever the umask is, the server must be able to read it.
        os.rename(hidden, os.path.join(directory, f"{name}.json"))
    except BaseException:
        if os.path.exists(hidden):
            os.unlink(hidden)
        raise
    return name


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
