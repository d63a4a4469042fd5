"""Random histories with real servers, which check-history compares with a model (Tests/History/HistoryModel.swift).

Keys and their ends, events for some users, events that expire, lines that push out what was before, kills, and rules
that change, while clients come back with and without a place in the past and their state.
"""

import json
import os
import random
import signal
import time

from .client import Client
from .files import name_of, place, waiting
from .history import History, check
from .manager import Manager
from .server import Server
from .speaking import PROTOCOL
from .tokens import make_token, write_secrets
from .waiting import eventually

OPEN, GUARDED, USERS = ["a", "b", "logs"], ["s.1", "s.2"], ["u1", "u2"]
WITNESS = "w"
WORDS = {"anyone": "anyone", "authenticated": "authenticated", "none": []}


def micros():
    return time.time_ns() // 1_000


class Talk:
    """One connection of a client; what it hears is written down."""

    def __init__(self, story, name, server, user, asks, since, wants_state):
        self.story, self.name, self.place, self.is_answered = story, name, since, False
        self.queue = server.queue
        self.since, self.wants_state = since, wants_state
        query = [f"channels={','.join(asks)}"] if asks else []
        query += [f"since={since}"] if since else []
        query += ["state=1"] if wants_state else []
        self.is_replaying = bool(since or wants_state)
        token = make_token(user, role="witness" if user == WITNESS else None) if user else None
        self.lines = [
            f"talk {name} opens {user or '-'} {','.join(asks) or '-'} {since or '-'} {int(wants_state)} {micros()} "
            f"{story.rights[0]}"]
        self.lines += [f"talk {name} rights {rights}" for rights in story.rights[1:]]
        self.client = Client(
            server, f"/?{'&'.join(query)}", protocol=PROTOCOL,
            headers=[f"Authorization: Bearer {token}"] if token else ())

    def hear(self, seconds=0.0):
        """Takes what there is, and waits so long for the answer about the past; gives whether the connection is open.
        """
        deadline = time.monotonic() + seconds
        while True:
            for message in self.client.frames.take():
                self._take(json.loads(message))
            self.client.socket.settimeout(max(0.001, min(0.05, deadline - time.monotonic())))
            try:
                data = self.client.socket.recv(1 << 16)
            except TimeoutError:
                data = None
            except OSError:
                return False
            if data == b"":
                return False
            if data:
                self.client.frames.feed(data)
            elif self.is_answered or time.monotonic() >= deadline:
                return True

    def note(self, fact):
        self.lines.append(f"talk {self.name} {fact}")

    def _take(self, message):
        action = message.get("action")
        if "seq" in message:
            payload = message["payload"]
            self.note(f"event {message['seq']} {payload['p']} {payload['n']} {message.get('channel', '-')}")
            self.story.witness_place(self, message)
            if not self.is_replaying:
                self.place = f"{self.place.partition(':')[0]}:{message['seq']}"
        elif action == "welcome":
            self.note(f"welcome {message['cursor']}")
            if not self.is_replaying:
                self.place, self.is_answered = message["cursor"], True
            self.epoch = message["cursor"].partition(":")[0]
        elif action == "error":
            assert message["code"] == "forbidden", message
            self.note(f"refused {message['channel']}")
        elif action == "state" and message.get("begin"):
            self.note("begins")
        elif action == "state":
            how = "complete" if message["complete"] else "partial"
            self.note(f"ends {message['cursor']} {message['keys']} {how} {micros()}")
            if not self.since:
                self._answer(message)
        elif action == "resumed":
            how = "complete" if message["complete"] else "healed" if message.get("healed") else "gap"
            end = f" {message['gap']['to']}" if how == "gap" else ""
            self.note(f"resumed {message['cursor']} {how} {self.story.trimmed(self)}{end}")
            assert self.name != "witness" or how == "complete" or self.story.has_stream, message
            self._answer(message)
        else:
            raise AssertionError(message)

    def _answer(self, message):
        self.place, self.is_replaying, self.is_answered = message["cursor"], False, True

    def close(self):
        self.client.socket.close()
        self.note("closed")
        return self.lines


class Story:
    """One random history, of `steps` steps."""

    # Whether the witness is not the only one to know the order.
    has_stream = False
    # How much of the past stays.
    bounds = [["--journal-size", "64K"], ["--journal-events", "60"], ["--journal-events", "150"]]

    def __init__(self, binaries, directory, seed, steps=40):
        self.binaries, self.random, self.steps = binaries, random.Random(seed), steps
        self.directory = directory
        self.bound = self.random.choice(self.bounds)
        # Where nearly all is the state of something, a gap may heal.
        self.is_plain_rare = self.random.random() < 0.6
        # What has no channel is for all: whoever was away lacks it then.
        self.channel_counts = self.random.choice([[0, 1, 1, 2], [1] * 18 + [0, 2]])
        self.managers = {}
        self.history = History(directory / "history")
        self.number, self.names, self.connections = 0, 0, 0
        self.talks, self.places, self.epoch = [], [], None
        self.heard = set()
        self.secrets = write_secrets(directory / "queue")
        self.rights = []
        self._write_rules()
        self.rights = self.rights[-1:]
        self.open()

    # What differs with several nodes.

    def open(self):
        self.queue = self.directory / "queue"
        self.queue.mkdir()
        self.server = self._start(self.queue).ready(60)

    def _start(self, queue, *options):
        if queue not in self.managers:
            # An abstract name, because a socket's path may be short only.
            self.managers[queue] = Manager(f"@wsqueue-story-{os.getpid()}-{id(self)}-{len(self.managers)}")
        return Server(
            self.binaries / "wsqueue-server", queue, *self.bound, "--log-events", "off", *options,
            "--jwt-secret-file", str(self.secrets), "--rules", str(self.directory / "rules.json"),
            prefix=self.managers[queue].environment())

    @property
    def servers(self):
        return [self.server]

    def kill(self):
        self.server.process.kill()
        self._hear_all()
        self.server.exit_status()
        self.server = self._start(self.queue).ready(60)

    def end(self):
        for server in self.servers:
            server.__exit__()
        for manager in self.managers.values():
            manager.__exit__()

    def trimmed(self, talk):
        """The last number before the oldest record, by the names of its server's journal's files."""
        names = [name for name in os.listdir(talk.queue / ".journal") if name.startswith(f"{self.epoch}-")]
        return min((int(name.split("-")[1].partition(".")[0]) for name in names), default=0)

    # The history.

    def run(self):
        """Gives the counts and what is wrong."""
        try:
            self.witness = self._witness(None)
            self.epoch = self.witness.epoch
            for _ in range(self.steps):
                self._step()
                self._hear_all()
            self._finish()
        finally:
            self.end()
        self.history.write(*(f"left {name}" for server in self.servers for name in waiting(server.queue)))
        return check(self.binaries, [self.history])

    def _step(self):
        what = self.random.random()
        if what < 0.35:
            for _ in range(self.random.randrange(1, 8)):
                self._publish(self._draw())
        elif what < 0.5:
            self._flood()
        elif what < 0.56:
            for _ in range(self.random.randrange(3)):
                self._publish(self._draw())
            self.kill()
            self._come_back()
        elif what < 0.64:
            self._change_rules()
        elif what < 0.72 and self.talks:
            self._close(self.random.choice(self.talks))
        else:
            self._talk()

    def _publish(self, *events):
        for event in events:
            words = [f"about 0 {event['payload']['n']} {','.join(event.get('channels', [])) or '-'}"]
            words += [f"key={event['key']}"] if "key" in event else []
            words += ["clear=1"] if "clear" in event else []
            words += [f"to={','.join(event['recipients'])}"] if "recipients" in event else []
            words += [f"but={event['except_users']}"] if "except_users" in event else []
            words += [f"until={round(event['expires_at'] * 1e6)}"] if "expires_at" in event else []
            self.history.write(" ".join(words))
        self.names += 1
        text = "\n".join(map(json.dumps, events))
        queue = self.random.choice(self.servers).queue
        place(queue, name_of(self.names) + ("l" if len(events) > 1 else ""), text)
        self.history.write(*(f"sent 0 {event['payload']['n']}" for event in events))

    def _draw(self, **members):
        self.number += 1
        event = {"event": "e", "payload": {"p": 0, "n": self.number, "x": "z" * self.random.randrange(200)}, **members}
        if members:
            return event
        channels = sorted({self.random.choice(OPEN + GUARDED + [f"t.{self.random.randrange(12)}"])
                           for _ in range(self.random.choice(self.channel_counts))})
        if channels:
            event["channels"] = channels
        kind = self.random.randrange(8)
        if kind < (7 if self.is_plain_rare else 4):
            event["key"] = f"k{self.random.randrange(3)}"
            if self.random.random() < 0.2:
                event["clear"] = True
        elif kind == 4:
            event["recipients"] = [self.random.choice(USERS), WITNESS]
        elif kind == 5:
            event["except_users"] = self.random.choice(USERS)
        if "clear" not in event and self.random.random() < 0.15:
            event["expires_at"] = round(time.time() + self.random.uniform(-0.05, 0.5), 6)
        return event

    def _flood(self):
        lines = [self._draw(channels=["logs"]) for _ in range(self.random.randrange(20, 150))]
        self._publish(*lines)
        eventually(self._is_drained, "the lines are sent")
        self._hear_all()
        # Those who were away meanwhile.
        for wants_state in (True, True, True, False):
            if self.places and self.random.random() < 0.5:
                self._talk(wants_state=wants_state)

    def _is_drained(self):
        self.witness.hear()
        return not any(waiting(server.queue) for server in self.servers)

    def _change_rules(self):
        self._write_rules()
        for talk in self.talks:
            talk.note(f"rights {self.rights[-1]}")
        begun = [(self.managers[server.queue], self._reload(server)) for server in self.servers]
        if self.random.random() < 0.5:
            self._publish(self._draw())
        for manager, place in begun:
            manager.wait_for(after=place, READY="1")
        self.rights = self.rights[-1:]

    def _reload(self, server):
        """Has the rules read again; they hold for all clients once the manager has been told that the server is ready,
        and not when the log says that the file was read: each of its loops is told of them then."""
        manager = self.managers[server.queue]
        count = len(manager.take())
        server.signal(signal.SIGHUP)
        return manager.wait_for(after=count, RELOADING="1")

    def _write_rules(self):
        words = {channel: self.random.choice(list(WORDS)) for channel in GUARDED}
        rules = []
        for channel, word in words.items():
            allowed = "anyone" if word == "anyone" else ["role:witness"] + ([word] if word == "authenticated" else [])
            rules.append({"channel": channel, "subscribe": allowed})
        (self.directory / "rules.json").write_text(json.dumps(rules))
        self.rights = [*self.rights, ";".join(f"{channel}={word}" for channel, word in words.items())]

    def _witness(self, since):
        talk = Talk(self, "witness", self.random.choice(self.servers), WITNESS, ["**"], since, False)
        eventually(lambda: talk.hear(0.5) and talk.is_answered, "the witness is there", 20)
        return talk

    def witness_place(self, talk, message):
        """What the witness hears says which event a number is of."""
        if talk.name == "witness" and message["seq"] not in self.heard:
            self.heard.add(message["seq"])
            payload = message["payload"]
            self.history.write(f"placed {talk.epoch}:{message['seq']} {payload['p']} {payload['n']}")

    def _come_back(self):
        self.witness.client.socket.close()
        self.witness = self._witness(self.witness.place)

    def _talk(self, is_last=False, wants_state=None):
        self.connections += 1
        asks = [channel for channel in OPEN + GUARDED if self.random.random() < 0.4]
        if self.random.random() < 0.3:
            asks = [f"t.{self.random.randrange(12)}"]
        user = self.random.choice([None, *USERS])
        if user and self.random.random() < 0.2:
            asks.append(self.random.choice(["**", "s.*"]))
        since = self.random.choice([None, *self.places[-6:], *self.places[-1:]]) if self.places else None
        if wants_state is None:
            wants_state = self.random.random() < 0.5
        talk = Talk(self, f"c{self.connections}", self.random.choice(self.servers), user, asks, since, wants_state)
        self.talks.append(talk)
        if is_last or self.random.random() < 0.9:
            talk.hear(10)
            assert talk.is_answered, talk.lines[-3:]
        if len(self.talks) > 4:
            self._close(self.talks[0])

    def _close(self, talk):
        self.talks.remove(talk)
        self.history.write(*talk.close())
        if talk.place:
            self.places.append(talk.place)

    def _hear_all(self):
        self.witness.hear()
        for talk in list(self.talks):
            if not talk.hear():
                self._close(talk)

    def _finish(self):
        eventually(self._is_drained, "everything is sent", 30)
        self.witness.hear(0.1)
        for _ in range(4):
            self._talk(is_last=True)
        self._hear_all()
        while self.talks:
            self._close(self.talks[0])


class NodesStory(Story):
    """The same on three nodes with one Redis, all of which may be killed."""

    has_stream = True
    bounds = [["--journal-events", count] for count in ("50", "100", "300")]

    def __init__(self, binaries, directory, redis, seed, steps=40):
        self.redis = redis
        super().__init__(binaries, directory, seed, steps)

    def open(self):
        self.queues = [self.directory / f"queue-{index}" for index in range(3)]
        for queue in self.queues:
            queue.mkdir()
        self.nodes = [self._node(queue).ready(60) for queue in self.queues]
        self.history.write("several nodes")

    def _node(self, queue):
        return self._start(queue, "--redis", self.redis.url)

    @property
    def servers(self):
        return self.nodes

    def kill(self):
        if self.random.random() < 0.3:
            self.redis.kill()
            self._hear_all()
            self.redis.start()
            return
        index = self.random.randrange(len(self.nodes))
        self.nodes[index].process.kill()
        self._hear_all()
        self.nodes[index].exit_status()
        self.nodes[index] = self._node(self.queues[index]).ready(60)

    def _finish(self):
        super()._finish()
        self._note_unheard()

    def _note_unheard(self):
        """Says of which events the numbers are that the witness has not heard.

        No node has sent them, as they had expired by then, or it was away.

        Each that had expired has ended what was the state of its key: it stands in the stream, and a node that comes to
        it earlier sends it.
        """
        for entry, fields in self.redis.stream():
            seq = int(entry.partition("-")[2])
            if seq not in self.heard:
                payload = json.loads(fields[b"e"])["payload"]
                self.history.write(f"placed {self.epoch}:{seq} {payload['p']} {payload['n']}")
