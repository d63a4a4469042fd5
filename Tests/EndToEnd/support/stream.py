"""A reader of Server-Sent Events on a plain socket (HTML Living Standard, section 9.2)."""

import json
import time

from .client import connect, read_head


class Stream:
    """One stream; `messages` are (id, data) as an EventSource would hand them out, `names` the names of all so far."""

    def __init__(self, server, path="/events", headers=(), receive_buffer=None, connection=None):
        """`connection` is one to the server that is there already, such as one by TLS."""
        self.socket = connection or connect(server, receive_buffer)
        lines = [f"GET {path} HTTP/1.1", f"Host: {server.host}:{server.port}", *headers]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.last_id, self.retry, self.comments = None, None, 0
        self.messages, self.names, self._name, self._data, self._rest = [], [], None, [], b""
        self._chunks = None
        self.has_ended = False
        line, self.headers, rest = read_head(self.socket)
        if self.headers.get("transfer-encoding") == "chunked":
            self._chunks = Chunks()
        self.status = int(line.split(" ")[1])
        self.body = rest
        if self.status == 200:
            self._feed(rest)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _feed(self, data):
        if self._chunks:
            data = self._chunks.decode(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if not line:
                if self._data:
                    self.messages.append((self.last_id, "\n".join(self._data)))
                    self.names.append(self._name)
                self._name, self._data = None, []
            elif name == "":
                self.comments += 1
            elif name == "id":
                self.last_id = value
            elif name == "retry":
                self.retry = int(value)
            elif name == "event":
                self._name = value
            elif name == "data":
                self._data.append(value)
            else:
                raise AssertionError(f"unexpected field {line!r}")

    def _receive(self, deadline):
        self.socket.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise AssertionError(f"nothing more came: {self.messages[-2:]}") from None
        except ConnectionResetError:
            data = b""
        self.has_ended = not data
        self._feed(data)
        return bool(data)

    def receive(self, count=1, timeout=10.0):
        """The next messages as (id, data)."""
        deadline = time.monotonic() + timeout
        while len(self.messages) < count:
            assert self._receive(deadline), f"ended after {self.messages}"
        taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def receive_events(self, count=1, timeout=10.0):
        return [json.loads(data) for _, data in self.receive(count, timeout)]

    def wait_until(self, condition, timeout=10.0):
        deadline = time.monotonic() + timeout
        while not condition(self):
            assert self._receive(deadline), "ended"

    def receive_until_end(self, timeout=30.0):
        deadline = time.monotonic() + timeout
        while self._receive(deadline):
            pass
        return [json.loads(data) for _, data in self.messages]

    @property
    def is_whole(self):
        """Whether the last chunk has come."""
        return self._chunks is not None and self._chunks.has_ended


class Chunks:
    """What proxies make of a body that ends with its connection (RFC 9112, section 7.1)."""

    def __init__(self):
        self._rest = b""
        self.has_ended = False

    def decode(self, data):
        """What is in the chunks that are whole now."""
        self._rest += data
        content = b""
        while True:
            size, separator, behind = self._rest.partition(b"\r\n")
            if not separator or len(behind) < int(size, 16) + 2:
                return content
            length = int(size, 16)
            self.has_ended = length == 0
            content += behind[:length]
            self._rest = behind[length + 2:]
