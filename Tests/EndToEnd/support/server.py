"""The real server as a child process, its log taken apart."""

import collections
import os
import re
import signal
import subprocess
import threading
import time

from .waiting import deadline_after, eventually, suspend

# What every line of the log is.
LINE = re.compile(
    rb'ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=(error|warning|notice|info|debug) ev=[a-z]+\.[a-z_]+'
    rb'( [a-z_0-9]+=("([^"\\\x00-\x1f]|\\.)*"|[^\s"]+))*')
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
# Numeric, because the account may have no name in a small container.
NOBODY = 65534


def parse_line(text):
    """The pairs of a log line; quoted values without their quotes and escapes."""
    def value(raw):
        if not raw.startswith('"'):
            return raw
        return re.sub(r"\\(u[0-9a-f]{4}|.)", lambda found: unescape(found[1]), raw[1:-1])
    return {key: value(raw) for key, raw in PAIR.findall(text)}


def unescape(escape):
    if escape.startswith("u") and len(escape) == 5:
        return chr(int(escape[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)


class Server:
    """A running wsqueue-server on a port of its own; stopped, by its id, when the `with` block ends."""

    def __init__(
            self, binary, queue, *options, as_nobody=False, listen="127.0.0.1:0", descriptors=None, prefix=(),
            pass_fds=()):
        self.queue = queue
        command = [str(binary), "-d", str(queue), *(["-l", listen] if listen else []), *options]
        if as_nobody and os.geteuid() == 0:
            command = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", *command]
        if descriptors:
            command = ["prlimit", f"--nofile={descriptors}:{descriptors}", *command]
        self.run([*prefix, *command], pass_fds)

    def run(self, command, pass_fds=()):
        """Starts it by a whole command."""
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=pass_fds)
        self.raw_log = b""
        self._lines = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.raw_log += line
            self._lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait(10)
        self._reader.join(5)

    @property
    def pid(self):
        return self.process.pid

    @property
    def lines(self):
        """All that was logged so far, as dictionaries."""
        return [parse_line(line) for line in list(self._lines)]

    @property
    def log(self):
        return "\n".join(self._lines[-40:])

    def logged(self, name, /, **pairs):
        """The lines of one name that carry these pairs."""
        # Who waits for a line asks hundreds of times a second: of all others none is taken apart.
        found = [parse_line(line) for line in list(self._lines) if f" ev={name}" in line]
        return [
            line for line in found
            if line.get("ev") == name and all(line.get(key) == str(value) for key, value in pairs.items())
        ]

    def times(self, name, /, **pairs):
        """How often something was said, together with what was folded into one line."""
        return sum(int(line.get("repeat", 1)) for line in self.logged(name, **pairs))

    def wait_for(self, name, /, timeout=10.0, **pairs):
        """The first line of one name that carries these pairs."""
        def look():
            found = self.logged(name, **pairs)
            if not found and self.process.poll() is not None:
                self._reader.join(5)
                found = self.logged(name, **pairs)
                assert found, f"the server ended ({self.process.returncode}) without {name}:\n{self.log}"
            return found
        return eventually(look, lambda: f"{name} {pairs} in the log:\n{self.log}", timeout)[0]

    def ready(self, timeout=20.0):
        """Waits until it listens, and gives itself."""
        line = self.wait_for("server.ready", timeout)
        host, _, port = line["listen"].rpartition(":")
        if host != "unix":
            self.host, self.port = host.strip("[]"), int(port)
        return self

    @property
    def address(self):
        return f"ws://{self.host}:{self.port}/"

    def signal(self, number):
        if number == signal.SIGSTOP:
            suspend(self.pid)
        else:
            os.kill(self.pid, number)

    def exit_status(self, timeout=10.0):
        """Waits for its end."""
        status = self.process.wait(deadline_after(timeout) - time.monotonic())
        self._reader.join(5)
        return status

    def terminate(self, timeout=30.0):
        """Asks it to drain; gives the exit status."""
        self.signal(signal.SIGTERM)
        return self.exit_status(timeout)

    def _stat(self):
        """The fields of /proc/PID/stat behind the name, which may hold anything: `R`, `S`, `T`, … is the first."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()

    def state(self):
        """`R`, `S`, `T` (stopped), … (proc_pid_stat(5))."""
        return self._stat()[0]

    def processor_seconds(self):
        """The processor time that it has used, in all its threads."""
        return sum(int(ticks) for ticks in self._stat()[11:13]) / os.sysconf("SC_CLK_TCK")

    def bytes_read(self):
        """What it has read so far, of files and of sockets (`rchar` of proc_pid_io(5))."""
        with open(f"/proc/{self.pid}/io", encoding="utf-8") as file:
            return int(dict(line.split(": ") for line in file)["rchar"])

    def memory(self):
        """Kilobytes by kind, of /proc/PID/status and smaps_rollup: `VmHWM`, `RssAnon`, `RssShmem`, `Pss`, …"""
        found = collections.Counter()
        for name in ("status", "smaps_rollup"):
            with open(f"/proc/{self.pid}/{name}", encoding="utf-8") as file:
                for line in file:
                    parts = line.split()
                    if len(parts) == 3 and parts[2] == "kB":
                        found[parts[0].rstrip(":")] = int(parts[1])
        return found
