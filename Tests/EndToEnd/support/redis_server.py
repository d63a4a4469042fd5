"""A real redis-server as a child process, with everything that can happen to one."""

import os
import shutil
import signal
import socket
import subprocess

from .waiting import eventually, suspend

# In /tmp, because a socket's path has at most 107 bytes and pytest's directories are longer.
SOCKET_NAME = "redis.sock"


def is_installed():
    return shutil.which("redis-server") is not None


class RedisFault(Exception):
    """What Redis answers when it does not do what it was asked to: `LOADING …`, `NOAUTH …`"""


class RedisConnection:
    """One connection: commands in, answers out (RESP2). Bulk strings come as bytes."""

    def __init__(self, where, timeout=10.0):
        self._socket = socket.socket(socket.AF_INET if isinstance(where, tuple) else socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(where)
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    def send(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self._socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def receive(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis ended the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisFault(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self._file.read(int(rest) + 2)[:-2]
        return [self.receive() for _ in range(int(rest))]

    def ask(self, *words):
        self.send(*words)
        return self.receive()


class RedisServer:
    """A redis-server of its own on a Unix socket, or on a port; ended, by its id, when the `with` block ends.

    It keeps its data in `directory` over a stop or a kill: `append_only` says whether all of it (fsync is not what is
    tested here, so that is left to the kernel), or only what `SAVE` has written.
    """

    def __init__(self, directory, *options, port=None, append_only=True, password=None):
        self.directory, self.port, self.password = directory, port, password
        os.makedirs(directory, exist_ok=True)
        self.options = [
            "--dir", str(directory), "--port", str(port or 0), "--bind", "127.0.0.1", "--save", "",
            "--unixsocket", self.socket_path, "--appendonly", "yes" if append_only else "no",
            "--appendfsync", "no", "--enable-debug-command", "yes", "--loglevel", "warning", "--daemonize", "no",
            "--loading-process-events-interval-bytes", "1024", "--repl-diskless-sync-delay", "0",
            *(["--requirepass", password] if password else []), *options]
        self.process = None

    @property
    def socket_path(self):
        return os.path.join(self.directory, SOCKET_NAME)

    @property
    def url(self):
        """What `--redis` takes."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}" if self.port else f"redis://{login}{self.socket_path}"

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def start(self, *options, is_ready=True):
        """Starts it, with further options for this time; waits until it serves (LOADING is over) unless told not to."""
        assert self.process is None or self.process.poll() is not None, "it runs"
        with open(os.path.join(self.directory, "redis.log"), "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *self.options, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._listens, self._log, 20)
        if is_ready:
            eventually(lambda: self.state() == "PONG", self._log, 60)
        return self

    def _log(self):
        with open(os.path.join(self.directory, "redis.log"), encoding="utf-8", errors="replace") as file:
            return f"redis-server is there; its log: {file.read()[-2000:]}"

    def _listens(self):
        assert self.process.poll() is None, self._log()
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def state(self):
        """`PONG`, or the word by which it refuses: `LOADING`, …"""
        try:
            return self.ask("PING")
        except RedisFault as fault:
            return str(fault).split()[0]

    def stop(self):
        """Ends it in order, as `systemctl stop` does."""
        self.process.terminate()
        self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def restart(self, *options):
        self.stop()
        return self.start(*options)

    def suspend(self):
        """Stops the process (SIGSTOP): its sockets stay open and say nothing."""
        suspend(self.pid)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def connect(self, timeout=10.0):
        connection = RedisConnection(self.socket_path, timeout)
        if self.password:
            connection.ask("AUTH", self.password)
        return connection

    def ask(self, *words):
        with self.connect() as connection:
            return connection.ask(*words)

    def pause_clients(self, seconds, kind="ALL"):
        """CLIENT PAUSE: it takes commands and answers none for so long (`WRITE`: none that writes). Nothing ends it."""
        self.ask("CLIENT", "PAUSE", int(seconds * 1000), kind)

    def configure(self, name, value):
        self.ask("CONFIG", "SET", name, value)

    def fill(self):
        """No memory is left for what writes (`OOM …`) until it is given room again."""
        self.configure("maxmemory", 1)

    def give_room(self):
        self.configure("maxmemory", 0)

    def end_connections(self):
        """Ends all others' connections, also those that subscribe."""
        self.ask("CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal")
        self.ask("CLIENT", "KILL", "TYPE", "pubsub")

    def stream(self, name="wsqueue"):
        """All entries as (id, fields)."""
        entries = self.ask("XRANGE", name, "-", "+")
        return [(identity.decode(), dict(zip(fields[::2], fields[1::2]))) for identity, fields in entries]

    def follow(self, other):
        """Becomes a replica of another one, which has a port, and waits until it is in step."""
        self.ask("REPLICAOF", "127.0.0.1", other.port)
        eventually(lambda: b"master_link_status:up" in self.ask("INFO", "replication"), self._log, 20)

    def has_followed(self, other):
        """Whether it has everything that the other has."""
        def offset(server, name):
            text = server.ask("INFO", "replication").decode()
            return next(line for line in text.splitlines() if line.startswith(name)).partition(":")[2]
        return offset(self, "slave_repl_offset") == offset(other, "master_repl_offset")

    def promote(self):
        """Serves by itself from now on, as the replica that a failover has chosen."""
        self.ask("REPLICAOF", "NO", "ONE")

    def start_loading(self, seconds=2.0):
        """Comes back with `LOADING` for about so long."""
        keys = 200
        self.ask("DEBUG", "POPULATE", keys, "padding", 1000)
        self.stop_saved()
        self.start("--key-load-delay", str(int(seconds / keys * 1_000_000)), is_ready=False)

    def stop_saved(self):
        """Ends it with all data on the disk, whatever it writes usually."""
        if self.ask("CONFIG", "GET", "appendonly")[1] == b"no":
            self.ask("SAVE")
        else:
            self.ask("BGREWRITEAOF")
            eventually(self._has_rewritten, self._log, 20)
        self.stop()

    def _has_rewritten(self):
        state = self.ask("INFO", "persistence").split()
        return b"aof_rewrite_in_progress:0" in state and b"aof_rewrite_scheduled:0" in state
