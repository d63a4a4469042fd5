"""--wait as a user who may put events into the queue and look at nothing else: what became of an event is known."""

import contextlib
import os
import signal
import subprocess

import pytest

from support.files import failed, waiting
from support.marks import needs_root
from support.server import NOBODY
from support.waiting import eventually

pytestmark = needs_root
ALICE, GROUP = 23456, 34567
LARGE = "a=" + "y" * 4_000
LINES = '"{}"\n'.format("y" * 500) * 12


def user(number, group):
    return ["setpriv", f"--reuid={number}", f"--regid={group}", "--clear-groups"]


@pytest.fixture
def box(queue):
    """A drop box as the package makes it."""
    os.chown(queue, NOBODY, GROUP)
    os.chmod(queue, 0o3730)
    return queue


@pytest.fixture
def alice(binaries, box):
    """Publishes as a member of the group; gives the process."""
    with contextlib.ExitStack() as stack:
        def begin(*arguments, stdin=subprocess.DEVNULL):
            return stack.enter_context(subprocess.Popen(
                [*user(ALICE, GROUP), binaries / "wsqueue-publish", "-d", box, *arguments], stdin=stdin,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        yield begin


@pytest.fixture(params=[NOBODY, 0], ids=["server-nobody", "server-root"])
def serve(request, start, box):
    """A server that may ask for leases, or not."""
    def begin(*options):
        return start(*options, prefix=user(NOBODY, NOBODY) if request.param else [])
    return begin


def end(process, input=None):
    out, err = process.communicate(input, timeout=60)
    return process.returncode, out, err


def check_refused(process, queue, input=None):
    status, _, err = end(process, input)
    assert status == 65 and err.startswith("wsqueue-publish: queued, but the server refused "), (status, err)
    assert f"wsqueue-server queue ls -d {queue} failed" in err and err.count("\n") == 1, err


@pytest.mark.parametrize("options", [(), ("-i", "k")])
def test_what_the_server_refuses_is_known_however_fast_it_is(serve, alice, box, options):
    serve("--event-size", "2K")
    for count in range(1, 4):
        check_refused(alice(*options, "-w30s", "x", LARGE), box)
        assert len([name for name in failed(box) if not name.endswith(".why")]) == count


@pytest.mark.takes(12)
def test_a_batch_and_what_was_held_are_known_too(serve, alice, box):
    serve("--event-size", "2K", "--batch-size", "4K")
    check_refused(alice("--lines", "x", "-w30s", stdin=subprocess.PIPE), box, LINES)
    identity = end(alice("--hold", "x", LARGE))[1].strip()
    check_refused(alice("--release", identity, "-w30s"), box)


def test_what_is_sent_is_0(serve, alice):
    server = serve("--log-events", "all")
    for number in range(20):
        options = ("-i", f"k{number}") if number % 2 else ()
        assert end(alice(*options, "-w30s", "x"))[0] == 0
    # What has the id of one that was sent is deleted too.
    assert end(alice("-i", "k1", "-w30s", "x"))[0] == 0
    assert len(server.logged("event.sent")) == 20


@pytest.mark.parametrize("change, status", [("replaced", 69), ("renamed", 75)])
def test_what_others_do_to_the_file_is_not_taken_for_something_else(serve, alice, box, tmp_path, change, status):
    server = serve("--journal", "off")
    server.signal(signal.SIGSTOP)
    process = alice("-w6s", "x")
    [name] = eventually(lambda: waiting(box), "it is queued")
    if change == "replaced":
        box.rename(tmp_path / "old")
        box.mkdir()
        server.process.kill()
    else:
        os.rename(box / name, box / f".held-{name}")
    try:
        result = end(process)
        assert result[0] == status, result
    finally:
        if server.process.poll() is None:
            server.signal(signal.SIGCONT)

