"""--follow -f FILE: what is added to a log, through each way in which logs are rotated."""

import os
import signal
import subprocess

import pytest

from support.files import published
from support.marks import needs_root
from support.server import NOBODY
from support.waiting import eventually


class Log:
    """A log and its writer, which has it open as a daemon does."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.open()

    def open(self):
        if self.file is not None:
            os.close(self.file)
        self.file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, text):
        os.write(self.file, text.encode())


@pytest.fixture
def log(queue):
    log = Log(queue.parent / "app.log")
    yield log
    os.close(log.file)


@pytest.fixture
def follow(binaries, queue, log):
    """Follows the log; the process has begun when this returns."""
    processes = []

    def start(*words, prefix=()):
        command = [*prefix, binaries / "wsqueue-publish", "-v", "-d", queue, "--follow", "line", "--text-lines",
                   "--every", "1ms", "-f", log.path, *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stderr.readline() == f"wsqueue-publish: following {log.path}, into {queue}\n"
        return process
    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def shows(queue):
    """Waits for all the lines that have been published, in order."""
    def wait(*lines):
        def payloads():
            return [event["payload"] for event in published(queue)]
        eventually(lambda: payloads() == list(lines), payloads)
    return wait


def test_what_is_added_is_published_until_a_signal_comes(follow, log, shows):
    log.write("old\nhal")
    process = follow()
    log.write("f\nnew\n")
    shows("half", "new")
    log.write("wai")
    log.write("ted for\n")
    shows("half", "new", "waited for")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    assert process.stderr.read() == "wsqueue-publish: queued 3 events\n"


def test_a_file_that_is_renamed_is_read_until_its_writer_has_begun_with_the_next(follow, log, shows):
    follow()
    log.write("1\n")
    shows("1")
    lines = ["1"]
    for number in (1, 2):
        log.path.rename(f"{log.path}.{number}")
        # logrotate makes the new one; the daemon hears of it later.
        log.path.touch()
        log.write(f"late {number}\n")
        lines.append(f"late {number}")
        shows(*lines)
        log.write(f"latest {number}, without an end")
        log.open()
        log.write(f"new {number}\n")
        lines += [f"latest {number}, without an end", f"new {number}"]
        shows(*lines)


def test_nothing_is_lost_or_doubled_while_a_busy_log_is_renamed(follow, log, shows):
    follow()
    for number in range(2_000):
        if number % 400 == 399:
            log.path.rename(f"{log.path}.{number}")
            log.open()
        log.write(f"{number}\n")
        # More renames between two looks than one are more than any follower sees.
        if number % 400 == 200:
            shows(*(str(number) for number in range(number + 1)))
    shows(*(str(number) for number in range(2_000)))


@pytest.mark.parametrize("before, after", [
    ("some lines\nof it\n", "new\n"), ("old\n", "new\n"), ("old\n", "longer than before\n")])
def test_a_file_that_is_cut_is_read_from_its_beginning(follow, log, shows, before, after):
    follow()
    log.write(before)
    shows(*before.splitlines())
    # copytruncate
    os.truncate(log.path, 0)
    log.write(after)
    shows(*before.splitlines(), *after.splitlines())
    log.write("and on\n")
    shows(*before.splitlines(), *after.splitlines(), "and on")


def test_one_that_is_cut_before_anything_was_added(follow, log, shows):
    log.write("old\n")
    follow()
    os.truncate(log.path, 0)
    log.write("new\n")
    shows("new")


def test_a_file_that_is_away_for_a_while(follow, log, shows):
    follow()
    log.path.unlink()
    log.write("to the file without a name\n")
    shows("to the file without a name")
    log.open()
    log.write("new\n")
    shows("to the file without a name", "new")


def test_a_link_that_leads_to_another_file(follow, log, queue, shows):
    target = queue.parent / "target"
    log.path.rename(target)
    log.path.symlink_to(target)
    follow()
    log.write("1\n")
    shows("1")
    (queue.parent / "other").write_text("2\n")
    (queue.parent / "link").symlink_to(queue.parent / "other")
    (queue.parent / "link").rename(log.path)
    shows("1", "2")


@needs_root
def test_a_next_file_that_may_not_be_read_is_told_once_and_tried_again(follow, log, queue, shows):
    queue.chmod(0o777)
    log.write("old\n")
    process = follow(prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"])
    log.path.rename(f"{log.path}.1")
    log.open()
    log.path.chmod(0o600)
    log.write("secret\n")
    assert process.stderr.readline() == (
        f"wsqueue-publish: cannot read {log.path}: permission denied; trying again\n")
    log.path.chmod(0o644)
    shows("secret")
    process.send_signal(signal.SIGINT)
    process.wait(10)
    assert process.stderr.read() == "wsqueue-publish: queued 1 events\n"


def test_a_text_is_followed_too(binaries, queue, log):
    log.write("old")
    command = [binaries / "wsqueue-publish", "-v", "-d", queue, "--follow", "a", "--chunks", "-f", log.path]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        for piece in (" more", " and more"):
            log.write(piece)
            eventually(lambda: [event["payload"] for event in published(queue)][-1:] == [piece], "it is published")
        process.send_signal(signal.SIGTERM)


def test_what_has_an_end_is_read_to_it(binaries, queue, log):
    """Standard input that is a file, and a pipe with a name."""
    log.write("one\ntwo\n")
    command = [binaries / "wsqueue-publish", "-d", queue, "--follow", "line", "--text-lines"]
    with open(log.path, encoding="ascii") as file:
        assert subprocess.run(command, stdin=file, timeout=20, capture_output=True).stderr == b""
    fifo = queue.parent / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen([*command, "-f", fifo]) as process:
        fifo.write_text("three\n")
        assert process.wait(20) == 0
    assert [event["payload"] for event in published(queue)] == ["one", "two", "three"]


def test_a_file_that_is_not_there_is_66(binaries, queue):
    command = [binaries / "wsqueue-publish", "-d", queue, "--follow", "line", "-f", queue.parent / "no.log"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert result.returncode == 66 and "no.log: no such file or directory" in result.stderr
