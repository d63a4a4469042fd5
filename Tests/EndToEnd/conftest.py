"""What all tests share: the binaries, a queue directory, a server and a browser.

Each folder is a subject:
- `queue`: files in the directory, until they are deleted: found, wrong, in batches, many
- `delivery`: from the queue to the clients, fast and slow ones, one and ten thousand
- `channels`: who gets what: channels, their names, messages and presence, by the actions of clients
- `history`: clients that come back, and the journal
- `durability`: what is kept when the server or the machine ends, in order or not
- `limits`: what a client may take of the server
- `access`: tokens, rules, and whom the server believes
- `http`: handshake, event streams, and proxies in front
- `publish`: the publisher, and `POST /publish`
- `operate`: options, log, metrics, health, and the commands for the operator
- `nodes`: several servers on one Redis
- `install`: the programs, the package, the units of systemd
- `browser`: wsqueue.js and the server's own page
- `migration`: applications that were written for others
- `documentation`: the manual and its examples
- `scripts`: what is in scripts/ for those who work on this
- `support`: what tests of several folders use

A folder has no `__init__.py`, or `queue` and `http` would stand for the modules of Python. So no two files may have one
name.
"""

import contextlib
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

import pytest

from support import preloading, redis_server, waiting
from support.browser import ENGINES, find, launch
from support.client import Client
from support.nodes import Nodes
from support.places import ROOT
from support.redis_server import RedisServer
from support.server import Server

# What pytest makes of files with tests takes it three seconds: it is kept for other processes and for the next time.
sys.dont_write_bytecode, sys.pycache_prefix = False, str(ROOT / ".build/pycache")


def pytest_addoption(parser):
    parser.addoption("--binaries", default=str(ROOT / ".build" / "release"), help="where wsqueue-server is")
    parser.addoption("--sanitized", action="store_true", help="the binaries are slow and large: measure nothing")
    parser.addoption("--queue-root", default=None, help="where queue directories are made, such as /dev/shm")


class Binaries:
    """The directory with the programs, the same for all processes that run tests."""

    def __init__(self, config):
        """In the first process a copy is made: a test that links the programs anew does not disturb the others."""
        self.path = getattr(config, "workerinput", {}).get("binaries")
        if self.path:
            return
        copy = tempfile.TemporaryDirectory(prefix="wsqueue-binaries-")
        config.add_cleanup(copy.cleanup)
        self.path = copy.name
        # A clone in a home directory is closed to the unprivileged user that some tests run the server as.
        os.chmod(self.path, 0o755)
        for name in ("wsqueue-server", "wsqueue-publish", "check-history"):
            source = pathlib.Path(config.getoption("--binaries")) / name
            # Where programs for use are, there is none that only tests need.
            if not source.exists():
                source = ROOT / ".build/release" / name
            if not source.exists():
                raise pytest.UsageError(f"there is no {source}: make it with scripts/build")
            shutil.copy(source, self.path)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["binaries"] = self.path


def pytest_configure(config):
    config.pluginmanager.register(Binaries(config), "binaries")
    # What a shell ignores for its background jobs is ignored by all that they start, and a shell cannot trap it.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if config.getoption("--sanitized"):
        waiting.patience = 6.0
    elif hasattr(config, "workerinput"):
        # Others run beside it.
        waiting.patience = 3.0


def pytest_make_parametrize_id(val, argname):
    """What is not fit for a test's name: a token that says when it was made, which is another in each process that
    collects tests, and a long text: pytest has the name in the environment, whose strings are limited (execve(2))."""
    is_text = isinstance(val, (str, bytes))
    return argname if is_text and len(val) > 300 or isinstance(val, str) and "eyJ" in val else None


def pytest_collection_modifyitems(items):
    """What takes longest begins first: what must stay in one process, and then what says how long it takes."""
    def order(item):
        takes = item.get_closest_marker("takes")
        return item.get_closest_marker("xdist_group") is None, -takes.args[0] if takes else 0
    items.sort(key=order)


def skip_without_program(error):
    """A program that is not installed here is no fault of what is tested: whatever a test starts by its bare name."""
    frames = list(traceback.walk_tb(error.__traceback__))
    name = error.filename
    is_program = frames[-1][0].f_code.co_name == "_execute_child" and isinstance(name, str) and "/" not in name
    if is_program and not shutil.which(name):
        pytest.skip(f"no {name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup():
    try:
        return (yield)
    except FileNotFoundError as error:
        skip_without_program(error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    try:
        return (yield)
    except FileNotFoundError as error:
        skip_without_program(error)
        raise


@pytest.fixture(scope="session")
def binaries(request):
    """The directory with the programs, readable for another user too."""
    return pathlib.Path(request.config.pluginmanager.get_plugin("binaries").path)


@pytest.fixture(scope="session")
def queue_root(request):
    return request.config.getoption("--queue-root")


@pytest.fixture(scope="session")
def is_measured(request):
    """Whether time and memory mean anything."""
    return not request.config.getoption("--sanitized")


@contextlib.contextmanager
def queue_below(root):
    """An empty queue directory, open to every user below a path that is."""
    with tempfile.TemporaryDirectory(prefix="wsqueue-test-", dir=root) as parent:
        os.chmod(parent, 0o755)
        directory = pathlib.Path(parent) / "queue"
        directory.mkdir()
        yield directory


@pytest.fixture
def queue(queue_root):
    """An empty queue directory."""
    with queue_below(queue_root) as directory:
        yield directory


@pytest.fixture
def memory_queue():
    """A queue directory in memory, for many files."""
    with queue_below("/dev/shm" if os.path.isdir("/dev/shm") else None) as directory:
        yield directory


@pytest.fixture
def start(binaries, queue):
    """Starts servers, on the queue unless another is named; all are ended with the test."""
    servers = []

    def start_server(*options, directory=None, is_ready=True, binary=None, **how):
        server = Server(binary or binaries / "wsqueue-server", directory or queue, *options, **how)
        servers.append(server)
        return server.ready() if is_ready else server

    yield start_server
    for server in reversed(servers):
        server.__exit__()


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def client(server):
    with Client(server) as one:
        yield one


@pytest.fixture
def publish(binaries, queue):
    """Runs wsqueue-publish on the queue."""
    def run(*arguments, check=True, **how):
        command = [str(binaries / "wsqueue-publish"), "-d", str(queue), *arguments]
        limit = 20 * waiting.patience
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=limit, **how)
    return run


@pytest.fixture
def idle_thread(tmp_path):
    """What stands before a command so that a thread is there which blocks no signal."""
    return ["env", f"LD_PRELOAD={preloading.build(tmp_path, preloading.IDLE_THREAD)}"]


@pytest.fixture
def make_redis():
    """Makes redis-servers in directories of their own, not started yet; all are ended with the test."""
    if not redis_server.is_installed():
        pytest.skip("no redis-server")
    made = []
    with tempfile.TemporaryDirectory(prefix="wsqueue-redis-") as parent:
        def make(*options, **how):
            made.append(RedisServer(os.path.join(parent, str(len(made))), *options, **how))
            return made[-1]

        yield make
        for one in made:
            one.__exit__()


@pytest.fixture
def redis(make_redis):
    """One that runs, on a Unix socket, and forgets nothing when it is killed."""
    return make_redis().start()


@pytest.fixture
def start_nodes(binaries, queue, make_redis):
    """Starts servers that share a Redis, so many as are asked for; all are ended with the test."""
    made = []

    def start(count, redis, *options):
        made.append(Nodes(binaries, queue.parent, redis.url, *options))
        for _ in range(count):
            made[-1].add()
        return made[-1]

    yield start
    for nodes in made:
        nodes.end()


@pytest.fixture(scope="session")
def browsers():
    """Gives the browser of an engine, one for all tests of this process, started when it is first asked for."""
    with contextlib.ExitStack() as resources:
        @functools.cache
        def browser_of(engine, **how):
            if not find(engine):
                pytest.skip(f"no {engine}")
            return resources.enter_context(launch(engine, **how))
        yield browser_of


# Chromium starts in each process that runs tests, the other two in one each.
@pytest.fixture(params=[
    pytest.param(name, marks=() if name == "chromium" else pytest.mark.xdist_group(name)) for name in ENGINES])
def engine(request, browsers):
    """The browser of each engine in turn."""
    return browsers(request.param)


@pytest.fixture(scope="session")
def browser(browsers):
    """For what is no matter of engines."""
    return browsers("chromium")


@pytest.fixture(scope="session")
def pictures():
    """Where screenshots go, to be looked at."""
    return ROOT / ".build" / "screenshots"
