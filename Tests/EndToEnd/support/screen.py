"""A program on a terminal of its own: what it shows there."""

import os
import pty
import select
import subprocess
import time

from .waiting import deadline_after


class Screen:
    """A program whose standard streams are a terminal; ended, by its id, when the `with` block ends."""

    def __init__(self, *command, **environment):
        self._leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=follower, stdout=follower, stderr=follower,
            env={**os.environ, "TERM": "xterm", **environment})
        os.close(follower)
        self._shown = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._leader)

    def type(self, text, delay=0.02):
        """Types it, a key after the other, and Enter; gives how many keys that were."""
        for letter in text + "\r":
            os.write(self._leader, letter.encode())
            time.sleep(delay)
        return len(text) + 1

    @property
    def text(self):
        return self._shown.decode(errors="replace")

    def _read(self, seconds):
        """Takes what has come; gives whether there may be more."""
        if not select.select([self._leader], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self._leader, 65536)
        except OSError:
            piece = b""
        self._shown += piece
        return bool(piece)

    def wait_for(self, is_there, timeout=10.0):
        """Waits until what is shown is as wanted; gives it."""
        end = deadline_after(timeout)
        while not is_there(self.text):
            assert deadline_after(0) < end and self._read(0.1), self.text
        return self.text

    def end(self, timeout=10.0):
        """Waits for the program's end; gives its status."""
        end = deadline_after(timeout)
        while self._read(0.1):
            assert deadline_after(0) < end, self.text
        return self.process.wait(timeout)
