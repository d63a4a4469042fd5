"""Consumers that note how far they have come: `wsqueue-server tail --cursor-file`."""

import os
import signal
import subprocess

from .waiting import deadline_after, eventually


class Consumer:
    """A running one, in a group of its own with what it starts."""

    def __init__(self, binaries, server, cursor, command, *options, environment=(), prefix=()):
        address = f"{server.host}:{server.port}"
        self.err_path = f"{cursor}.err"
        with open(self.err_path, "ab") as err:
            self.process = subprocess.Popen(
                [*prefix, str(binaries / "wsqueue-server"), "tail", address, "--cursor-file", str(cursor), "--exec",
                 command, *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, start_new_session=True,
                env={**os.environ, **dict(environment)})

    @property
    def err(self):
        with open(self.err_path, encoding="utf-8") as file:
            return file.read()

    def status(self, timeout=10.0):
        """Waits for its end."""
        return self.process.wait(max(0, deadline_after(timeout) - deadline_after(0)))

    def kill(self):
        """As kill -9 does; a command of its that runs goes on."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """Ends it and what it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def says(self, text):
        """Waits until it says something on standard error."""
        eventually(lambda: text in self.err, lambda: self.err)
