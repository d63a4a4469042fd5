"""Receives events from wsqueue-server, by Server-Sent Events, and goes on where it was. Needs nothing but Python 3.8.

    for event in wsqueue_receive.Receiver("http://127.0.0.1:8081", channels=["orders"], cursor_file="orders.cursor"):
        handle(event.name, event.payload)

It comes back by itself from lost networks and restarts, gets what it missed in the meantime, and gives nothing twice.
An event counts as handled when the loop asks for the next one; then the cursor moves, in the file too. A program that
is killed while it handles an event gets that one again: one that writes to a database can keep ``event.cursor`` in the
same transaction, and begin with ``since=``. What can no longer be had is a gap, and never silent: ``on_gap`` is called,
or ``Gap`` is raised.
"""

import collections
import http.client
import json
import os
import random
import sys
import time
import urllib.parse

Event = collections.namedtuple("Event", "name payload channel key timestamp id seq cursor is_state")
Event.__doc__ = """An event. ``cursor`` is where to go on behind it; None within a state and before a gap, which are
sent again as a whole. ``is_state``: the newest of its key, which stood before."""


class Gap(Exception):
    """Events are lost: they were too many, or too old, for the server's history. Load what is shown anew."""

    def __init__(self, told):
        super().__init__(f"events were lost between {told.get('from')} and {told.get('to')} ({told.get('reason')})")
        self.begin, self.end, self.reason = told.get("from"), told.get("to"), told.get("reason")


class Denied(Exception):
    """The server refuses the connection, or a channel, for good. ``code`` is its word for that, or HTTP's number."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


class _Again(Exception):
    """The connection is to be made anew, not before some seconds."""

    def __init__(self, seconds=0.0):
        super().__init__()
        self.seconds = seconds


class Receiver:
    """Iterates over events for ever, as ``Event``.

    ``channels`` and ``events`` (names, or globs) narrow what is received. ``token`` is a JWT, or a function that gives
    one for each connection. ``since`` is where to begin when there is no cursor: a cursor, "all", "latest", an age such
    as "10m"; now, unless given. With ``state`` the newest event of each key comes first; ``on_state(True)`` is called
    before these, ``on_state(False)`` after them: keys that were not named between have none. ``on_gap(gap)`` is called
    where events are lost. ``on_retry(reason, seconds)`` hears of each connection that failed. A network that says
    nothing for ``timeout`` seconds is left.
    """

    def __init__(self, url, channels=(), events=(), *, token=None, since=None, state=False, cursor_file=None,
                 on_gap=None, on_state=None, on_retry=None, timeout=60):
        self.url, self.token, self.since, self.state, self.timeout = url, token, since, state, timeout
        self.on_gap, self.on_state, self.on_retry = on_gap, on_state, on_retry
        self.query = [("channels", name) for name in channels] + [("events", name) for name in events]
        self.cursor_file, self.cursor = cursor_file, None
        if cursor_file is not None and os.path.exists(cursor_file):
            with open(cursor_file, encoding="utf-8") as file:
                self.cursor = file.read().strip() or None
        self._given = set()  # what came since the cursor and has none of its own
        self._failures = 0

    def __iter__(self):
        while True:
            try:
                yield from self._connection()
                raise _Again
            except (OSError, http.client.HTTPException, _Again) as error:
                self._failures += 1
                # At a random moment of a growing time, so that not all come back at once.
                most = min(20, 0.25 * 2 ** min(self._failures, 10))
                seconds = max(getattr(error, "seconds", 0), random.uniform(0, most))
                if self.on_retry:
                    self.on_retry(str(error) or "the connection has ended", seconds)
                time.sleep(seconds)

    def _connection(self):
        parts = urllib.parse.urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=self.timeout)
        query = self.query + [("state", "1")] * self.state
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self.cursor:
            headers["Last-Event-ID"] = self.cursor
        elif self.since:
            query = query + [("since", self.since)]
        token = self.token() if callable(self.token) else self.token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            path = f"{parts.path.rstrip('/')}/events?{urllib.parse.urlencode(query)}"
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                text = answer.read(4096).decode(errors="replace").strip()
                if answer.status in (408, 425, 429) or answer.status >= 500:
                    wait = answer.headers.get("Retry-After", "")
                    raise _Again(int(wait) if wait.isdigit() else 1)
                if answer.status == 401 and callable(self.token) and self._failures == 0:
                    raise _Again  # The token may have ended on the way.
                raise Denied(f"{self.url} answers {answer.status}: {text}", answer.status)
            yield from self._messages(answer)
        finally:
            connection.close()

    def _messages(self, answer):
        data, cursor, is_state = [], None, False
        for line in answer:
            name, _, value = line.decode().rstrip("\r\n").partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "data":
                data.append(value)
            elif name == "id":
                cursor = value
            elif name == "" and not line.strip():
                if data:
                    message = json.loads("\n".join(data))
                    if message.get("action") == "state":
                        is_state = "begin" in message
                    yield from self._take(message, cursor, is_state)
                if cursor:
                    self._move(cursor)
                data, cursor = [], None

    def _take(self, message, cursor, is_state):
        """Gives a message's event, if it is one that has not been given."""
        self._failures = 0
        if "event" in message and "action" not in message:
            # What has no cursor of its own is sent again, when the connection is lost before the end of it.
            mark = (message.get("id"), message.get("seq"))
            if is_state or mark not in self._given:
                yield Event(
                    message["event"], message.get("payload"), message.get("channel"), message.get("key"),
                    message.get("timestamp"), *mark, cursor, is_state)
                if not is_state:
                    self._given.add(mark)
        elif message.get("action") == "state":
            if self.on_state:
                self.on_state(is_state)
        elif message.get("action") == "resumed" and not message.get("complete") and not message.get("healed"):
            gap = Gap(message.get("gap", {}))
            if not self.on_gap:
                raise gap
            self.on_gap(gap)
        elif message.get("action") == "error":
            if message.get("code") == "token_expired" and callable(self.token):
                raise _Again
            raise Denied(message.get("error", "refused"), message.get("code"))

    def _move(self, cursor):
        self.cursor = cursor
        self._given.clear()
        if self.cursor_file is None:
            return
        new = f"{self.cursor_file}.new"
        with open(new, "w", encoding="utf-8") as file:
            file.write(cursor + "\n")
        os.replace(new, self.cursor_file)


if __name__ == "__main__":
    # wsqueue_receive.py URL [CHANNEL]...: a line of JSON for each event
    for one in Receiver(sys.argv[1], sys.argv[2:], since=os.environ.get("SINCE")):
        print(json.dumps(one._asdict()), flush=True)
