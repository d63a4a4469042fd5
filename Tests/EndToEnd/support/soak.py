"""A server that runs for hours, what it takes of the machine meanwhile, and whether that grows."""

import collections
import contextlib
import json
import os
import pathlib
import random
import selectors
import signal
import statistics
import subprocess
import time

from .consuming import Consumer
from .files import failed
from .http import request
from .server import Server
from .soaking import STREAMS, USERS, SoakClient, is_keyed, is_whole
from .tokens import write_secrets
from .waiting import eventually

# What is sampled, and by how much the last quarter may be above the second: a share of it, and this much in any case.
BOUNDS = {
    "rss_kb": (0.05, 1_024), "anon_kb": (0.05, 1_024), "descriptors": (0, 6), "threads": (0, 0),
    "journal_kb": (0.1, 64), "queue": (0, 1), "failed": (0, 0), "tail_kb": (0.05, 512), "tail_fds": (0, 1),
}
COMMAND = 'echo "$WSQUEUE_ID" >> "$OUT"'
# The streams of which the consumer hears all.
CONSUMED = ["all", "a", "keyed", "keyed-a"]
# How many times as often clients come and go in the warm-up; bursts of the bulk come less often, and so do those that
# hear it, which are behind because of them, or miss so much that they are told of a gap.
PACE, PACE_OF_BULK = 1_000, 30


def quarter(values, number):
    """The median of a quarter of the values: 1 is the first."""
    length = len(values)
    return statistics.median(values[length * (number - 1) // 4:length * number // 4] or values[-1:])


def verdicts(samples):
    """Of each figure its name, the medians of second and last quarter, and whether that is flat."""
    for name, (share, least) in BOUNDS.items():
        values = [sample[name] for sample in samples]
        second, last = quarter(values, 2), quarter(values, 4)
        yield name, second, last, last <= second + max(least, share * second)


class Soak:
    """Server, clients, a consumer and publishers: a warm-up of so many connections, then so many seconds.

    Memory that is free again stays with the server's allocator, in pieces. It takes some ten thousand connections until
    these do for all that follow: hours at the usual pace, in which something that grows would not be seen beside it."""

    def __init__(self, binaries, directory, seconds, warm_up, clients=40, seed=None):
        self.binaries, self.directory = pathlib.Path(binaries), pathlib.Path(directory)
        self.seconds, self.warm_up, self.size, self.random = seconds, warm_up, clients, random.Random(seed)
        self.queue = self.directory / "queue"
        self.queue.mkdir()
        self.numbers = dict.fromkeys(STREAMS, 0)
        self.counts, self.findings, self.samples = collections.Counter(), [], []
        self.out = self.directory / "consumed"
        self.out.touch()

    def run(self, report=lambda sample: None, every=60):
        """Gives the samples, the counts and what is wrong."""
        options = [
            "--journal-size", "1M", "--log-events", "off", "--messages-per-minute", "0", "--jwt-secret-file",
            str(write_secrets(self.queue))]
        with Server(self.binaries / "wsqueue-server", self.queue, *options) as self.server, \
                selectors.DefaultSelector() as self.selector:
            self.server.ready()
            self.clients = [
                SoakClient(index, self.server, self.random, self.selector, self.counts, self.findings)
                for index in range(self.size)]
            with self._following():
                self._warm_up()
            self.unheard = dict(self.numbers)
            self.consumer = self._consumer()
            try:
                with self._following():
                    self._go_on(report, every)
                    self._finish()
            finally:
                self.consumer.end()
        return self.samples, self.counts, self.findings

    @contextlib.contextmanager
    def _following(self):
        """A publisher of lines, which has published all of them when it is left."""
        self.follower = subprocess.Popen(
            [str(self.binaries / "wsqueue-publish"), "-d", str(self.queue), "--follow"], stdin=subprocess.PIPE)
        try:
            yield
        finally:
            self.follower.stdin.close()
            self.follower.wait(10)

    def _consumer(self):
        return Consumer(
            self.binaries, self.server, self.directory / "cursor", COMMAND, "-c", "a", "-e", "soak",
            environment={"OUT": str(self.out)})

    def _warm_up(self):
        """All connections of the warm-up, as fast as it goes, with an event for each.

        One publisher has all streams but the bulk, as only its own events are in order. There is no consumer yet: it
        starts a program for each event, and the journal would not reach back to where it is."""
        for client in self.clients:
            client.pace = PACE_OF_BULK if "bulk" in client.channels else PACE
        streams = [stream for stream in STREAMS if stream != "bulk"]
        begin, published = time.monotonic(), 0
        tasks = [
            [begin, 60 / PACE_OF_BULK, self._burst],
            [begin, 300 / PACE_OF_BULK, lambda: self.server.signal(signal.SIGHUP)]]
        while published < self.warm_up:
            self._turn(tasks)
            while published < self.counts["connections"]:
                self._follow(self.random.choice(streams))
                published += 1
            self._read(0.001)
        for client in self.clients:
            client.pace = 1

    def _go_on(self, report, every):
        begin = time.monotonic()
        tasks = [
            [begin, 0.5, self._publish], [begin + 1, 5, self._publish_one],
            [begin + 1.5, 2, lambda: self._follow("logs")],
            [begin + 20, 60, self._burst], [begin + 45, 300, lambda: self.server.signal(signal.SIGHUP)],
            [begin + every, every, lambda: report(self._sample(begin))]]
        while time.monotonic() < begin + self.seconds:
            self._turn(tasks)
            self._hear(0.1)

    def _turn(self, tasks):
        for task in tasks:
            if time.monotonic() >= task[0]:
                task[2]()
                task[0] += task[1]
        now = time.monotonic()
        for client in self.clients:
            client.act(now)

    def _read(self, seconds):
        for key, _ in self.selector.select(seconds):
            key.data.read()

    def _hear(self, seconds):
        self._read(seconds)
        # Many small events at once cost less than one at a time.
        time.sleep(0.05)

    def _event(self, stream, size=200):
        number = self.numbers[stream]
        self.numbers[stream] += 1
        event = {
            "event": "soak", "id": f"{stream}/{number}", **STREAMS[stream],
            "payload": {"s": stream, "n": number, "x": "x" * self.random.randrange(size)}}
        if is_keyed(stream):
            event["key"] = f"k{self.random.randrange(300)}"
            if self.random.random() < 0.2:
                event["clear"] = True
        elif not is_whole(stream):
            event["expires_at"] = round(time.time() + self.random.uniform(0, 2), 6)
            if self.random.random() < 0.5:
                event["key"] = f"x{number}"
        self.counts["events"] += 1
        return event

    def _command(self, *words, text=""):
        run = subprocess.run(
            [str(self.binaries / "wsqueue-publish"), "-d", str(self.queue), *words], input=text.encode(),
            capture_output=True, check=False)
        if run.returncode or run.stderr:
            self.findings.append(f"publishing ended with {run.returncode}: {run.stderr.decode()}")

    def _publish(self):
        streams = self.random.choices([name for name in STREAMS if name not in ("bulk", "logs")], k=4)
        self._command("--lines", text="\n".join(json.dumps(self._event(stream)) for stream in streams))

    def _publish_one(self):
        event = self._event("keyed-a")
        words = ["-c", "a", "-k", event["key"], "-i", event["id"], "-j", json.dumps(event["payload"])]
        self._command(*words, *(["--clear"] if "clear" in event else []), "soak")

    def _follow(self, stream):
        self.follower.stdin.write((json.dumps(self._event(stream)) + "\n").encode())
        self.follower.stdin.flush()

    def _burst(self):
        """So much that one who reads nothing is behind with more than its socket takes."""
        self._command("--lines", text="\n".join(json.dumps(self._event("bulk", 8_000)) for _ in range(200)))
        answer = request(self.server, "/metrics")
        if answer.status != 200:
            self.findings.append(f"/metrics answers {answer.status}")

    def _sample(self, begin):
        assert self.consumer.process.poll() is None, self.consumer.err
        memory, tail = self.server.memory(), self.consumer.process.pid
        with open(f"/proc/{tail}/status", encoding="utf-8") as file:
            tail_kb = next((int(line.split()[1]) for line in file if line.startswith("VmRSS")), 0)
        names = os.listdir(self.queue)
        sample = {
            "minute": round((time.monotonic() - begin) / 60, 1), "rss_kb": memory["VmRSS"],
            "anon_kb": memory["RssAnon"], "descriptors": len(os.listdir(f"/proc/{self.server.pid}/fd")),
            "threads": len(os.listdir(f"/proc/{self.server.pid}/task")),
            "journal_kb": self._journal_bytes() // 1_024, "queue": len(names), "failed": len(failed(self.queue)),
            "tail_kb": tail_kb, "tail_fds": len(os.listdir(f"/proc/{tail}/fd")),
            "clients": sum(client.client is not None for client in self.clients),
            "connections": self.counts["connections"], "events": self.counts["events"],
            "deliveries": self.counts["deliveries"],
            "cpu_s": round(self.server.processor_seconds(), 1)}
        self.samples.append(sample)
        return sample

    def _journal_bytes(self):
        total = 0
        for path in (self.queue / ".journal").iterdir():
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                continue
        return total

    def _finish(self):
        """All come back, and have what each is owed."""
        for client in self.clients:
            client.be_there()

        def is_done():
            self._hear(0.1)
            for client in self.clients:
                # One that was behind has been closed.
                client.be_there() if client.client is None else None
            return not self._owed()
        eventually(is_done, lambda: f"all is delivered: {self._owed()}\n{self.server.log}", 60)
        eventually(lambda: not self._unconsumed(), lambda: f"the consumer has all: {self._unconsumed()}", 60, 0.1)
        for stream, numbers in self._consumed().items():
            published = self.numbers[stream]
            if numbers != list(range(numbers[0], published)):
                self.findings.append(f"the consumer got of {stream} {len(numbers)}, not {published} in order")
        levels = ("error", "warning")
        bad = [line for line in self.server.lines if line.get("level") in levels and line["ev"] != "client.slow"]
        if bad:
            self.findings.append(f"the server says {bad[:3]}")
        self.counts["users"], self.counts["consumed"] = len(USERS), len(self.out.read_text().split())
        status = self.server.terminate()
        if status:
            self.findings.append(f"the server ended with {status}")

    def _owed(self):
        return [
            (client.index, stream, client.place.numbers.get(stream, 0), self.numbers[stream])
            for client in self.clients for stream in client.streams
            if client.client is None or client.is_replaying
            or (stream not in client.place.unsure and client.place.numbers.get(stream, 0) != self.numbers[stream])]

    def _consumed(self):
        """The numbers that the consumer got, by the streams that had events since it was there."""
        found = {stream: [] for stream in CONSUMED if self.numbers[stream] > self.unheard[stream]}
        for line in self.out.read_text().split():
            stream, _, number = line.partition("/")
            if stream in found:
                found[stream].append(int(number))
        return found

    def _unconsumed(self):
        return [stream for stream, numbers in self._consumed().items() if self.numbers[stream] - 1 not in numbers]
