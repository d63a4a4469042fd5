"""Publishes events from Python: write under a name that begins with a dot, then rename. Nothing to install."""

import json
import os
import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def publish(directory, event, payload=None, **members):
    """Queues one event for wsqueue-server and gives its id; `members` are further ones, such as `channel="orders"`.

    When it returns the event is in the queue; when it raises nothing is.
    """
    name = f"{_unix_nanoseconds():019d}-{os.getpid()}-1-{secrets.token_hex(4)}"
    text = json.dumps({"event": event, "payload": payload, "timestamp": int(time.time()), **members}, allow_nan=False)
    hidden = os.path.join(directory, f".{name}.tmp")
    try:
        with open(hidden, "x", encoding="utf-8") as file:
            file.write(text)
            # Whatever the umask is, the server must be able to read it.
            os.fchmod(file.fileno(), 0o644)
        os.rename(hidden, os.path.join(directory, f"{name}.json"))
    except BaseException:
        if os.path.exists(hidden):
            os.unlink(hidden)
        raise
    return name


def _unix_nanoseconds():
    """The time, always later than the last one: a clock set back must not turn this process's order round."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns())
        return _last


if __name__ == "__main__":
    import sys

    publish(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
