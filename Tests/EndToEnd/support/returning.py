"""A client that loses its connection again and again, and comes back with its cursor."""

import random
import threading
import time

from .client import Client
from .speaking import PROTOCOL


class Returning(threading.Thread):
    """Writes down what it hears; `is_ending` ends it."""

    def __init__(self, epoch, seed, history):
        super().__init__(daemon=True)
        self.epoch, self.seq = epoch, 0
        self.random = random.Random(seed)
        self.history = history
        self.is_ending = False

    def run(self):
        while not self.is_ending:
            try:
                self.stay()
            except (OSError, AssertionError):
                # The server is gone, does not let anybody in yet, or was killed in the middle of a handshake.
                time.sleep(0.005)

    def stay(self):
        """Calls `listen` with a server."""
        raise NotImplementedError

    def note(self, event):
        """What else is to be known of an event."""

    def listen(self, server, patience, query=""):
        """Stays for so many messages, or until the connection ends."""
        cursor = f"{self.epoch}:{self.seq}"
        with Client(server, f"/?{query}since={cursor}", protocol=PROTOCOL) as client:
            self.history.connects(cursor)
            client.socket.settimeout(0.5)
            try:
                client.pass_on(self._take, patience, lambda: self.is_ending)
            finally:
                self.history.closes()

    def _take(self, text):
        message = self.history.hears(text)
        if "seq" in message:
            self.seq = message["seq"]
            self.note(message)
