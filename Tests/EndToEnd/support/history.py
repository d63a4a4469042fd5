"""Histories of test runs, which check-history compares with what wsqueue promises.

Their lines are those of Tests/History/HistoryEntry.swift. Each process or thread writes a file of its own.
"""

import json
import os
import subprocess
import zlib

PAYLOAD, TIMESTAMP = b'"payload":', b',"timestamp":'


def payload_of(publisher, number):
    """The payload's text of an event whose publication is written into a history."""
    return json.dumps([publisher, number])


def digest(payload):
    """The payload's bytes, as a history has them."""
    return f"{zlib.crc32(payload):08x}"


class History:
    """A file of facts; what is written survives the end of the process that wrote it."""

    def __init__(self, path):
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        self._cut()

    def _cut(self):
        """Takes away the line that a writer which was killed did not end: a kill may stop a write between two pages."""
        size = os.fstat(self._file).st_size
        start = max(0, size - 65_536)
        end = os.pread(self._file, size - start, start)
        os.ftruncate(self._file, start + end.rfind(b"\n") + 1)

    def write(self, *lines):
        """Adds lines; of a process that is killed meanwhile the last one may be cut off."""
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())

    def invoke(self, publisher, numbers, channel=None):
        """Events are about to be published."""
        self.write(*(
            f"publish {publisher} {number} invoked {digest(payload_of(publisher, number).encode())} {channel or '-'}"
            for number in numbers))

    def succeed(self, publisher, numbers):
        """Their publication has returned: they survive a kill."""
        self.write(*(f"publish {publisher} {number} ok kill" for number in numbers))


class ClientHistory:
    """What one client hears, over all its connections."""

    def __init__(self, path, name, channels=()):
        self.history = History(path)
        self.name = name
        self._lines = []
        self._note(f"listens {','.join(channels) or '-'}")

    def connects(self, cursor):
        """It is about to connect, with a cursor."""
        self._note(f"connects {cursor}")

    def hears(self, text):
        """Takes a message as it came, and gives it parsed."""
        message = json.loads(text)
        if "seq" in message:
            publisher, number = message["payload"]
            payload = text[text.index(PAYLOAD) + len(PAYLOAD):text.index(TIMESTAMP)]
            self._note(f"event {message['seq']} {publisher} {number} {digest(payload)} {message['id']}")
        elif message.get("action") == "welcome":
            self._note(f"welcome {message['cursor']}")
        elif message.get("action") == "resumed":
            how = "complete" if message["complete"] else f"gap {message['gap']['to']}"
            self._note(f"resumed {message['cursor']} {how}")
        return message

    def closes(self):
        """The connection has ended."""
        self._note("closed")
        self.history.write(*self._lines)
        self._lines.clear()

    def _note(self, fact):
        self._lines.append(f"client {self.name} {fact}")


def check(binaries, histories):
    """Compares histories, of publishers first, with what is promised.

    Returns how often what happened and which promise was broken, and what is wrong in words.
    """
    command = [str(binaries / "check-history"), *(str(history.path) for history in histories)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    *findings, last = run.stdout.splitlines()
    counts = dict(word.split("=") for word in last.split())
    return {name: int(count) for name, count in counts.items()}, findings
