"""Publishes events from Python: write under a name that begins with a dot, then rename. Nothing to install."""

import difflib
import json
import math
import os
import re
import secrets
import sys
import threading
import time

LIMIT = 1_048_576  # bytes of an event that the server takes
_lock = threading.Lock()
_last = 0


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and -2**63 <= value < 2**63


def _is_label(value):
    return isinstance(value, str) and 0 < len(value.encode()) < 256 and not re.search(r"[\0-\x1f\x7f-\x9f]", value)


def _is_user(value):
    return _is_integer(value) or _is_label(value)


def _is_channel(value):
    return isinstance(value, str) and re.fullmatch(r"[\w.:-]{1,255}", value, re.ASCII) is not None


def _is_time(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _list(check, least=0, alone=True, most=1024):
    def passes(value):
        if isinstance(value, (list, tuple)):
            return least <= len(value) <= most and all(map(check, value))
        return alone and check(value)
    return passes


MEMBERS = {
    "id": _is_user, "channel": _list(_is_channel, 1, True, LIMIT), "channels": _list(_is_channel, 1, True, LIMIT),
    "recipients": _list(_is_user, alone=False), "except": _list(_is_integer), "except_users": _list(_is_user),
    "key": _is_user, "clear": lambda value: isinstance(value, bool), "timestamp": _is_time, "queued_at": _is_time,
    "expires_at": _is_time, "traceparent": lambda value: isinstance(value, str),
}


def check(event, members):
    """Raises ValueError for what the server would refuse, and for members that it does not know."""
    if not _is_label(event):
        raise ValueError("'event' has to be a text of 1 to 255 bytes without control characters")
    for name, value in members.items():
        if name not in MEMBERS:
            near = difflib.get_close_matches(re.sub("[-_]", "", name.lower()), [*MEMBERS, "event", "payload"], 1, 0.6)
            raise ValueError(f"'{name}' is no member of an event" + (f"; is '{near[0]}' meant?" if near else ""))
        if value is not None and not MEMBERS[name](value):
            raise ValueError(f"'{name}' is not as it should be: {str(value)[:80]!r}")
    if members.get("key") is None and members.get("clear"):
        raise ValueError("'clear' wants a 'key'")
    if members.get("key") is not None and (
            members.get("recipients") is not None or members.get("except") not in (None, [], ())
            or members.get("except_users") not in (None, [], ())):
        raise ValueError("'key' cannot stand beside 'recipients', 'except' and 'except_users'")


def _unix_nanoseconds():
    global _last
    # Always later than the last one: a clock set back must not turn this process's order round.
    with _lock:
        _last = max(_last + 1, time.time_ns())
        return _last


def publish(directory, event, payload=None, **members):
    """Queues one event and gives its id, or raises; `members` are further ones, such as `channel="orders"`."""
    check(event, members)
    text = json.dumps({"event": event, "payload": payload, "timestamp": int(time.time()), **members}, allow_nan=False)
    if len(text) > LIMIT:
        raise ValueError(f"the event is larger than the {LIMIT} bytes that the server takes")
    name = f"{_unix_nanoseconds():019d}-{os.getpid()}-1-{secrets.token_hex(4)}"
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
    return str(members.get("id") or name)


if __name__ == "__main__":
    # wsqueue.py DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
    publish(sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:4]), **json.loads((sys.argv[4:5] or ["{}"])[0]))
