"""A run of the real programs in which one system call fails once (strace(1)): nothing may be lost or doubled, whoever
ends does so with a status of sysexits.h, and what failed is said.

The run publishes, delivers, syncs, deletes, trims, and starts the server again.
"""

import dataclasses
import errno
import json
import os
import pathlib
import subprocess
import time

from .client import Client
from .consuming import Consumer
from .files import place, waiting
from .ports import free_port
from .server import Server
from .speaking import PROTOCOL
from .waiting import eventually

# Those of sysexits.h, and 0.
STATUSES = {0, *range(64, 79)}
COMMAND = 'echo "$WSQUEUE_ID" >> "$OUT"'
REFUSED = "1795231800000000000-1-1-00000000.json"
BATCH, BATCH_LINES = 3_000, 8


@dataclasses.dataclass(frozen=True)
class Fault:
    """In which program which call fails, with what, and when: the count is each thread's own.

    `server` is the first one, `again` the one that is started behind it. `where` is the path that the calls have to
    name, relative to the run's directory. A line has to say what the error is called, or `says`, unless `quiet` has a
    reason why not.
    """

    program: str
    call: str
    error: str
    when: int
    where: str = ""
    quiet: str = ""
    says: str = ""

    def __str__(self):
        where = f" of {self.where}" if self.where else ""
        return f"{self.program}: {self.call}{where} number {self.when} fails with {self.error}"

    @property
    def text(self):
        """What the line has to say; programs write what the error is called with a small letter."""
        return self.says or os.strerror(getattr(errno, self.error))[1:]

    def prefix(self, directory, trace):
        """What to put before the command."""
        words = ["strace", "-D", "-q", "-o", str(trace), *(["-f"] if self.program in ("server", "again") else [])]
        words += ["-P", str(directory / self.where)] if self.where else []
        words += ["-e", f"trace={self.call}", "-e", f"inject={self.call}:error={self.error}:when={self.when}"]
        return [*words, "--"]


class FaultyRun:
    """The run with one fault, or with none; `run` gives what is wrong, `said` is the line that tells of it."""

    def __init__(self, binaries, directory, fault=None):
        self.binaries, self.directory, self.fault = pathlib.Path(binaries), pathlib.Path(directory), fault
        self.queue, self.trace = self.directory / "queue", self.directory / "trace"
        self.queue.mkdir()
        self.out = self.directory / "consumed"
        self.out.touch()
        self.listen = f"127.0.0.1:{free_port()}"
        self.published, self.heard, self.cursor, self.client = [], [], None, None
        self.said, self.findings, self.texts, self.ends = "", [], [], []
        self.consumer = None

    def run(self):
        try:
            self._play()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            self.findings.append(f"{type(error).__name__}: {error}")
        finally:
            if self.client:
                self.client.socket.close()
            if self.consumer:
                self.consumer.end()
            self.server.__exit__()
        self._judge()
        return self.findings

    def _play(self):
        self._start("server")
        eventually(lambda: self._hear() or self.cursor, "the client is welcomed")
        self.consumer = self._consumer("tail")
        for number in range(3):
            self._publish(f"e{number}", "publish" if number == 1 else None)
        self._publish("key", None, "-k", "k")
        self._until_delivered()
        place(self.queue, "status.json", '{"event":"n","payload":0,"id":"foreign"}')
        self.published.append("foreign")
        place(self.queue, REFUSED, "{")
        eventually(lambda: self._hear() or self.server.logged("event.rejected"), "it is refused")
        for number in range(4):
            self._publish_batch(f"b{number}")
            self._until_delivered()
        self._stop()
        self._publish("down", None)
        self._start("again")
        self._until_delivered()
        self._publish_batch("last")
        self._until_delivered()
        self._stop()

    # Programs.

    def _prefix(self, program):
        return self.fault.prefix(self.directory, self.trace) if self.fault and self.fault.program == program else []

    def _start(self, program):
        """Starts a server; where that ends at once, once more without a fault, as a service manager does."""
        for prefix in filter(lambda prefix: prefix is not None, (self._prefix(program), [])):
            self.server = Server(
                self.binaries / "wsqueue-server", self.queue, "--journal-size", "64K", "--drain", "2s", "--log-level",
                "debug", listen=self.listen, prefix=prefix)
            try:
                self.server.ready()
                return
            except AssertionError:
                self._ended()
        raise AssertionError(f"no server starts: {self.texts[-1]}")

    def _ended(self):
        self._note_end("server", self.server.exit_status(), self.server.raw_log.decode())

    def _note_end(self, program, status, text):
        self.ends.append(f"{program} {status}")
        self.texts.append(text)
        if status not in STATUSES:
            self.findings.append(f"{program} ended with {status}: {text[-500:]}")

    def _stop(self):
        # Who does not answer a close frame is waited for.
        if self.client:
            self.client.socket.close()
            self.client = None
        if self.server.process.poll() is None:
            self.server.process.terminate()
        self._ended()

    def _consumer(self, program=None):
        return Consumer(
            self.binaries, self.server, self.directory / "cursor", COMMAND, "--since", "all",
            environment={"OUT": str(self.out)}, prefix=self._prefix(program))

    def _command(self, program, *words, text=""):
        """Publishes, and where that fails, once more, under the same id."""
        for prefix in (self._prefix(program), []):
            run = subprocess.run(
                [*prefix, str(self.binaries / "wsqueue-publish"), "-d", str(self.queue), "-s", "full", *words],
                input=text.encode(), capture_output=True, check=False)
            if prefix or run.returncode:
                self._note_end("publish", run.returncode, run.stderr.decode())
            if run.returncode == 0:
                return
        raise AssertionError(f"nothing can be published: {self.texts[-1]}")

    def _publish(self, name, program, *words):
        self._command(program, *words, "-i", name, "n", "-t", name)
        self.published.append(name)

    def _publish_batch(self, name):
        lines = [
            json.dumps({"event": "n", "payload": "x" * BATCH, "id": f"{name}-{line}"}) for line in range(BATCH_LINES)]
        self._command(None, "--lines", text="\n".join(lines))
        self.published += [f"{name}-{line}" for line in range(BATCH_LINES)]

    # What arrives.

    def _listen(self):
        """Connects, or comes back with the cursor."""
        query = f"/?since={self.cursor}" if self.cursor else "/"
        try:
            self.client = Client(self.server, query, protocol=PROTOCOL)
        except (OSError, AssertionError):
            time.sleep(0.02)

    def _hear(self):
        if self.client is None:
            self._listen()
            return
        self.client.socket.settimeout(0.02)
        is_open = True
        try:
            data = self.client.socket.recv(1 << 18)
            is_open = bool(data)
            self.client.frames.feed(data)
        except TimeoutError:
            pass
        except OSError:
            is_open = False
        for message in map(json.loads, self.client.frames.take()):
            if "seq" in message:
                self.heard.append(message["id"])
                self.cursor = f"{self.cursor.partition(':')[0]}:{message['seq']}"
            elif message.get("action") == "welcome" and not self.cursor:
                self.cursor = message["cursor"]
            elif message.get("action") == "resumed":
                self.cursor = message["cursor"]
                if not message["complete"]:
                    self.findings.append(f"a gap: {message}")
        if not is_open:
            self.client.socket.close()
            self.client = None

    @property
    def consumed(self):
        return self.out.read_text().split()

    def _until_delivered(self):
        def is_done():
            self._hear()
            if self.server.process.poll() is not None:
                self._ended()
                self._start(None)
            if self.consumer.process.poll() is not None:
                self._note_end("tail", self.consumer.process.returncode, self.consumer.err)
                self.consumer = self._consumer()
            wanted = set(self.published)
            left = set(waiting(self.queue)) - {REFUSED}
            return wanted <= set(self.heard) and wanted <= set(self.consumed) and not left
        eventually(
            is_done, lambda: f"delivered {len(self.heard)} and {len(set(self.consumed))} of {len(self.published)}, "
            f"{waiting(self.queue)[:3]} wait\n{self.server.log[-1500:]}", 20)

    def _judge(self):
        if self.heard != self.published:
            self.findings.append(f"heard {self.heard}, published {self.published}")
        if list(dict.fromkeys(self.consumed)) != self.published:
            self.findings.append(f"consumed {self.consumed}, published {self.published}")
        if self.fault is None:
            return
        if "INJECTED" not in self.trace.read_text(errors="replace"):
            self.findings.append("the call was not made so often")
        texts = [*self.texts, self.consumer.err if self.consumer else ""]
        lines = [line for text in texts for line in text.splitlines() if self.fault.text in line]
        self.said = lines[0] if lines else ""
        if not lines and not self.fault.quiet:
            self.findings.append("nothing says it")
