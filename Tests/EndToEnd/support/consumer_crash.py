"""A durable consumer and its server that are killed at any moment, while events are published."""

import json
import pathlib
import random
import signal
import time

from .consuming import Consumer
from .files import name_of, place, waiting
from .ports import free_port
from .server import Server
from .waiting import eventually

# The command refuses events whose number ends with this, and fails once with those that end with 333.
REFUSED = 77
COMMAND = r"""
case $WSQUEUE_ID in
*77) exit 65 ;;
*333) test -e "$OUT.$WSQUEUE_ID" || { : > "$OUT.$WSQUEUE_ID"; exit 1; } ;;
esac
echo "$WSQUEUE_ID" >> "$OUT"
"""


class ConsumerCrash:
    """The whole: so often the server or the consumer is killed, each time in the midst of events."""

    def __init__(self, binaries, directory, kills, seed=None, events=12):
        self.binaries = pathlib.Path(binaries)
        self.directory = pathlib.Path(directory)
        self.queue = self.directory / "crash"
        self.queue.mkdir()
        self.out = self.directory / "delivered"
        self.out.touch()
        self.kills = kills
        self.each = events
        self.random = random.Random(seed)
        self.listen = f"127.0.0.1:{free_port()}"
        self.published = 0
        self.counts = {"server_kills": 0, "consumer_kills": 0, "with_command": 0, "starts": 0}
        self.findings = []
        self._doubled = 0

    def run(self, report=lambda kill: None):
        """Kills, waits until all is delivered, and gives the counts and what is wrong."""
        self._start_server()
        self._start_consumer()
        try:
            for kill in range(1, self.kills + 1):
                self._publish(self.each)
                # Between a tenth and all of what that takes.
                time.sleep(self.random.random() * 0.01 * self.each)
                self._kill()
                report(kill)
            self._finish()
        finally:
            self.consumer.end()
            self.server.__exit__()
        return {**self.progress(), "doubled": self._doubled}, self.findings

    def progress(self):
        """The counts so far."""
        return dict(self.counts, events=self.published, deliveries=len(self.delivered))

    @property
    def delivered(self):
        return [int(line) for line in self.out.read_text().split()]

    @property
    def refused(self):
        failed = pathlib.Path(f"{self.directory}/cursor.failed")
        return sorted(int(json.loads(path.read_text())["id"]) for path in failed.glob("*.json"))

    def _publish(self, count):
        for number in range(self.published, self.published + count):
            place(self.queue, name_of(number), json.dumps({"event": "n", "payload": number, "id": str(number)}))
        self.published += count

    def _kill(self):
        if self.random.random() < 0.5:
            self.counts["server_kills"] += 1
            self.server.process.kill()
            self.server.exit_status()
            self._start_server()
        if self.counts["server_kills"] + self.counts["consumer_kills"] == 0 or self.random.random() < 0.7:
            self.counts["consumer_kills"] += 1
            if self.random.random() < 0.5:
                self.counts["with_command"] += 1
                self.consumer.end()
            else:
                self.consumer.kill()
            self._start_consumer()
        elif self.consumer.process.poll() is not None:
            self._start_consumer()

    def _start_server(self):
        self.server = Server(
            self.binaries / "wsqueue-server", self.queue, "--journal-size", "1G", listen=self.listen).ready()

    def _start_consumer(self):
        """What a service manager does: it starts what has ended, unless a person has to look."""
        before = getattr(self, "consumer", None)
        if before is not None and before.process.returncode not in (-signal.SIGKILL, 69):
            self.findings.append(f"the consumer has ended with {before.process.returncode}: {before.err[-500:]}")
        self.counts["starts"] += 1
        self.consumer = Consumer(
            self.binaries, self.server.ready(), self.directory / "cursor", COMMAND, "--since", "all",
            environment={"OUT": str(self.out)})

    def _finish(self):
        wanted = {number for number in range(self.published) if number % 100 != REFUSED}

        def is_done():
            if self.consumer.process.poll() is not None:
                self._start_consumer()
            return wanted <= set(self.delivered) and not waiting(self.queue)
        eventually(is_done, lambda: f"all is delivered: {self.progress()}\n{self.consumer.err[-2000:]}", 60, 0.05)
        delivered = self.delivered
        first = list(dict.fromkeys(delivered))
        self._doubled = len(delivered) - len(first)
        if first != sorted(first):
            at = next(place for place, number in enumerate(sorted(first)) if first[place] != number)
            self.findings.append(f"out of order: {first[max(0, at - 3):at + 4]}")
        if set(first) != wanted:
            self.findings.append(f"delivered {sorted(set(first) ^ wanted)[:10]} and should not, or should")
        refused = [number for number in range(self.published) if number % 100 == REFUSED]
        if self.refused != refused:
            self.findings.append(f"set aside {self.refused[:10]}…, not {refused[:10]}…")
