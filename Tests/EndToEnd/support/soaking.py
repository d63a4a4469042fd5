"""Clients that come and go for hours; they check that each stream of events is whole and in order, or a gap is told.

An event's payload has the name of its stream and its number in it.
"""

import contextlib
import json
import time

from .client import Client
from .frames import client_frame
from .speaking import PROTOCOL
from .tokens import make_token

USERS = ["u1", "u2", "u3"]
# What an event of a stream has beside name and payload. An expiring one may be left out, a keyed one by a state.
STREAMS = {
    "all": {}, "a": {"channel": "a"}, "b": {"channel": "b"}, "bulk": {"channel": "bulk"}, "logs": {"channel": "logs"},
    **{user: {"recipients": [user]} for user in USERS},
    "keyed": {}, "keyed-a": {"channel": "a"}, "expiring": {}, "expiring-b": {"channel": "b"},
}


def is_keyed(stream):
    return stream.startswith("keyed")


def is_whole(stream):
    return not stream.startswith("expiring")


class Place:
    """How far a client has come: the last seq, and of each stream the next number and whether it is certain."""

    def __init__(self, cursor=None, numbers=(), unsure=STREAMS):
        self.cursor, self.numbers, self.unsure = cursor, dict(numbers), set(unsure)

    def copy(self):
        return Place(self.cursor, self.numbers, self.unsure)

    @property
    def seq(self):
        return int(self.cursor.partition(":")[2]) if self.cursor else 0

    def move(self, seq):
        self.cursor = f"{self.cursor.partition(':')[0]}:{seq}"

    def take(self, payload):
        """Notes an event; gives what is wrong with it."""
        stream, number = payload["s"], payload["n"]
        wanted = self.numbers.get(stream, 0)
        self.numbers[stream] = number + 1
        is_certain = is_whole(stream) and stream not in self.unsure
        self.unsure.discard(stream)
        if number < wanted or (number > wanted and is_certain):
            return f"{stream} {number} instead of {wanted}"
        return None


class SoakClient:
    """One that comes, stays, goes, and comes back with its cursor; a slow one reads nothing now and then.

    At a pace of ten it does so ten times as often."""

    pace = 1

    def __init__(self, index, server, random, selector, counts, findings):
        self.index, self.server, self.random = index, server, random
        self.selector, self.counts, self.findings = selector, counts, findings
        self.user = USERS[index % len(USERS)] if index % 2 else None
        self.channels = [name for bit, name in enumerate(("a", "b", "logs")) if index >> bit & 1]
        self.is_slow = index % 10 == 9
        if index % 3 == 0 or self.is_slow:
            self.channels.append("bulk")
        self.wants_state = index % 4 == 2
        self.place, self.client, self.due, self.is_deaf = Place(), None, 0.0, False

    @property
    def streams(self):
        """What it has to hear all of."""
        return [
            name for name, members in STREAMS.items()
            if is_whole(name) and members.get("channel", "") in ["", *self.channels]
            and self.user in members.get("recipients", [self.user])]

    def act(self, now):
        """Comes, goes, or begins or ends to read, when it is time to."""
        if now < self.due:
            return
        if self.client is None:
            self._come()
            self.due = now + self.random.expovariate(1 / 60) / self.pace
        elif self.is_slow and not self.is_deaf:
            self.selector.unregister(self.client.socket)
            self.is_deaf, self.due = True, now + 90 / self.pace
        elif self.is_slow and self.is_deaf:
            self._listen()
            self.due = now + 30 / self.pace
        else:
            self.leave("left")

    def be_there(self):
        """Stays from now on, and reads."""
        if self.client is None:
            self._come()
        elif self.is_deaf:
            self._listen()
        self.due = float("inf")

    def _come(self):
        query = ["channels=" + ",".join([*self.channels, *(["presence.room"] if self.user else [])])]
        query += [f"since={self.place.cursor}"] if self.place.cursor else []
        query += ["state=1"] if self.wants_state else []
        headers = [f"Authorization: Bearer {make_token(self.user)}"] if self.user else []
        self.answered_place = self.place.copy()
        self.is_in_state, self.is_replaying = False, bool(self.place.cursor or self.wants_state)
        self.doubt = None
        self.client = Client(
            self.server, "/?" + "&".join(query), protocol=PROTOCOL, headers=headers,
            receive_buffer=4_096 if self.is_slow else None)
        self.client.socket.setblocking(False)
        self.counts["connections"] += 1
        self._listen()
        self._take_all()

    def _listen(self):
        self.is_deaf = False
        self.selector.register(self.client.socket, 1, self)

    def read(self):
        """Takes what has come."""
        try:
            data = self.client.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if data:
            self.client.frames.feed(data)
        self._take_all()
        if self.client.frames.close or not data:
            # A slow one is told why behind all that it has not read: that it is slow, or has answered no ping.
            code = self.client.frames.close[0] if self.client.frames.close else "none"
            if not self.is_slow or code not in (4008, 1001, "none"):
                self.findings.append(f"client {self.index} was closed, code {code}")
            self.leave(f"closed_{code}")

    def leave(self, how):
        """Goes, for some seconds mostly, and now and then for longer than the journal reaches."""
        if not self.is_deaf:
            self.selector.unregister(self.client.socket)
        self.client.socket.close()
        self.client, self.is_deaf = None, False
        if self.is_replaying:
            # What is missing is told behind what is there: without that it is asked for again.
            self.place = self.answered_place
        self.counts[how] += 1
        is_long = self.random.random() < 0.1
        seconds = self.random.uniform(120, 300) if is_long else self.random.expovariate(1 / 5)
        self.due = time.monotonic() + seconds / self.pace

    def _take_all(self):
        for ping in self.client.frames.pings:
            with contextlib.suppress(OSError):
                self.client.socket.send(client_frame(0xA, ping))
        self.client.frames.pings.clear()
        for text in self.client.frames.take():
            self._take(json.loads(text))

    def _take(self, message):
        action = message.get("action")
        if "seq" in message:
            self._event(message)
        elif action == "welcome" and not self.is_replaying:
            self.place.cursor = message["cursor"]
        elif action == "state":
            self.is_in_state = message.get("begin", False)
            if not self.is_in_state:
                self.counts["states"] += 1
                # Of what has a key it has heard the newest only.
                self.place.unsure |= set(filter(is_keyed, STREAMS))
                if not self.answered_place.cursor:
                    self._answer(message)
        elif action == "resumed":
            how = "complete" if message["complete"] else "healed" if message.get("healed") else "gap"
            self.counts[how] += 1
            if how == "gap":
                self.doubt = None
                self.place.unsure |= set(STREAMS)
            self._answer(message)
        elif action == "error":
            self.findings.append(f"client {self.index}: {message}")

    def _event(self, message):
        self.counts["deliveries"] += 1
        if not self.is_in_state:
            if message["seq"] <= self.place.seq and self.place.cursor:
                self.findings.append(f"client {self.index}: seq {message['seq']} behind {self.place.cursor}")
            if self.place.cursor:
                self.place.move(message["seq"])
        if message["event"].startswith("presence."):
            self.counts["presence"] += 1
            return
        if self.is_in_state and "key" in message:
            # It may have been heard already.
            return
        wrong = self.place.take(message["payload"])
        if wrong and self.is_replaying:
            self.doubt = self.doubt or wrong
        elif wrong:
            self.findings.append(f"client {self.index}: {wrong}, seq {message['seq']}")

    def _answer(self, message):
        if self.doubt:
            self.findings.append(f"client {self.index} was told of no gap: {self.doubt}")
        self.place.cursor, self.is_replaying, self.doubt = message["cursor"], False, None
