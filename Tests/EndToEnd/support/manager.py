"""A service manager: what systemd gives its services and hears from them (sd_notify(3), sd_listen_fds(3))."""

import ctypes
import fcntl
import os
import socket

from .waiting import eventually

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


class Manager:
    """Listens on a notify socket; an address that begins with `@` is an abstract one."""

    def __init__(self, address):
        self.address = str(address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address.replace("@", "\0", 1))
        self.socket.setblocking(False)
        self.messages = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def environment(self, **variables):
        """What to put before a command that shall tell this manager how it is."""
        variables["NOTIFY_SOCKET"] = self.address
        return ["env", *(f"{name}={value}" for name, value in variables.items())]

    def take(self):
        """The messages that have come, each a dictionary."""
        while True:
            try:
                text = self.socket.recv(65536).decode()
            except BlockingIOError:
                return self.messages
            self.messages.append(dict(line.split("=", 1) for line in text.split("\n")))

    def find(self, after=0, **pairs):
        """The places of the messages from `after` on that carry these pairs; a value of None is any."""
        return [
            index for index, message in enumerate(self.take())
            if index >= after and all(
                key in message and value in (None, message[key]) for key, value in pairs.items())
        ]

    def wait_for(self, after=0, timeout=20.0, **pairs):
        """The place of the first message that carries these pairs."""
        return eventually(
            lambda: self.find(after, **pairs) and [self.find(after, **pairs)[0]],
            lambda: f"{pairs} among {self.messages[-5:]}", timeout)[0]


class Passing:
    """Sockets that a server is passed as 3, 4, …; `how` is what starting one takes."""

    # Far from where they go, so that none is overwritten on its way.
    FIRST = 200

    def __init__(self, *sockets, names=None, pid="$$", before=()):
        self.numbers = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, self.FIRST) for one in sockets]
        moves = "".join(f" {3 + index}<&{number} {number}<&-" for index, number in enumerate(self.numbers))
        script = f"exec{moves}; export LISTEN_PID={pid} LISTEN_FDS={len(sockets)}"
        if names is not None:
            script += f" LISTEN_FDNAMES={':'.join(names)}"
        prefix = [*before, "bash", "-c", script + '; exec "$@"', "-"]
        self.how = {"prefix": prefix, "pass_fds": self.numbers, "listen": None}

    def __enter__(self):
        return self.how

    def __exit__(self, *_):
        for number in self.numbers:
            os.close(number)


class StoppedThread:
    """Stops one thread of a process, and no other (ptrace(2)): a loop that goes round no more."""

    def __init__(self, process, name):
        self.thread = next(
            int(task) for task in os.listdir(f"/proc/{process}/task")
            if name_of_thread(process, task) == name)
        self.library = ctypes.CDLL(None, use_errno=True)

    def _call(self, request):
        if self.library.ptrace(request, self.thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._call(PTRACE_SEIZE)
        self._call(PTRACE_INTERRUPT)
        # __WALL: a thread that is no child of ours is waited for only by its own number.
        os.waitpid(self.thread, 0x40000000)
        return self

    def __exit__(self, *_):
        self._call(PTRACE_DETACH)


def name_of_thread(process, thread):
    with open(f"/proc/{process}/task/{thread}/comm", encoding="utf-8") as file:
        return file.read().strip()
