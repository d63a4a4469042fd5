"""Work that takes longer than a second says on a terminal how far it is, and only there."""

import contextlib
import os
import re
import select
import subprocess
import time

import pytest

from support.waiting import eventually

CLEARED = b"\r\x1b[K"


@contextlib.contextmanager
def terminal():
    """A pseudo-terminal: what a program has, and where its reader reads."""
    reader, program = os.openpty()
    try:
        yield reader, program
    finally:
        os.close(reader)
        os.close(program)


def read_all(reader):
    """What has come."""
    text = b""
    while select.select([reader], [], [], 0)[0]:
        text += os.read(reader, 65_536)
    return text


@pytest.mark.parametrize("words, says", [
    (["--lines", "row"], rb"\d+ events, \d+ bytes"),
    (["row", "-t", "-"], rb"\d+ bytes from standard input"),
])
def test_a_terminal_shows_how_far_it_is(binaries, queue, words, says):
    command = [binaries / "wsqueue-publish", "-d", queue, *words]
    with terminal() as (reader, program), terminal() as (quiet_reader, quiet):
        processes = [subprocess.Popen([*command, *more], stdin=subprocess.PIPE, stderr=stream) for more, stream in (
            ([], program), (["-q"], quiet), ([], subprocess.PIPE))]

        def shown():
            for process in processes:
                process.stdin.write(b"1\n")
                process.stdin.flush()
            return select.select([reader], [], [], 0)[0]
        eventually(shown, "it is shown")
        for process in processes:
            process.stdin.close()
            assert process.wait(10) == 0
        text = read_all(reader)
        assert re.fullmatch(rb"(\rwsqueue-publish: " + says + rb"\x1b\[K)+" + re.escape(CLEARED), text), text
        # Neither with -q, nor where no one looks.
        assert read_all(quiet_reader) == b"" and processes[2].stderr.read() == b""
        processes[2].stderr.close()


def test_quick_work_shows_nothing(binaries, queue, tmp_path):
    (tmp_path / "rows").write_text("1\n" * 10)
    with terminal() as (reader, program):
        for words in (["--lines", "row", "-f", tmp_path / "rows"], ["row", "-t", "-"]):
            begin = time.monotonic()
            command = [binaries / "wsqueue-publish", "-d", queue, *words]
            subprocess.run(command, stderr=program, stdin=subprocess.DEVNULL)
            # Beside others it may take longer, and then it is shown.
            if time.monotonic() - begin < 1:
                assert read_all(reader) == b""
            read_all(reader)


def test_what_goes_wrong_stands_on_a_line_of_its_own(binaries, queue):
    with terminal() as (reader, program):
        process = subprocess.Popen(
            [binaries / "wsqueue-publish", "-d", queue, "--lines", "row"], stdin=subprocess.PIPE, stderr=program)

        def shown():
            process.stdin.write(b"1\n")
            process.stdin.flush()
            return select.select([reader], [], [], 0)[0]
        eventually(shown, "it is shown")
        process.stdin.write(b"{\n")
        process.stdin.close()
        assert process.wait(10) == 65
        assert re.search(re.escape(CLEARED) + rb"wsqueue-publish: line \d+: the payload is not JSON", read_all(reader))
