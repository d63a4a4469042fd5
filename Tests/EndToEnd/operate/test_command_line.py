"""The command line is read however the program is started: under preloaded libraries, without standard streams, as
process 1."""

import json
import os
import pathlib
import signal
import subprocess

import pytest

from support.files import name_of, place, waiting
from support.preloading import build, needs_compiler
from support.waiting import eventually

SETTING = """
#include <stdlib.h>
__attribute__((constructor)) static void set(void) { setenv("SET_BEFORE_MAIN", "1", 1); }
"""
# Hands main and all constructors of the program an empty vector; the environment stays behind its end.
WITHOUT_WORDS = """
#define _GNU_SOURCE
#include <dlfcn.h>
typedef int (*starter)(void *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
int __libc_start_main(
    void *main, int count, char **words, void (*a)(void), void (*b)(void), void (*c)(void), void *stack) {
    starter next = (starter)dlsym(RTLD_NEXT, "__libc_start_main");
    return next(main, 0, words + count, a, b, c, stack);
}
"""


@pytest.fixture
def preloaded(tmp_path):
    """The environment for a program that gets a library of this source preloaded."""
    def make(source, **variables):
        return os.environ | variables | {"LD_PRELOAD": str(build(tmp_path, source))}
    return make


@needs_compiler
@pytest.mark.parametrize("count", [0, 60])
def test_a_library_that_sets_a_variable_costs_no_word(binaries, preloaded, queue, tmp_path, count):
    many = {f"FILLING_{number}": "x" * number for number in range(count)}
    how = {"env": preloaded(SETTING, **many), "cwd": tmp_path, "capture_output": True, "text": True, "timeout": 20}
    server, publish = binaries / "wsqueue-server", binaries / "wsqueue-publish"
    assert subprocess.run([server, "--version"], **how, check=True).stdout.startswith("wsqueue-server ")
    # With its words lost this would be a server in the directory that is the default.
    checked = subprocess.run([server, "check", "--dir", queue], **how, check=False)
    assert checked.returncode == 0 and str(queue) in checked.stdout, checked
    assert not (tmp_path / "queue").exists()
    subprocess.run([publish, "-d", queue, "order.created"], **how, check=True)
    assert len(waiting(queue)) == 1


@needs_compiler
def test_a_server_that_has_no_words_does_not_start(binaries, preloaded, tmp_path):
    result = subprocess.run(
        [binaries / "wsqueue-server", "--version"], env=preloaded(WITHOUT_WORDS), cwd=tmp_path, capture_output=True,
        text=True, timeout=20)
    assert result.returncode == 70, result
    assert result.stderr.startswith("wsqueue-server: cannot read the command line: ") and result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "queue").exists()


CLOSED = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]


def without(streams, *words):
    """A command that is started with standard streams closed."""
    return ["sh", "-c", f'exec "$0" "$@" {streams}', *words]


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("log", [(), ("--log-file", "log")], ids=["standard-error", "file"])
def test_a_server_without_standard_streams_sends_and_writes_no_line_into_another_file(
        binaries, queue, tmp_path, closed, log):
    command = without(
        closed, binaries / "wsqueue-server", "-d", queue, "-l", "unix:socket", "--journal", "journal",
        "--log-level", "debug", *log)
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: process.poll() is not None or (tmp_path / "socket").exists(), "it listens")
        for number in range(3):
            place(queue, name_of(number), json.dumps({"event": f"event.{number}"}))
        eventually(lambda: process.poll() is not None or waiting(queue) == [], "the files are deleted")
    finally:
        process.terminate()
        assert process.wait(20) == 0
    for path in [*queue.rglob("*"), *tmp_path.rglob("journal/*")]:
        assert not path.is_file() or b"ev=" not in path.read_bytes(), path


@pytest.mark.parametrize("closed", CLOSED)
def test_a_publisher_without_standard_streams_publishes_the_same(binaries, queue, closed):
    # The second line is refused, and there may be nowhere to say so.
    follow = [binaries / "wsqueue-publish", "-d", queue, "--follow", "temperature", "--file", "/dev/fd/9"]
    for words in (follow, [binaries / "wsqueue-publish", "-d", queue, "temperature", "-j", "3"]):
        command = ["sh", "-c", f'printf "1\\nno\\n2\\n" | "$0" "$@" 9<&0 {closed}', *words]
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
        assert result.returncode == (65 if words == follow else 0)
    lines = [line for name in waiting(queue) for line in (queue / name).read_text().splitlines()]
    assert [json.loads(line)["payload"] for line in lines] == [1, 2, 3]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a namespace of processes")
def test_as_process_1_it_serves_and_ends_when_it_is_told_to(binaries, queue, tmp_path):
    command = ["unshare", "--pid", "--fork", binaries / "wsqueue-server", "-d", queue, "-l", "unix:socket"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as parent:
        children = pathlib.Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        lines = iter(parent.stderr)
        assert any("ev=server.ready" in line for line in lines)
        place(queue, name_of(0), json.dumps({"event": "order.created"}))
        eventually(lambda: waiting(queue) == [], "the file is deleted")
        os.kill(int(children.read_text()), signal.SIGTERM)
        assert any("ev=server.stop" in line for line in lines)
        assert parent.wait(20) == 0
