"""Several servers on one Redis, all of which are killed at any moment, and clients that go on wherever they can."""

import itertools
import random
import time

from .client import Client
from .files import name_of, place, waiting
from .history import ClientHistory, History, check, payload_of
from .nodes import Nodes
from .redis_server import RedisServer
from .returning import Returning
from .waiting import eventually

# Large enough that no client can be told of a gap: none is wanted here.
HISTORY = ["--journal-events", "1000000", "--journal-size", "1G", "--log-events", "off"]
BATCH = 25


class Wanderer(Returning):
    """Goes on at any node."""

    def __init__(self, nodes, epoch, seed, history):
        super().__init__(epoch, seed, history)
        self.nodes, self.count = nodes, 0

    def stay(self):
        self.listen(self.random.choice(list(self.nodes)), self.random.randrange(500, 20_000))

    def note(self, event):
        self.count += 1


class RedisCrashTest:
    """Publishes `events` on `size` nodes while nodes and Redis are killed `kills` times."""

    def __init__(self, binaries, directory, kills, events, clients=8, seed=0, size=3):
        self.binaries, self.kills, self.events, self.random = binaries, kills, events, random.Random(seed)
        self.history = History(directory / "publishers.history")
        # What is written is in the kernel before anybody is told of it, so that a kill costs nothing.
        self.redis = RedisServer(str(directory / "redis")).start()
        self.nodes = Nodes(binaries, directory, self.redis.url, *HISTORY)
        for _ in range(size):
            self.nodes.add()
        with Client(self.nodes[0], protocol="wsqueue.v1") as client:
            epoch = client.receive_events()[0]["cursor"].partition(":")[0]
        self.clients = [
            Wanderer(self.nodes, epoch, seed + number, ClientHistory(directory / f"client-{number}.history", number))
            for number in range(clients)]
        self.published = [0] * size
        self.names = itertools.count()
        self.killed = {"nodes": 0, "redis": 0, "pauses": 0}
        self.seconds = 0.0

    def run(self, report=lambda kill: None):
        """Kills, waits until all is delivered, and gives the counts and what is wrong."""
        for client in self.clients:
            client.start()
        start = time.monotonic()
        try:
            for kill in range(self.kills):
                self._publish((kill + 1) * self.events // self.kills)
                # Something is on its way, and something is not begun.
                time.sleep(self.random.uniform(0, 0.15))
                self._hit()
                report(kill)
            self._publish(self.events)
            eventually(self._has_ended, lambda: f"every client has every event: {self.progress()}\n{self._logs()}", 120)
            self.seconds = time.monotonic() - start
        finally:
            for client in self.clients:
                client.is_ending = True
            self.nodes.end()
            self.redis.__exit__()
        for client in self.clients:
            client.join()
        self.history.write(*(f"left {name}" for node in self.nodes for name in waiting(node.queue)))
        counts, findings = check(self.binaries, [self.history, *(client.history.history for client in self.clients)])
        return {**self.progress(), **counts}, findings

    def progress(self):
        """The counts so far."""
        missing = sum(max(0, sum(self.published) - client.count) for client in self.clients)
        return {
            "events": sum(self.published), "clients": len(self.clients), **self.killed, "missing": missing,
            "seconds": round(self.seconds, 1)}

    def _publish(self, total):
        """Adds events until there are so many, on all nodes in turn; half of them in batches."""
        while (count := sum(self.published)) < total:
            publisher = self.random.randrange(len(self.nodes))
            first = self.published[publisher]
            end = first + min(total - count, BATCH if self.random.random() < 0.5 else 1)
            numbers = range(first, end)
            texts = [f'{{"event":"n","payload":{payload_of(publisher, number)},"id":"{publisher}-{number}"}}'
                     for number in numbers]
            suffix = "l" if end - first > 1 else ""
            self.history.invoke(publisher, numbers)
            place(self.nodes[publisher].queue, name_of(next(self.names)) + suffix, "\n".join(texts))
            self.history.succeed(publisher, numbers)
            self.published[publisher] = end

    def _hit(self):
        what = self.random.choice(["nodes", "nodes", "redis", "pauses"])
        self.killed[what] += 1
        if what == "nodes":
            index = self.random.randrange(len(self.nodes))
            self.nodes.kill(index)
            self.history.write(f"server {index} kill")
            time.sleep(self.random.uniform(0, 0.2))
            self.nodes.restart(index)
        elif what == "redis":
            self.redis.kill()
            time.sleep(self.random.uniform(0, 0.2))
            self.redis.start()
        else:
            self.redis.suspend()
            time.sleep(self.random.uniform(0, 0.5))
            self.redis.resume()

    def _has_ended(self):
        return all(client.count >= self.events for client in self.clients)

    def _logs(self):
        return "\n".join(node.log[-2_000:] for node in self.nodes)
