"""Servers and publishers that are killed at any moment, and clients that come back by cursor; all write histories.

Run as a program it is a publisher: `crash.py DIRECTORY BOARD INDEX PUBLISH-COMMAND|- HISTORY`.
"""

import json
import mmap
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "Tests/EndToEnd"), str(ROOT / "examples/python")]

import wsqueue  # noqa: E402

from support.files import waiting  # noqa: E402
from support.history import ClientHistory, History, check, payload_of  # noqa: E402
from support.returning import Returning  # noqa: E402
from support.server import Server  # noqa: E402
from support.waiting import eventually  # noqa: E402

PUBLISHERS = 4
BATCH = 40


def channel_of(publisher):
    """Half of the publishers use a channel each, the others publish for everyone."""
    return {"channel": f"c{publisher}"} if publisher % 2 else {}


class Board:
    """How many events each publisher may publish, and how many it knows to be published; it outlives any process."""

    def __init__(self, path):
        with open(path, "a+b") as file:
            file.truncate(16 * PUBLISHERS)
            self._map = mmap.mmap(file.fileno(), 0)

    def allowed(self, publisher):
        return struct.unpack_from("<Q", self._map, 16 * publisher)[0]

    def allow(self, publisher, count):
        struct.pack_into("<Q", self._map, 16 * publisher, count)

    def done(self, publisher):
        return struct.unpack_from("<Q", self._map, 16 * publisher + 8)[0]

    def note(self, publisher, count):
        struct.pack_into("<Q", self._map, 16 * publisher + 8, count)


def publish_forever(directory, board, publisher, command, history):
    """Publishes what is allowed. After a kill it publishes again what it is not sure of, under the same ids."""
    while True:
        number, allowed = board.done(publisher), board.allowed(publisher)
        if number >= allowed:
            time.sleep(0.001)
            continue
        numbers = range(number, number + 1 if command == "-" else min(allowed, number + BATCH))
        history.invoke(publisher, numbers, channel_of(publisher).get("channel"))
        events = [
            {"event": "crash", "payload": json.loads(payload_of(publisher, one)), "id": f"{publisher}-{one}",
             **channel_of(publisher)} for one in numbers]
        if command == "-":
            wsqueue.publish(directory, **events[0])
        else:
            lines = "\n".join(map(json.dumps, events))
            subprocess.run([command, "-d", directory, "--lines"], input=lines.encode(), check=True)
        history.succeed(publisher, numbers)
        board.note(publisher, numbers.stop)


class Publisher:
    """A publisher in a process of its own."""

    def __init__(self, directory, board_path, index, command, history):
        self.history = history
        self.arguments = [
            sys.executable, __file__, str(directory), str(board_path), str(index), command, str(history.path)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, start_new_session=True)

    def kill(self):
        """Kills it and what it has started, as kill -9 does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class ReturningClient(Returning):
    """Comes back to one server, whichever process that is."""

    def __init__(self, address, epoch, channels, seed, history):
        super().__init__(epoch, seed, history)
        self.host, self.port = address
        self.query = f"channels={','.join(channels)}&" if channels else ""
        self.publishers = [
            one for one in range(PUBLISHERS) if not channel_of(one) or channel_of(one)["channel"] in channels]
        self.next = dict.fromkeys(self.publishers, 0)

    def stay(self):
        self.listen(self, self.random.randrange(50, 5_000), self.query)

    def note(self, event):
        publisher, number = event["payload"]
        self.next[publisher] = number + 1


class CrashTest:
    """The whole: `cycles` times the server is killed, and publishers now and then, while `events` are published."""

    def __init__(self, binaries, directory, cycles, events, clients=8, seed=None, options=()):
        self.binaries = pathlib.Path(binaries)
        self.queue = pathlib.Path(directory) / "queue"
        self.queue.mkdir()
        self.cycles = cycles
        self.each = -(-events // PUBLISHERS)
        self.random = random.Random(seed)
        self.options = options
        self.counts = {"publisher_kills": 0, "torn": 0, "duplicates": 0}
        directory = pathlib.Path(directory)
        self.history = History(directory / "server.history")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        board_path = directory / "board"
        self.board = Board(board_path)
        first = self._start()
        epoch = first.wait_for("journal.open")["epoch"]
        first.ready()
        self._end(first)
        command = str(self.binaries / "wsqueue-publish")
        self.publishers = [
            Publisher(
                self.queue, board_path, index, command if index >= 2 else "-",
                History(directory / f"publisher-{index}.history"))
            for index in range(PUBLISHERS)]
        everything = [f"c{index}" for index in range(PUBLISHERS)]
        self.clients = []
        for index in range(clients):
            channels = everything if index % 2 else everything[1:2]
            history = ClientHistory(directory / f"client-{index}.history", index, channels)
            self.clients.append(ReturningClient(self.address, epoch, channels, self.random.random(), history))

    def run(self, report=lambda cycle: None):
        """Kills, waits until all is delivered, and gives the counts and what is wrong."""
        for client in self.clients:
            client.start()
        try:
            for cycle in range(1, self.cycles + 1):
                self._cycle(self.each * cycle // self.cycles)
                report(cycle)
            self.counts["events_under_fire"] = self._published()
            self._finish()
        finally:
            for publisher in self.publishers:
                publisher.kill()
            for client in self.clients:
                client.is_ending = True
        for client in self.clients:
            client.join()
        self.history.write(*(f"left {name}" for name in waiting(self.queue)))
        histories = [one.history for one in self.publishers] + [one.history.history for one in self.clients]
        counts, findings = check(self.binaries, [self.history, *histories])
        return {**self.progress(), **counts}, findings

    def progress(self):
        """The counts so far."""
        missing = sum(
            self.board.done(publisher) - number
            for client in self.clients for publisher, number in client.next.items())
        return dict(self.counts, events=self._published(), missing=missing)

    def _start(self):
        # So much history that nobody is away for too long.
        history = ["--journal-events", "10000000", "--journal-size", "2G"]
        return Server(
            self.binaries / "wsqueue-server", self.queue, *history, *self.options,
            listen=f"{self.address[0]}:{self.address[1]}")

    def _cycle(self, allowed):
        server = self._start()
        # Now and then killed before it is ready at all, and now and then with files that were waiting for it.
        is_early = self.random.random() < 0.5
        if is_early:
            self._allow(allowed)
        if self.random.random() < 0.8:
            server.ready()
        self._allow(allowed)
        # In the midst of the events, so that hardly any are published while nothing is killed.
        wanted = PUBLISHERS * (allowed - self.random.random() * self.each / self.cycles)
        eventually(lambda: self._published() >= wanted, lambda: f"events are published: {self.progress()}", 30)
        time.sleep(self.random.expovariate(200))
        if self.random.random() < 0.5:
            publisher = self.random.choice(self.publishers)
            publisher.kill()
            publisher.start()
            self.counts["publisher_kills"] += 1
        self._end(server)

    def _published(self):
        return sum(map(self.board.done, range(PUBLISHERS)))

    def _allow(self, count):
        for publisher in range(PUBLISHERS):
            self.board.allow(publisher, count)

    def _end(self, server):
        server.process.kill()
        server.exit_status()
        self.history.write("server 0 kill")
        self._count(server)

    def _count(self, server):
        self.counts["torn"] += len(server.logged("journal.torn"))
        self.counts["duplicates"] += server.times("event.duplicate")
        bad = [line for line in server.lines if line.get("level") == "error"]
        assert not bad, bad

    def _finish(self):
        server = self._start().ready()
        eventually(
            lambda: all(self.board.done(one) == self.each for one in range(PUBLISHERS)) and not waiting(self.queue)
            and self.progress()["missing"] <= 0,
            lambda: f"everything is delivered: {self.progress()}\n{server.log}", 120)
        assert server.terminate() == 0
        self._count(server)


if __name__ == "__main__":
    publish_forever(sys.argv[1], Board(sys.argv[2]), int(sys.argv[3]), sys.argv[4], History(sys.argv[5]))
