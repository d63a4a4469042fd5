"""The servers that are measured: how each is started, and how the load client speaks to it."""

import contextlib
import pathlib
import shutil
import socket

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
PEERS = ROOT / "Tests/Benchmarks/peers"
PYTHON = BUILD / "bench-venv/bin/python"


def free_ports(count):
    """Ports that nobody has, below those that the kernel gives out to connections."""
    found = []
    for number in range(18_081, 19_000):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                attempt.bind(("127.0.0.1", number))
                found.append(number)
        if len(found) == count:
            return found
    raise SystemExit(f"no {count} ports between 18,081 and 19,000 are free")


PORT, PUBLISH = free_ports(2)


class Server:
    """One row of the tables."""

    def __init__(self, name, dialect, command, needs="", publish=PORT, coalesces=False, version=()):
        self.name, self.dialect, self.command, self.needs, self.publish = name, dialect, command, needs, publish
        # Whether it sends a client many messages at once, so that a burst of ten million is bearable.
        self.is_coalescing = coalesces
        # The command that tells its version.
        self.version = version

    @property
    def is_ours(self):
        return self.dialect == "spool"

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


OURS, LOOPS = "wsqueue, one loop", "wsqueue, a loop a processor"
RING, WRITE = "C floor, coalescing", "C floor, one write each"
UWS, CORKED, NATS, NCHAN = "uWebSockets publish", "uWebSockets, corked by hand", "nats-server", "nginx + nchan"
JETSTREAM = "nats-server, JetStream"
NGINX_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"


def all_servers():
    nats, nginx = ("nats-server", "--version"), ("/usr/sbin/nginx", "-v")
    ws = ("node", "-p", "require('/usr/share/nodejs/ws/package.json').version")
    return [
        Server(OURS, "spool", wsqueue("--threads", "1"), coalesces=True),
        Server(LOOPS, "spool", wsqueue(), coalesces=True),
        Server(WRITE, "spool", floor("write")),
        Server(RING, "spool", floor("ring"), coalesces=True),
        Server(UWS, "socket", python("uwebsockets.py", "publish"), "socketify.py"),
        Server(CORKED, "socket", python("uwebsockets.py", "cork"), "socketify.py", coalesces=True),
        Server(NATS, "nats", configured("nats.conf", "nats-server", "-c", "FILE"), "nats-server", PUBLISH,
               coalesces=True, version=nats),
        Server(JETSTREAM, "jetstream", configured("jetstream.conf", "nats-server", "-c", "FILE"), "nats-server",
               PUBLISH, coalesces=True, version=nats),
        Server(NCHAN, "nchan", configured("nginx.conf", "/usr/sbin/nginx", "-c", "FILE"), NGINX_MODULE, version=nginx),
        Server("mosquitto (TCP)", "mqtt", configured("mosquitto.conf", "/usr/sbin/mosquitto", "-c", "FILE"),
               "/usr/sbin/mosquitto", version=("/usr/sbin/mosquitto", "-h")),
        Server("Node ws", "socket", node("ws.js"), "/usr/share/nodejs/ws", version=ws),
        Server("Python websockets", "socket", python("websockets_broadcast.py"), "websockets.py"),
        Server("picows", "socket", python("picows_broadcast.py"), "picows.py"),
    ]
