"""wsqueue-server doctor: each finding is brought about, and its fix helps where that can be tried."""

import os
import signal
import subprocess
import time

import pytest

from support.client import Client
from support.files import name_of, place
from support.marks import needs_root
from support.ports import free_port
from support.server import NOBODY
from support.waiting import eventually

NOTHING, FOUND, NO_QUEUE, USAGE = 0, 78, 73, 64
ALICE, GROUP = 23456, 34567


@pytest.fixture
def doctor(binaries, queue):
    """Runs the doctor on the queue; gives the exit status and the lines."""
    def run(*options, prefix=(), directory=None):
        result = subprocess.run(
            [*prefix, binaries / "wsqueue-server", "doctor", "-d", directory or queue, *options],
            capture_output=True, text=True, timeout=30)
        assert "Fatal" not in result.stderr and result.returncode in (0, 64, 73, 77, 78), result.stderr
        return result.returncode, result.stdout.splitlines()
    return run


@pytest.fixture
def box(queue):
    """A drop box as the package makes it, its owner nobody."""
    os.chown(queue, NOBODY, GROUP)
    os.chmod(queue, 0o3730)
    return queue


@pytest.fixture
def unit(tmp_path):
    def write(**settings):
        path = tmp_path / "wsqueue-server.service"
        lines = [f"{key}={value}" for key, value in settings.items()]
        path.write_text("\n".join(["[Service]", *lines]) + "\n", encoding="utf-8")
        return ["--unit", str(path)]
    return write


def graver(lines):
    """All but the notes."""
    return [line for line in lines if not line.startswith("note: ")]


def only(lines, severity, *words):
    """The one line that is more than a note: of this severity, with these words and a fix."""
    found = graver(lines)
    assert len(found) == 1 and found[0].startswith(f"{severity}: ") and "; fix: " in found[0], lines
    for word in words:
        assert word in found[0], lines
    return found[0]


@needs_root
def test_nothing_is_wrong_with_a_drop_box_and_nothing_stays_behind(doctor, box):
    place(box, name_of(1).replace(name_of(1)[:19], str(time.time_ns())), '{"event":"e"}')
    before = sorted(os.listdir(box))
    status, lines = doctor("--as", str(NOBODY))
    # No server is there for it, which a check at night is to find.
    assert status == FOUND
    only(lines, "warning", "1 events wait", "and no server holds the queue")
    [told] = [line for line in lines if line.startswith("note: the server ")]
    assert "may change what is beneath" in told or "not kept to its own files" in told or "no Landlock" in told
    assert sorted(os.listdir(box)) == before


@needs_root
def test_somebody_outside_the_group_may_not_publish(doctor, box):
    status, lines = doctor("--as", str(ALICE))
    assert status == FOUND
    only(lines, "error", f"{ALICE} may not create files", "permission denied", f"usermod -aG {GROUP} {ALICE}")


@needs_root
def test_nobody_is_told_to_join_the_group_of_root(doctor, box):
    os.chown(box, -1, 0)
    _, lines = doctor("--as", str(ALICE))
    only(lines, "error", f"{ALICE} may not create files", f"chgrp wsqueue-publish {box} && usermod -aG wsqueue-publish")


@needs_root
def test_a_directory_above_that_lets_nobody_through_is_found(doctor, box):
    os.chmod(box.parent, 0o700)
    status, lines = doctor("--as", str(ALICE))
    assert status == FOUND
    assert any(f"{ALICE} may not enter the directory" in line for line in lines), lines


@needs_root
def test_a_server_that_is_another_user_than_the_owner_cannot_work(doctor, box, unit):
    status, lines = doctor(*unit(User=ALICE, SupplementaryGroups=GROUP, Type="notify"), "--as", str(NOBODY))
    assert status == FOUND
    assert any(f"the server ({ALICE}) may not list the queue" in line for line in graver(lines)), lines


@needs_root
def test_the_sticky_bit_keeps_a_server_that_is_not_the_owner_from_deleting(doctor, box, unit):
    os.chmod(box, 0o3770)
    status, lines = doctor(*unit(User=ALICE, SupplementaryGroups=GROUP, Type="notify"), "--as", str(NOBODY))
    assert status == FOUND
    only(lines, "error", "may not delete events of ", f"chown {ALICE} ")


def test_without_root_others_rights_are_computed_and_that_is_said(doctor, box):
    prefix = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] if os.geteuid() == 0 else []
    status, lines = doctor("--as", str(ALICE), prefix=prefix)
    assert status == FOUND
    only(lines, "error", f"{ALICE} may not create files", "not tried")
    os.chmod(box, 0o3733)
    assert any("may publish, computed from the mode bits" in line for line in doctor("--as", "1", prefix=prefix)[1])


@pytest.mark.parametrize("mode, severity, says", [
    (0o777, "error", "every user of this machine publish and replace others' events"),
    (0o1777, "warning", "every user of this machine publish; fix"),
    (0o2770, "warning", "replace another's events; fix: chmod +t"),
    (0o1770, "note", "without setgid"), (0o3770, "note", "list others' events"),
    (0o755, "note", "may publish; fix: chmod 3730"),
])
def test_modes_are_judged(doctor, queue, mode, severity, says):
    os.chmod(queue, mode)
    status, lines = doctor()
    assert any(line.startswith(f"{severity}: mode {mode:o}") and says in line for line in lines), lines
    assert status == (NOTHING if severity == "note" else FOUND)


def test_memory_is_told(doctor, memory_queue):
    if not str(memory_queue).startswith("/dev/shm"):
        pytest.skip("no memory to put a queue in")
    status, lines = doctor(directory=memory_queue)
    assert status == NOTHING and any("tmpfs is memory" in line for line in lines), lines


@needs_root
def test_a_containers_layer_is_told(doctor, queue):
    layers = [queue.parent / name for name in ("lower", "upper", "work", "merged")]
    for one in layers:
        one.mkdir()
    lower, upper, work, merged = layers
    command = ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", merged]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no overlay can be mounted here")
    try:
        status, lines = doctor(directory=merged)
    finally:
        subprocess.run(["umount", merged], check=True)
    assert status == FOUND
    only(lines, "warning", "overlay is a container's own layer")


@needs_root
@pytest.mark.parametrize("size, inodes, severity, says", [
    ("16M", "20k", "warning", "MiB are free"), ("1M", "20k", "error", "0 MiB are free"),
    ("256M", "50", "warning", "more files can be made")])
def test_a_disk_that_is_too_small_is_told(doctor, queue, size, inodes, severity, says):
    command = ["mount", "-t", "tmpfs", "-o", f"mode=755,size={size},nr_inodes={inodes}", "tmpfs", queue]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        if severity == "error":
            (queue / ".fill").write_bytes(bytes(900_000))
        status, lines = doctor()
    finally:
        subprocess.run(["umount", queue], check=True)
    assert status == FOUND
    only(lines, severity, says, "df -")


def require(prefix):
    """Skips the test where nothing can be started so: a container may not be allowed to."""
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip(f"nothing can be started with {prefix[:3]}")


@needs_root
def test_a_read_only_file_system_is_told(doctor, queue):
    script = f"mount --bind {queue} {queue} && mount -o remount,bind,ro {queue} && exec \"$@\""
    prefix = ["unshare", "--mount", "sh", "-c", script, "-"]
    require(prefix)
    status, lines = doctor(prefix=prefix)
    assert status == FOUND
    assert any(line.startswith("error: the file system is mounted read-only; fix: mount -o remount") for line in lines)
    assert any("may not write in the queue: read-only file system" in line for line in lines), lines


def test_a_user_without_notices_is_told(doctor, queue):
    prefix = ["unshare", "--user", "--map-root-user", "sh", "-c",
              'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "-"]
    require(prefix)
    status, lines = doctor(prefix=prefix)
    assert status == FOUND
    # That it is in a user namespace is told too.
    lines = [line for line in lines if "namespace" not in line]
    only(lines, "warning", "cannot watch the queue: too many open files", "sysctl fs.inotify.")


@needs_root
def test_a_small_queue_of_notices_is_told(doctor, queue, tmp_path):
    few = tmp_path / "few"
    few.write_text("128\n", encoding="utf-8")
    script = f'mount --bind {few} /proc/sys/fs/inotify/max_queued_events && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", script, "-"]
    require(prefix)
    status, lines = doctor(prefix=prefix)
    assert status == NOTHING and any("keeps 128 notices" in line for line in lines), lines


@pytest.mark.parametrize("limit, options, says", [
    (1_024, ["--clients", "5000"], "--clients 5000 needs more open files than the limit of 1024"),
    (256, [], "the limit of 256 open files gives room for"),
])
def test_limits_of_open_files_are_held_against_the_clients(doctor, limit, options, says):
    status, lines = doctor(*options, prefix=["prlimit", f"--nofile={limit}:{limit}"])
    assert status == FOUND
    only(lines, "warning", says)


def test_a_publisher_whose_clock_is_ahead_is_told(doctor, queue):
    place(queue, f"{time.time_ns() + 7_200 * 10 ** 9}-1-1-00000001.json", '{"event":"e"}')
    status, lines = doctor()
    assert status == FOUND
    lines = [line for line in lines if "no server holds the queue" not in line]
    only(lines, "warning", "1 events carry a time that lies ahead", "119 min", "timedatectl")


def test_what_waits_for_its_time_is_not_ahead(doctor, publish):
    publish("--in", "2h", "later")
    status, lines = doctor()
    assert (status, graver(lines)) == (NOTHING, [])


def test_a_clock_that_has_been_set_back_is_told(doctor, start, queue):
    start().terminate()
    os.utime(queue / ".lock", (time.time() + 600, time.time() + 600))
    status, lines = doctor()
    assert status == FOUND
    only(lines, "warning", "the clock has been set back", "9 min")


@needs_root
def test_whom_the_rules_about_publishers_do_not_mention_is_told(doctor, queue, tmp_path):
    os.chmod(queue, 0o3733)
    rules = tmp_path / "publishers.json"
    rules.write_text('[{"from":["daemon","@bin"],"event":"order.*"}]')
    options = ["--publishers", rules, "--as", "daemon", "--as", "bin", "--as", "root"]
    found = [line for line in doctor(*options)[1] if "--publishers" in line and line.startswith("error: ")]
    assert len(found) == 1 and "root may publish nothing" in found[0] and f"to {rules}" in found[0], found
    rules.write_text('[{"from":["*"]}]')
    assert not any("may publish nothing" in line for line in doctor(*options)[1])


def test_what_dead_publishers_have_left_is_told(doctor, queue):
    hidden = queue / ".1795231800000000000-1-1-00000001.json.tmp"
    hidden.touch()
    (queue / ".gitkeep").touch()
    assert doctor()[0] == NOTHING
    for name in (hidden, queue / ".gitkeep"):
        os.utime(name, (1, 1))
    status, lines = doctor()
    assert status == FOUND
    line = only(lines, "warning", "1 hidden files have rested")
    subprocess.run(["sh", "-c", line.split("; fix: ")[1].split(" (")[0]], check=True)
    assert not hidden.exists() and doctor()[0] == NOTHING


def test_events_that_could_not_be_accepted_are_told(doctor, start, queue):
    server = start()
    place(queue, name_of(1), "{")
    server.wait_for("event.rejected")
    server.terminate()
    status, lines = doctor()
    assert status == FOUND
    only(lines, "warning", "could not be accepted: 1 in .failed", name_of(1), "ends too early", "queue ls")


def test_events_that_are_held_back_are_told(doctor, publish, queue):
    held = publish("--hold", "e").stdout.strip()
    status, lines = doctor()
    assert status == NOTHING and any("1 events are held back" in line for line in lines)
    (name,) = [name for name in os.listdir(queue) if name.startswith(".held-")]
    os.utime(queue / name, (1, 1))
    status, lines = doctor()
    assert status == FOUND
    only(lines, "warning", "1 events are held back", "--release ID")
    publish("--release", held)


def test_events_that_nobody_fetches_are_told(doctor, queue):
    place(queue, f"{time.time_ns() - 300 * 10 ** 9}-1-1-00000001.json", '{"event":"e"}')
    status, lines = doctor()
    assert status == FOUND
    start_it = f"wsqueue-server -d {queue}"
    only(lines, "error", "1 events wait, the oldest for 5 min, and no server holds the queue", start_it)


def test_events_that_a_server_does_not_send_are_told(doctor, start, queue):
    port = free_port()
    start("--hold-without-clients", "--ready-age", "24h", listen=f"127.0.0.1:{port}")
    place(queue, f"{time.time_ns() - 300 * 10 ** 9}-1-1-00000001.json", '{"event":"e"}')
    status, lines = doctor("-l", f"127.0.0.1:{port}", "--hold-without-clients")
    assert status == FOUND
    only(lines, "warning", "1 events wait", "though a server holds the queue", "open a client")


@needs_root
def test_a_journal_of_somebody_else_is_told(doctor, start, box):
    start().terminate()
    for name in (".lock", ".failed", ".server", ".address"):
        os.chown(box / name, NOBODY, GROUP)
    status, lines = doctor("--as", str(NOBODY))
    assert status == FOUND
    line = only(lines, "warning", ".journal belongs to root", "would rename it", "chown -R ")
    fix = line.split("; fix: ")[1].split(" if ")[0].replace("nobody", str(NOBODY))
    subprocess.run(["sh", "-c", fix], check=True)
    assert graver(doctor("--as", str(NOBODY))[1]) == []


@pytest.mark.parametrize("settings, options, severity, says", [
    ({"Type": "simple", "TimeoutStopSec": "10"}, [], "warning", "TimeoutStopSec ends a drain of 20 s"),
    ({"Type": "exec", "TimeoutStopSec": "1min 30s"}, ["--drain", "2m"], "warning", "a drain of 120 s"),
    ({"Type": "notify", "LimitNOFILE": "1024"}, ["--clients", "2000"], "warning", "LimitNOFILE=1024 gives room for"),
    ({"Type": "notify", "ProtectSystem": "strict", "ReadWritePaths": "/srv"}, [], "error", "ReadWritePaths="),
    ({"Type": "notify", "PrivateUsers": "yes"}, [], "warning", "one owner of all who publish"),
])
def test_a_unit_that_does_not_fit_is_told(doctor, queue, unit, settings, options, severity, says):
    status, lines = doctor(*unit(**settings), *options)
    assert status == FOUND
    only(lines, severity, says)


def test_a_unit_that_fits_is_no_finding(doctor, queue, unit):
    options = unit(
        Type="notify", TimeoutStopSec="10", PrivateUsers="no", LimitNOFILE="65536:1048576", ProtectSystem="strict",
        ReadWritePaths=f"/srv {queue.parent}")
    assert doctor(*options, "--clients", "200")[0] == NOTHING


def test_a_server_that_is_ready_is_named(doctor, start):
    port = free_port()
    server = start(listen=f"127.0.0.1:{port}")
    status, lines = doctor("-l", f"127.0.0.1:{port}")
    assert status == NOTHING
    assert f"note: the server with pid {server.pid} holds the queue and is ready at 127.0.0.1:{port}" in lines


def test_a_server_that_is_not_ready_says_why(doctor, start, queue):
    port = free_port()
    # Only of the directory's owner, of root and of oneself it is believed that they are the server.
    if os.geteuid() == 0:
        os.chown(queue, NOBODY, NOBODY)
    start("--journal", "off", listen=f"127.0.0.1:{port}", as_nobody=True)
    queue.chmod(0o555)

    def told():
        return [line for line in doctor("-l", f"127.0.0.1:{port}")[1] if " is not ready: " in line]
    (line,) = eventually(told, "it is not ready")
    assert line.startswith("error: the server with pid ") and f"; fix: curl -s http://127.0.0.1:{port}/ready" in line
    assert "{" not in line


@needs_root
def test_a_server_that_is_not_the_directorys_owner_is_not_believed(doctor, start, queue):
    queue.chmod(0o1777)
    start("--journal", "off", as_nobody=True)
    assert any("whether a server holds the queue cannot be told" in line for line in doctor()[1])


def test_a_server_is_asked_where_it_says_that_it_listens(doctor, start):
    server = start()
    status, lines = doctor("-l", f"127.0.0.1:{free_port()}")
    assert status == NOTHING and lines[-1].endswith(
        f"pid {server.pid} holds the queue and is ready at 127.0.0.1:{server.port}"), lines
    server.signal(signal.SIGSTOP)
    status, lines = doctor()
    server.signal(signal.SIGCONT)
    assert status == FOUND
    only(lines, "warning", f"pid {server.pid} holds the queue, and does not answer at 127.0.0.1:{server.port}")


def test_a_foreign_file_is_named_and_its_name_does_no_harm(doctor, queue):
    (queue / "a\x1b[2J\nb.txt").touch()
    status, lines = doctor()
    assert status == NOTHING
    (line,) = [line for line in lines if "are no events" in line]
    assert "\x1b" not in line and "a\\u001b[2J\\nb.txt" in line


def test_clients_notice_nothing(doctor, start, queue):
    server = start()
    with Client(server) as client:
        for _ in range(3):
            doctor("-l", f"127.0.0.1:{server.port}")
        place(queue, name_of(1), '{"event":"e"}')
        assert len(client.receive(1)) == 1
        client.expect_silence(0.2)
    assert not server.logged("event.rejected") and not server.logged("queue.foreign")


@pytest.mark.parametrize("options, status", [
    (["--as", "nobody-of-this-name"], USAGE), (["-d", "/nowhere/queue"], NO_QUEUE), (["--clients", "many"], USAGE),
    (["--config", "/nowhere"], FOUND), (["further"], USAGE)])
def test_a_wrong_command_line_is_refused(doctor, options, status):
    assert doctor(*options) == (status, [])


def test_help_tells_the_exit_statuses(binaries):
    text = subprocess.run(
        [binaries / "wsqueue-server", "doctor", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--as USER" in text and "there are errors or warnings" in text


@pytest.mark.parametrize("name, wide, right", [(".failed", 0o750, "700"), (".lock", 0o644, "600")])
def test_what_is_the_servers_and_open_to_others_is_told(doctor, start, queue, name, wide, right):
    start().terminate()
    (queue / name).chmod(wide)
    status, lines = doctor()
    assert status == FOUND
    line = only(lines, "warning", f"{name} has mode {wide:o}", f"chmod {right} ")
    subprocess.run(["sh", "-c", line.split("; fix: ")[1].split(", or")[0]], check=True)
    assert graver(doctor()[1]) == []
