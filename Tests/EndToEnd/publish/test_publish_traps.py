"""A fault of the publisher's own: one line and status 70, not "Illegal instruction"."""

import json
import os
import signal
import subprocess

import pytest

from support.files import waiting
from support.waiting import eventually

LINE = "wsqueue-publish: stopped by a fault of its own or for want of memory, "


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGTRAP, signal.SIGABRT])
def test_a_trap_is_one_line_and_70(binaries, queue, number):
    command = [binaries / "wsqueue-publish", "-d", queue, "--follow", "a"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdin.write("1\n")
        process.stdin.flush()
        eventually(lambda: waiting(queue), "it follows")
        process.send_signal(number)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 70
    assert said.startswith(LINE) and said.count("\n") == 1 and said.endswith("\n")


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGTRAP, signal.SIGABRT])
def test_the_trap_of_a_command_is_the_commands(binaries, queue, number):
    command = [binaries / "wsqueue-publish", "-d", queue, "--run", "a", "--", "sh", "-c", f"kill -{number.value} $$"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (-number, "")
    finished = json.loads((queue / waiting(queue)[-1]).read_text())
    assert finished["payload"]["signal"] == number.name.removeprefix("SIG")


def test_a_program_without_memory_says_so(binaries, queue, tmp_path, is_measured):
    if not is_measured:
        pytest.skip("a sanitizer wants all the addresses there are")
    (tmp_path / "large").write_bytes(b"1" * 900_000)
    command = [binaries / "wsqueue-publish", "-d", queue, "a", "-f", tmp_path / "large"]
    endings = []
    # From what not even its pages fit into to what is enough.
    for limit in range(1_000_000, 64_000_000, 125_000):
        result = subprocess.run(["prlimit", f"--as={limit}", *command], capture_output=True, text=True, timeout=20)
        endings.append(result.returncode)
        if result.returncode == 70:
            # Swift's runtime has words of its own before.
            last = result.stderr.splitlines(keepends=True)[-1]
            assert last.startswith(LINE) and last.endswith("\n")
            assert [name for name in os.listdir(queue) if not name.startswith(".")] == []
        if result.returncode == 0:
            break
    assert endings[-1] == 0 and 70 in endings
    # Before the program has begun: the kernel ends what it cannot load, the loader says 127 for want of room,
    # and a runtime that cannot begin traps.
    before = {127, -signal.SIGSEGV, -signal.SIGILL}
    assert set(endings) <= {0, 70, 75} | before and not before & set(endings[endings.index(70):])