"""Who is asked whether it is there, and how one is found that is not."""

import contextlib
import ctypes
import socket
import struct
import subprocess
import sys

import pytest

from support.client import Client, handshake_request
from support.frames import client_frame
from support.metrics import Metrics
from support.waiting import eventually, suspend

SAYING = client_frame(1, b'{"action":"ping"}')
# A process that says something all the time; the end of its input is its own.
SPEAKER = """
import select, socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
connection.sendall(bytes.fromhex(sys.argv[3]))
while not select.select([sys.stdin], [], [], 0.02)[0]:
    connection.sendall(bytes.fromhex(sys.argv[4]))
    if not connection.recv(65536):
        break
"""


def swallow(connection):
    """From now on the kernel throws away what comes for this socket, before TCP sees it: as a network does that is cut.
    The filter is one instruction, which takes none of any packet (socket(7), SO_ATTACH_FILTER)."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(instruction))
    connection.setsockopt(socket.SOL_SOCKET, 26, program)


@contextlib.contextmanager
def frozen(server, request):
    """A process that speaks is stopped."""
    words = [server.host, str(server.port), request.hex(), SAYING.hex()]
    process = subprocess.Popen([sys.executable, "-S", "-c", SPEAKER, *words], stdin=subprocess.PIPE)
    try:
        eventually(lambda: clients(server) == 1, "it is there")
        suspend(process.pid)
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def swallowed(server, _):
    """The network of a client that has just spoken swallows everything."""
    with Client(server) as client:
        client.socket.sendall(SAYING)
        client.receive()
        swallow(client.socket)
        yield


def clients(server):
    return Metrics(server)("wsqueue_clients", transport="websocket")


def test_who_speaks_is_not_asked_and_who_only_listens_is(start):
    server = start("--ping", "1s", "--pong", "500ms")
    with Client(server) as speaker, Client(server) as listener:
        asked = 0
        while asked < 2:
            speaker.socket.sendall(SAYING)
            speaker.frames.feed(speaker.socket.recv(65_536))
            assert not speaker.frames.pings
            listener.socket.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                listener.frames.feed(listener.socket.recv(65_536))
            for ping in listener.frames.pings:
                asked += 1
                listener.send(0xA, ping)
            listener.frames.pings.clear()
        assert clients(server) == 2


@pytest.mark.parametrize("way", [frozen, swallowed])
def test_one_that_spoke_is_found_when_it_is_gone(start, way):
    server = start("--ping", "600ms", "--pong", "500ms")
    with way(server, handshake_request(server.host, server.port)[0]), Client(server) as lively:
        # It answers what it is asked, and is there at the end.
        def is_alone():
            lively.socket.settimeout(0.02)
            with contextlib.suppress(AssertionError):
                lively.receive(timeout=0.02)
            return clients(server) == 1

        eventually(is_alone, "only the other one is left")
        assert lively.frames.close is None
