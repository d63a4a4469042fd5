"""A network between a client and the server that can be cut: what is sent while it is cut is swallowed."""

import contextlib
import socket
import threading


class Relay:
    """Passes TCP connections on to the server; as long as it is cut nothing arrives and nobody is told."""

    def __init__(self, server):
        self.target = (server.host, server.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self.listener.getsockname()
        self.cut = False
        self.sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.drop()

    def drop(self):
        """Forgets all connections: what comes after a cut are new ones."""
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.sockets = []

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.sockets.append(client)
                if self.cut:
                    continue
                try:
                    server = socket.create_connection(self.target)
                except OSError:
                    client.close()
                    continue
                self.sockets.append(server)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.cut:
                    target.sendall(data)
            if not self.cut:
                target.shutdown(socket.SHUT_RDWR)
