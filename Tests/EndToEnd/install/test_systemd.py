"""What a service manager sees of the server, and the units that it runs it by."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

from support.client import Client, handshake_request
from support.files import name_of, place, place_large, waiting
from support.http import exchange
from support.installing import install
from support.manager import Manager, Passing, StoppedThread
from support.places import END_TO_END, EXAMPLES
from support.ports import free_port
from support.server import NOBODY
from support.trace import require_strace
from support.waiting import eventually, holds

UNITS = EXAMPLES / "systemd"
EVENT = '{"event":"e"}'
INTERVAL_MICROSECONDS = 900_000


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = tmp_path / "notify" if request.param == "path" else f"@wsqueue-test-{os.getpid()}"
    with Manager(address) as one:
        yield one


@pytest.fixture
def watched(start, tmp_path):
    """A manager, and a server with two loops that it watches."""
    with Manager(tmp_path / "notify") as one:
        prefix = one.environment(WATCHDOG_USEC=INTERVAL_MICROSECONDS)
        yield one, start("--threads", "2", prefix=prefix)


def listening(family=socket.AF_INET, address=("127.0.0.1", 0), kind=socket.SOCK_STREAM):
    one = socket.socket(family, kind)
    one.bind(address)
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    return one


def is_silent(manager):
    """Whether signs of life end: those on their way come, then none for as long as would end the service."""
    last = (-1, 0.0)

    def has_ended():
        nonlocal last
        count, now = len(manager.find(WATCHDOG="1")), time.monotonic()
        if count != last[0]:
            last = (count, now)
        return now - last[1] > INTERVAL_MICROSECONDS / 1e6
    return eventually(has_ended, "no sign of life comes")


def test_ready_is_told_when_clients_can_connect(start, queue, manager):
    place(queue, name_of(1), EVENT)
    server = start("--hold-without-clients", prefix=manager.environment())
    place_of_ready = manager.wait_for(READY="1")
    assert place_of_ready == 0 and server.logged("server.ready", waiting=1)
    assert manager.messages[0]["STATUS"] == "0 clients, 1 files waiting, event 0"
    with Client(server) as client:
        assert len(client.receive_events()) == 1


def test_the_status_follows(start, manager):
    server = start(prefix=manager.environment())
    with Client(server):
        manager.wait_for(STATUS="1 clients, 0 files waiting, event 0")


def test_a_reload_is_told_from_its_beginning_to_its_end(start, manager):
    server = start(prefix=manager.environment())
    manager.wait_for(READY="1")
    before = time.monotonic_ns() // 1000
    server.signal(signal.SIGHUP)
    reloading = manager.wait_for(RELOADING="1")
    assert before <= int(manager.messages[reloading]["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    manager.wait_for(after=reloading, READY="1")


def test_a_reload_has_ended_when_every_loop_has_applied_it(start, tmp_path):
    require_strace()
    with Manager(tmp_path / "notify") as manager:
        server = start("--threads", "2", prefix=manager.environment())
        first = manager.wait_for(READY="1")
        with StoppedThread(server.pid, "wsq-loop-1"):
            server.signal(signal.SIGHUP)
            reloading = manager.wait_for(after=first, RELOADING="1")
            server.wait_for("server.reload")
            # It goes on meanwhile.
            server.signal(signal.SIGUSR1)
            server.wait_for("server.status")
            assert manager.find(reloading, READY="1") == []
        manager.wait_for(after=reloading, READY="1")


def test_the_end_is_told_with_the_time_it_may_take(start, manager):
    server = start("--drain", "90s", prefix=manager.environment())
    assert server.terminate() == 0
    stopping = manager.messages[manager.wait_for(STOPPING="1")]
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) >= 90_000_000


def test_a_reload_in_the_drain_does_not_take_the_end_back(start, queue, manager):
    server = start("--drain", "60s", prefix=manager.environment())
    with Client(server, receive_buffer=4_096) as client:
        place_large(queue, 60, 10_000)
        client.receive(1)
        server.signal(signal.SIGTERM)
        stopping = manager.wait_for(STOPPING="1")
        server.signal(signal.SIGHUP)
        server.wait_for("server.reload")
        assert not manager.find(after=stopping, READY="1")
        server.signal(signal.SIGTERM)
        assert server.exit_status() == 0


def test_a_manager_that_is_not_there_is_said_and_changes_nothing(start, queue, tmp_path):
    server = start(prefix=["env", f"NOTIFY_SOCKET={tmp_path}/nobody"])
    server.wait_for("config.warn")
    with Client(server) as client:
        place(queue, name_of(1), EVENT)
        client.receive()


def test_a_server_without_clients_shows_that_it_lives(watched):
    manager, _ = watched
    begin = time.monotonic()
    eventually(lambda: len(manager.find(WATCHDOG="1")) >= 6, "six signs of life")
    assert time.monotonic() - begin > INTERVAL_MICROSECONDS / 1e6


def test_a_stopped_process_shows_nothing(watched):
    manager, server = watched
    manager.wait_for(WATCHDOG="1")
    server.signal(signal.SIGSTOP)
    assert is_silent(manager)
    server.signal(signal.SIGCONT)
    manager.wait_for(after=len(manager.messages), WATCHDOG="1")


@pytest.mark.parametrize("thread", ["wsq-loop-0", "wsq-loop-1"])
def test_one_loop_that_goes_round_no_more_is_enough_to_show_nothing(watched, thread):
    manager, server = watched
    manager.wait_for(WATCHDOG="1")
    try:
        stopped = StoppedThread(server.pid, thread).__enter__()
    except PermissionError:
        pytest.skip("no process may be traced here")
    assert is_silent(manager)
    stopped.__exit__()
    manager.wait_for(after=len(manager.messages), WATCHDOG="1")


def test_signs_of_life_go_on_in_the_drain(start, queue, tmp_path):
    with Manager(tmp_path / "notify") as manager:
        server = start("--drain", "60s", prefix=manager.environment(WATCHDOG_USEC=INTERVAL_MICROSECONDS))
        with Client(server, receive_buffer=4_096) as client:
            place_large(queue, 60, 10_000)
            client.receive(1)
            server.signal(signal.SIGTERM)
            stopping = manager.wait_for(STOPPING="1")
            eventually(lambda: len(manager.find(after=stopping, WATCHDOG="1")) >= 4, "signs of life")
            server.signal(signal.SIGTERM)
            assert server.exit_status() == 0


def test_a_watchdog_that_is_meant_for_another_process_is_not_fed(start, tmp_path):
    with Manager(tmp_path / "notify") as manager:
        start(prefix=manager.environment(WATCHDOG_USEC=INTERVAL_MICROSECONDS, WATCHDOG_PID=1))
        manager.wait_for(READY="1")
        holds(lambda: not manager.find(WATCHDOG="1"), INTERVAL_MICROSECONDS / 1e6)


def served(server, queue, number=1):
    with Client(server) as client:
        place(queue, name_of(number), EVENT)
        client.receive()


@pytest.mark.parametrize("options", [[], ["--listen", "systemd:"], ["--listen", "systemd:unknown"]])
def test_a_passed_socket_is_used(start, queue, options):
    with listening() as one, Passing(one) as how:
        server = start(*options, **how)
        assert (server.host, server.port) == one.getsockname()
        served(server, queue)


def test_names_choose_among_passed_sockets(start, queue):
    with listening() as web, listening() as other, Passing(web, other, names=["web", "other"]) as how:
        server = start("--listen", "systemd:other", **how)
        assert server.port == other.getsockname()[1]
        assert server.wait_for("config.warn", socket="web")
        served(server, queue)


def test_passed_and_own_sockets_stand_side_by_side(start, queue):
    with listening() as one, Passing(one) as how:
        server = start("--listen", "127.0.0.1:0", "--listen", "systemd:", **how)
        served(server, queue)
        server.host, server.port = one.getsockname()
        served(server, queue, 2)


def test_an_address_that_is_asked_for_is_used_instead_of_passed_sockets(start, queue):
    with listening() as one, Passing(one) as how:
        server = start("--port", "0", **how)
        assert server.port != one.getsockname()[1]
        assert server.wait_for("config.warn", socket="unknown")


def test_sockets_that_are_passed_to_another_process_are_left_alone(start):
    with listening() as one, Passing(one, pid="1") as how:
        server = start("--listen", "systemd:", is_ready=False, **how)
        assert server.exit_status() == 78
        assert "no listening socket was passed" in server.wait_for("server.failed")["error"]


@pytest.mark.parametrize("wanted, kind, status, says", [
    ("systemd:web", socket.SOCK_STREAM, 78, "systemd:web: no listening socket of this name was passed"),
    ("systemd:", socket.SOCK_DGRAM, 69, "socket type not supported"),
])
def test_a_passed_socket_of_no_use_is_said(start, wanted, kind, status, says):
    with listening(kind=kind) as one, Passing(one) as how:
        server = start("--listen", wanted, is_ready=False, **how)
        assert server.exit_status() == status
        assert says in server.wait_for("server.failed")["error"]


def test_a_passed_unix_socket_outlives_the_server(start, queue, tmp_path):
    path = tmp_path / "wsqueue.sock"
    with listening(socket.AF_UNIX, str(path)) as one:
        for number in (1, 2):
            with Passing(one) as how:
                server = start(**how)
            assert server.wait_for("server.ready")["listen"] == f"unix:{path}"
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.sendall(b"GET /cursor HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert server.terminate() == 0
            assert path.exists(), number


def test_a_client_of_a_socket_for_both_protocols_has_its_ipv4_address(start):
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as one, Passing(one) as how:
        server = start("--local", "on", **how)
        server.host = "127.0.0.1"
        with Client(server):
            assert server.wait_for("client.open")["addr"].startswith("127.0.0.1:")
        # Only this machine may ask.
        request = f"GET /status.json HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()
        assert exchange(server, request).status == 200


def test_no_child_would_have_a_passed_socket(start):
    with listening() as one, listening() as unused, Passing(one, unused, names=["web", "unused"]) as how:
        server = start("--listen", "systemd:web", **how)
        for number in (3, 4):
            lines = pathlib.Path(f"/proc/{server.pid}/fdinfo/{number}").read_text(encoding="utf-8").splitlines()
            assert int(next(line.split()[1] for line in lines if line.startswith("flags:")), 8) & os.O_CLOEXEC


def test_clients_of_a_passed_socket_wait_for_the_next_server(start, queue):
    with listening() as one:
        with Passing(one) as how:
            first = start(**how)
        assert first.terminate() == 0
        # Nobody serves, and nobody is refused.
        request, _ = handshake_request(first.host, first.port)
        with socket.create_connection((first.host, first.port)) as waiting_client:
            waiting_client.sendall(request)
            place(queue, name_of(1), EVENT)
            with Passing(one) as how:
                start("--hold-without-clients", **how)
            waiting_client.settimeout(10)
            data = b""
            while b'"event":"e"' not in data:
                data += waiting_client.recv(65536)
            assert data.startswith(b"HTTP/1.1 101 ")


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="no systemd-socket-activate")
def test_systemd_itself_passes_a_socket(start, queue):
    port = free_port()
    activate = ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "--fdname=web"]
    server = start("--listen", "systemd:web", prefix=activate, listen=None, is_ready=False)

    def knock():
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
    eventually(knock, "it listens")
    served(server.ready(), queue)


# The units.

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


@pytest.fixture(scope="session")
def installed(binaries, tmp_path_factory):
    where = tmp_path_factory.mktemp("root")
    install(binaries, where)
    return where


@needs_analyze
@pytest.mark.parametrize("name", ["wsqueue-server.service", "wsqueue-server@.service"])
def test_the_service_is_well_hardened(name):
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=16", UNITS / name],
        capture_output=True, text=True, env={**os.environ, "SYSTEMD_COLORS": "0"})
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr


def unit_settings(name):
    lines = (UNITS / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_the_manager_waits_longer_than_a_drain_takes(binaries):
    usage = subprocess.run([binaries / "wsqueue-server", "--help", "all"], capture_output=True, text=True).stdout
    assert "stopping may take. Default: 20s." in " ".join(usage.split())
    assert int(unit_settings("wsqueue-server.service")["TimeoutStopSec"]) > 20


@needs_analyze
def test_systemd_understands_the_units(installed):
    # Of another package, and only looked for.
    (installed / "bin").mkdir(exist_ok=True)
    for name in ("kill", "sh"):
        shutil.copy(f"/bin/{name}", installed / "bin")
    units = [f"/usr/lib/systemd/system/wsqueue-{name}" for name in (
        "server.service", "server.socket", "server@shop.service", "consumer@hooks.service")]
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={installed}", *units],
        capture_output=True, text=True)
    assert result.returncode == 0 and "wsqueue" not in result.stderr, result.stderr


@needs_analyze
def test_systemd_understands_the_unit_of_a_user(installed, tmp_path):
    unit = tmp_path / "wsqueue-server.service"
    text = (UNITS / "user/wsqueue-server.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("%h/.local/", f"{installed}/usr/"), encoding="utf-8")
    result = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", unit], capture_output=True, text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)})
    assert result.returncode == 0 and "wsqueue" not in result.stderr, result.stderr


def test_one_more_queue_is_served_as_the_first_one_is():
    one, more = (unit_settings(name) for name in ("wsqueue-server.service", "wsqueue-server@.service"))
    differing = {key for key in one.keys() | more.keys() if one.get(key) != more.get(key)}
    assert differing == {
        "Description", "ExecStartPre", "ExecStart", "RuntimeDirectory", "StateDirectory", "StateDirectoryMode",
        "ReadWritePaths"}
    assert "-d /var/spool/wsqueue-%i" in more["ExecStart"] and "-c /etc/wsqueue/%i.conf" in more["ExecStart"]


@pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="no systemd-sysusers")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")
def test_the_user_and_the_drop_box_are_made(installed):
    for name in ("etc", "var/spool"):
        (installed / name).mkdir(parents=True, exist_ok=True)
    subprocess.run(["systemd-sysusers", f"--root={installed}", "wsqueue.conf"], check=True, timeout=20)
    users = dict(line.split(":")[::2][:2] for line in (installed / "etc/passwd").read_text().splitlines())
    groups = {line.split(":")[0]: line.split(":")[2:] for line in (installed / "etc/group").read_text().splitlines()}
    assert groups["wsqueue-publish"][1] == "wsqueue"
    subprocess.run(
        ["systemd-tmpfiles", f"--root={installed}", "--create", "wsqueue.conf"], check=True, timeout=20)
    status = (installed / "var/spool/wsqueue").stat()
    assert oct(status.st_mode & 0o7777) == "0o3730"
    assert (status.st_uid, status.st_gid) == (int(users["wsqueue"]), int(groups["wsqueue-publish"][0]))


def allowed_calls():
    """The system calls that the service's filter allows, all groups taken apart."""
    sets = {}
    for line in subprocess.run(
            ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            members = sets.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())

    def expand(name):
        return set().union(*(expand(member) for member in sets[name])) if name.startswith("@") else {name}
    lines = (UNITS / "wsqueue-server.service").read_text(encoding="utf-8").splitlines()
    allowed, rules = set(), [line.split("=", 1)[1] for line in lines if line.startswith("SystemCallFilter=")]
    assert len(rules) == 2
    for rule in rules:
        names = set().union(*(expand(name) for name in rule.lstrip("~").split()))
        allowed = allowed - names if rule.startswith("~") else allowed | names
    return allowed


def exercise(server, queue, publish):
    """Has a server do what servers do."""
    with Client(server, protocol="wsqueue.v1") as client:
        cursor = client.receive_events()[0]["cursor"]
        for number in range(1_100):
            place(queue, name_of(number), EVENT)
        place(queue, name_of(1_200), "{")
        publish("by.program", "--sync", "full", "--wait")
        client.receive(1_101)
        server.wait_for("event.rejected")
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGUSR1)
        server.wait_for("server.status")
    with Client(server, f"/?since={cursor}&channels=presence.a", protocol="wsqueue.v1") as client:
        client.receive(1_101)
    request = f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()
    assert exchange(server, request).status == 200
    assert server.terminate() == 0
    eventually(lambda: waiting(queue) == [], "the queue is empty")


@needs_analyze
def test_every_system_call_is_one_that_the_service_may_make(start, queue, publish, tmp_path, is_measured):
    require_strace()
    if not is_measured:
        pytest.skip("a sanitizer makes calls of its own")
    trace = tmp_path / "trace"
    # -D: the server is our child, and strace is not.
    prefix = ["strace", "-D", "-f", "-o", str(trace), "-e", "trace=all", "--"]
    with Manager(tmp_path / "notify") as manager:
        exercise(start(prefix=[*manager.environment(), *prefix]), queue, publish)
    lines = eventually(
        lambda: (text := trace.read_text(encoding="utf-8", errors="replace")) and "exited with 0" in text and text,
        "strace is done").splitlines()
    calls = {line.split(None, 1)[1].split("(")[0] for line in lines if "(" in line and "resumed>" not in line}
    unknown = {call for call in calls if call.isidentifier()} - allowed_calls() - {"execve"}
    # Raising the limit of open files is @resources; what LimitNOFILE gave stays.
    assert unknown <= {"setrlimit"}, unknown


SANDBOX = """
set -e
mount --make-rprivate /
mount -t tmpfs none /home
mount -t tmpfs -o mode=755 none /root
mount --bind "$QUEUE" "$QUEUE"
mount -o remount,bind,ro /
mount -o remount,bind,rw "$QUEUE"
exec setpriv --reuid %d --regid %d --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    unshare --user --map-current-user -- "$@"
""" % (NOBODY, NOBODY)


@needs_analyze
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_the_server_works_within_what_the_service_leaves_it(start, binaries, queue, is_measured):
    if not is_measured:
        pytest.skip("a sanitizer makes calls of its own")
    allowed = pathlib.Path(queue.parent) / "allowed"
    allowed.write_text("\n".join(sorted(allowed_calls())), encoding="utf-8")
    script = pathlib.Path(queue.parent) / "sandbox.py"
    shutil.copy(END_TO_END / "support/sandbox.py", script)
    # A drop box as wsqueue.tmpfiles makes it.
    os.chown(queue, NOBODY, NOBODY)
    os.chmod(queue, 0o3730)
    inside = ["/usr/bin/python3", str(script), str(allowed)]
    try:
        subprocess.run(
            ["unshare", "--mount", "sh", "-c", SANDBOX, "-", *inside, "/bin/true"], check=True, capture_output=True,
            env={**os.environ, "QUEUE": str(queue)})
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no sandbox can be made here: {error.stderr!r}")

    def publish(*arguments):
        subprocess.run(
            ["setpriv", "--reuid", "12345", "--regid", str(NOBODY), "--clear-groups",
             binaries / "wsqueue-publish", "-d", queue, *arguments], check=True, timeout=20)
    prefix = ["env", f"QUEUE={queue}", "unshare", "--mount", "sh", "-c", SANDBOX, "-", *inside]
    server = start(prefix=prefix)
    status = dict(
        line.split(":\t", 1) for line in
        pathlib.Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8").splitlines() if ":\t" in line)
    assert (status["Seccomp"], status["NoNewPrivs"], status["Uid"].split()[0]) == ("2", "1", str(NOBODY))
    exercise(server, queue, publish)
