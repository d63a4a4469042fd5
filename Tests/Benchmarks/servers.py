"""The servers that are measured: how each is started, and how the load client speaks to it."""

import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
PEERS = ROOT / "Tests/Benchmarks/peers"
PYTHON = BUILD / "bench-venv/bin/python"
PORT, PUBLISH = 18_081, 18_082


class Server:
    """One row of the tables."""

    def __init__(self, name, dialect, command, needs="", publish=PORT, coalesces=False):
        self.name, self.dialect, self.command, self.needs, self.publish = name, dialect, command, needs, publish
        # Whether it sends a client many messages at once, so that a burst of ten million is bearable.
        self.is_coalescing = coalesces

    def bench_options(self):
        return ["--dialect", self.dialect, "-p", PORT, "--publish-port", self.publish]

    def missing(self):
        """What is not installed, or nothing."""
        if self.needs.endswith(".py"):
            name = self.needs.removesuffix(".py")
            found = list((BUILD / "bench-venv").glob(f"lib/python3*/site-packages/{name}"))
            return None if found else f"PyPI's {name}"
        if self.needs.startswith("/"):
            return None if pathlib.Path(self.needs).exists() else self.needs
        return None if not self.needs or shutil.which(self.needs) else self.needs


def wsqueue(*options, program=BUILD / "release/wsqueue-server"):
    return lambda directory, queue: [program, "-d", queue, "-l", f"127.0.0.1:{PORT}", *options]


def floor(kind):
    return lambda directory, queue: [BUILD / "floors/broadcast", kind, PORT, queue]


def configured(template, *command):
    """A server that wants a file with the port in it; FILE in its command stands for that file."""

    def make(directory, queue):
        text = (PEERS / template).read_text()
        text = text.replace("PORT", str(PORT)).replace("PUBLISH", str(PUBLISH)).replace("DIRECTORY", str(directory))
        (directory / template).write_text(text)
        return [str(directory / template) if word == "FILE" else word for word in command]

    return make


def python(script, *arguments):
    return lambda directory, queue: [PYTHON, PEERS / script, PORT, *arguments]


def node(script):
    # A node that is not Debian's own does not look where Debian's modules are.
    return lambda directory, queue: ["env", "NODE_PATH=/usr/share/nodejs", "node", PEERS / script, PORT]


def all_servers():
    return [
        Server("wsqueue, one loop", "spool", wsqueue("--threads", "1"), coalesces=True),
        Server("wsqueue, a loop a processor", "spool", wsqueue(), coalesces=True),
        Server("C floor, one write each", "spool", floor("write")),
        Server("C floor, coalescing", "spool", floor("ring"), coalesces=True),
        Server("uWebSockets publish", "socket", python("uwebsockets.py", "publish"), "socketify.py"),
        Server(
            "uWebSockets, corked by hand", "socket", python("uwebsockets.py", "cork"), "socketify.py", coalesces=True),
        Server(
            "nats-server", "nats", configured("nats.conf", "nats-server", "-c", "FILE"), "nats-server", PUBLISH,
            coalesces=True),
        Server(
            "nginx + nchan", "nchan", configured("nginx.conf", "/usr/sbin/nginx", "-c", "FILE"),
            "/usr/lib/nginx/modules/ngx_nchan_module.so"),
        Server("mosquitto (TCP)", "mqtt", configured("mosquitto.conf", "/usr/sbin/mosquitto", "-c", "FILE"),
               "/usr/sbin/mosquitto"),
        Server("Node ws", "socket", node("ws.js"), "/usr/share/nodejs/ws"),
        Server("Python websockets", "socket", python("websockets_broadcast.py"), "websockets.py"),
        Server("picows", "socket", python("picows_broadcast.py"), "picows.py"),
    ]
