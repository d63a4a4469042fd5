"""Ports that a test names before anybody listens at them."""

import contextlib
import random
import socket


def free_port():
    """Not one that the kernel gives to whoever connects or asks for any: tests run side by side, and asking there
    until somebody listens could meet itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
