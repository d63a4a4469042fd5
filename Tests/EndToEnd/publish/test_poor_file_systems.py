"""File systems that can neither refuse to replace a file nor make a second name for it: shared folders of virtual
machines, FUSE."""

import contextlib
import os
import subprocess

import pytest

from support.files import published, waiting
from support.trace import require_strace

LINKS = ["EPERM", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EMLINK"]


@pytest.fixture
def poor(binaries, queue):
    """Runs the program where such calls fail."""
    require_strace()

    def run(*words, rename="EINVAL", link="EPERM", more=(), check=True, **how):
        command = [
            "strace", "-f", "-o", os.devnull, "-e", "trace=renameat2,linkat,fchmod,utimensat", "-e",
            f"inject=renameat2:error={rename}", "-e", f"inject=linkat:error={link}", *more,
            binaries / "wsqueue-publish", "-d", queue, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=check, **how)
    return run


@pytest.mark.parametrize("rename", ["EINVAL", "ENOSYS", "EOPNOTSUPP"])
@pytest.mark.parametrize("link", LINKS)
def test_an_event_is_published(poor, queue, rename, link):
    assert poor("x", "a=1", rename=rename, link=link).stderr == ""
    assert [event["payload"] for event in published(queue)] == [{"a": "1"}]
    assert len(os.listdir(queue)) == 1


def test_a_batch_an_id_and_a_time_work_too(poor, queue):
    poor("--lines", "x", input="1\n2\n")
    poor("--in", "1h", "x")
    poor("-i", "k", "--in", "1h", "x")
    poor("-i", "k2", "x", "-j", "1")
    assert poor("-v", "-i", "k2", "x", "-j", "2").stderr.endswith("waits already, nothing was written\n")
    kinds = sorted(name[:3] for name in waiting(queue))
    assert kinds == ["179", "at-", "at-", "id-"] and len(os.listdir(queue)) == 4


def test_what_is_held_is_released_once(poor, queue):
    held = poor("--hold", "y").stdout.strip()
    poor("--release", held)
    assert poor("--release", held, check=False).returncode == 66
    named = poor("--hold", "-i", "7", "y").stdout.strip()
    poor("--release", named)
    named = poor("--hold", "-i", "7", "y").stdout.strip()
    assert "waits already" in poor("-v", "--release", named).stderr
    assert len(os.listdir(queue)) == 2


def test_one_id_from_many_at_once_is_one_event(poor, queue, binaries):
    require_strace()
    with contextlib.ExitStack() as stack:
        command = [
            "strace", "-f", "-o", os.devnull, "-e", "inject=renameat2:error=EINVAL", "-e", "inject=linkat:error=EPERM",
            binaries / "wsqueue-publish", "-d", queue, "-i", "same", "-o", "json", "x"]
        processes = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE)) for _ in range(12)]
        assert [process.wait(30) for process in processes] == [0] * 12
    assert os.listdir(queue) == ["id-same.json"]


def test_a_marker_that_a_dead_publisher_left_stops_no_one(poor, queue):
    (queue / ".once-id-k.json.tmp").touch()
    poor("-i", "k", "x")
    assert waiting(queue) == ["id-k.json"]


@pytest.mark.parametrize("call", ["fchmod", "utimensat"])
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS", "EOPNOTSUPP"])
def test_modes_and_times_that_cannot_be_set_stop_no_one_where_they_need_not(poor, queue, call, error):
    # The file is 0600 from the start: that is the mode which is wanted here.
    poor("-i", "k", "--mode", "600", "x", more=["-e", f"inject={call}:error={error}"])
    assert waiting(queue) == ["id-k.json"]


def test_a_mode_that_the_server_could_not_read_is_an_error(poor, queue):
    result = poor("x", more=["-e", "inject=fchmod:error=EPERM"], check=False)
    assert result.returncode == 77 and "fchmod" in result.stderr and os.listdir(queue) == []
