"""Several servers on one Redis, each with a queue of its own, and clients that compare what they get."""

from .client import Client
from .server import Server
from .speaking import PROTOCOL


class Nodes:
    """Servers that are one to their clients: a list, whose first is `nodes[0]`."""

    def __init__(self, binaries, parent, url, *options):
        self._binary = binaries / "wsqueue-server"
        self._parent, self._url, self._options = parent, url, options
        self._servers = []

    def __iter__(self):
        return iter(self._servers)

    def __getitem__(self, index):
        return self._servers[index]

    def __len__(self):
        return len(self._servers)

    def add(self, *options, is_ready=True, **how):
        """One more; it has the queue `queue-<index>`."""
        index = len(self._servers)
        queue = self._parent / f"queue-{index}"
        queue.mkdir(exist_ok=True)
        self._servers.append(self._start(queue, options, is_ready, **how))
        return self._servers[index]

    def restart(self, index, *options, is_ready=True, **how):
        """Starts one that has ended on the same queue and, where it had one, the same port."""
        old = self._servers[index]
        assert old.process.poll() is not None, "it runs"
        if hasattr(old, "port"):
            how.setdefault("listen", f"{old.host}:{old.port}")
        self._servers[index] = self._start(old.queue, options, is_ready, **how)
        return self._servers[index]

    def _start(self, queue, options, is_ready, binary=None, **how):
        server = Server(binary or self._binary, queue, "--redis", self._url, *self._options, *options, **how)
        return server.ready() if is_ready else server

    def kill(self, index):
        self._servers[index].process.kill()
        self._servers[index].process.wait(10)

    def end(self):
        for server in reversed(self._servers):
            server.__exit__()


def listen(nodes, path="/"):
    """A client that resumes and counts on each node, by the events' form with a seq."""
    return [Client(node, path, protocol=PROTOCOL) for node in nodes]


def one_order(clients, count, timeout=20.0):
    """The next `count` events of each client as (seq, id): the same for all, none lost, none twice."""
    orders = [events_of(client, count, timeout) for client in clients]
    for order in orders[1:]:
        assert order == orders[0], "the nodes disagree about the order"
    numbers = [seq for seq, _ in orders[0]]
    assert numbers == list(range(numbers[0], numbers[0] + count)), "a seq is missing or comes twice"
    assert len({identity for _, identity in orders[0]}) == count, "an event came twice"
    return orders[0]


def events_of(client, count, timeout=20.0):
    """The next `count` events as (seq, id); what is no event is passed over."""
    events = []
    while len(events) < count:
        [message] = client.receive_events(1, timeout)
        if "event" in message:
            events.append((message["seq"], message["id"]))
    return events
