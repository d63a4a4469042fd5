"""The exit status is the truth about the queue, whatever becomes of standard output."""

import os
import subprocess

import pytest

from support.files import waiting
from support.marks import needs_root
from support.server import NOBODY
from support.trace import require_strace

# What a shell puts behind a command, and what then is at standard output.
OUTPUTS = {
    "full": ">/dev/full", "closed": ">&-", "closed like input": "<&- >&-", "all closed": "<&- >&- 2>&-",
    "for reading": "1</dev/null", "without a reader": "",
}
COMMANDS = {
    "an event": '"$0" -d "$1" -o {form} x', "an event with an id": '"$0" -d "$1" -o {form} -i 7 x',
    "a batch": '"$0" -d "$1" -o {form} --lines x -f <(printf "1\\n2\\n")',
    "a held event": '"$0" -d "$1" -o {form} --hold x',
    "one that is due": '"$0" -d "$1" -o {form} --in 1h x',
}


def run(binaries, queue, script, **how):
    """Runs a script in which $0 is the program and $1 the queue."""
    command = ["bash", "-c", script, str(binaries / "wsqueue-publish"), str(queue)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=30, **how)


@pytest.mark.parametrize("form", ["id", "path", "json"])
@pytest.mark.parametrize("what", COMMANDS)
@pytest.mark.parametrize("where", OUTPUTS)
def test_what_cannot_be_told_is_74_and_not_queued(binaries, queue, what, where, form):
    command = COMMANDS[what].format(form=form)
    if where == "without a reader":
        # The reader has gone for certain before the program begins.
        read, write = os.pipe()
        os.close(read)
        result = run(binaries, queue, command, stdout=write)
        os.close(write)
    else:
        result = run(binaries, queue, f"{command} {OUTPUTS[where]}")
    assert result.returncode == 74
    assert where == "all closed" or "cannot write to standard output" in result.stderr
    assert os.listdir(queue) == []


def test_a_held_event_stays_held_where_its_release_cannot_be_told(binaries, queue, publish):
    held = publish("--hold", "x").stdout.strip()
    before = os.listdir(queue)
    assert run(binaries, queue, f'"$0" -d "$1" --release {held} -o id >/dev/full').returncode == 74
    assert os.listdir(queue) == before
    publish("--release", held)
    assert len(waiting(queue)) == 1


@pytest.mark.parametrize("form", ["id", "path", "json"])
def test_what_is_told_is_what_is_there(publish, queue, form):
    told = publish("-o", form, "x").stdout
    [name] = waiting(queue)
    assert name.removesuffix(".json") in told and len(told.splitlines()) == 1


def test_what_fails_after_the_rename_says_that_it_is_queued(binaries, queue):
    require_strace()
    # The sync of the directory: the file's own one comes before it.
    trace = ["strace", "-f", "-o", os.devnull, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"]
    command = [*trace, binaries / "wsqueue-publish", "-d", queue, "-s", "full", "x"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 74 and result.stderr.startswith("wsqueue-publish: queued, but ")
    assert len(waiting(queue)) == 1


@needs_root
def test_a_file_that_was_sent_and_stays_is_not_said_to_wait(binaries, queue, start):
    # A drop box of another user's: this server may read what is there and delete nothing.
    os.chmod(queue, 0o1777)
    server = start("--journal", "off", prefix=["setpriv", "--reuid", str(NOBODY), "--clear-groups"])
    command = [binaries / "wsqueue-publish", "-d", queue, "-w1s", "x"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    server.wait_for("event.undeletable")
    assert result.returncode == 75 and "still waits" not in result.stderr
    assert "may not delete it" in result.stderr and "do not publish it again" in result.stderr
