"""A wall clock that is set while the server runs, or wrong at its start: nothing goes for an age that it has not."""

import mmap
import os
import shutil
import struct
import subprocess

import pytest

from support.client import Client
from support.files import name_of, place
from support.http import request
from support.speaking import Resuming
from support.waiting import eventually

# The wall clock of the process is ahead by what a file says.
SHIFTED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static long long *ahead;
static int (*next)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void) {
    next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    ahead = mmap(0, 4096, PROT_READ, MAP_SHARED, open(getenv("AHEAD_FILE"), O_RDONLY | O_CLOEXEC), 0);
}
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = next(clock, time);
    if (clock == CLOCK_REALTIME && ahead != MAP_FAILED) time->tv_sec += *ahead;
    return result;
}
"""
DAYS = 2 * 86_400
pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


class Clock:
    """The wall clock of one server."""

    def __init__(self, path):
        self.path = path / "ahead"
        self.path.write_bytes(bytes(4_096))
        (path / "clock.c").write_text(SHIFTED)
        self.library = path / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.library, path / "clock.c"], check=True)
        self.prefix = ["env", f"LD_PRELOAD={self.library}", f"AHEAD_FILE={self.path}"]

    def set(self, seconds):
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 4_096) as memory:
            memory[:8] = struct.pack("q", seconds)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def put(queue, number):
    place(queue, name_of(number), '{"event":"n","payload":%d}' % number)


def jumps(server, count):
    eventually(lambda: server.times("clock.jump") >= count, lambda: f"{count} jumps in the log:\n{server.log}")


def expect_whole(server, epoch, count):
    with Resuming(server, f"/?since={epoch}:0") as client:
        missed, answer = client.until_resumed()
        assert missed == list(range(count)) and answer["complete"] is True, (missed, answer)
    assert not server.logged("journal.trim")


@pytest.mark.parametrize("wrong", [DAYS, -DAYS, -50 * 365 * 86_400], ids=["two days ahead", "two days behind", "1970"])
def test_a_clock_that_is_set_and_set_back_lets_nothing_go(start, queue, clock, wrong):
    server = start(prefix=clock.prefix)
    with Client(server) as client:
        put(queue, 0)
        client.receive()
        clock.set(wrong)
        jumps(server, 1)
        put(queue, 1)
        client.receive()
        clock.set(0)
        jumps(server, 2)
        put(queue, 2)
        client.receive()
    with Resuming(server) as client:
        epoch = client.epoch
    expect_whole(server, epoch, 3)
    assert request(server, "/ready").status == 200


@pytest.mark.parametrize("wrong", [DAYS, -50 * 365 * 86_400], ids=["two days ahead", "1970"])
def test_a_server_that_comes_up_with_a_wrong_clock_keeps_its_history(start, queue, clock, wrong):
    server = start(prefix=clock.prefix)
    with Resuming(server) as client:
        epoch = client.epoch
        for number in range(3):
            put(queue, number)
        client.receive(3)
    assert server.terminate() == 0
    clock.set(wrong)
    server = start(prefix=clock.prefix)
    with Client(server) as client:
        put(queue, 3)
        client.receive()
        clock.set(0)
        jumps(server, 1)
        put(queue, 4)
        client.receive()
    expect_whole(server, epoch, 5)


def test_history_goes_by_the_time_that_has_passed_all_the_same(start, queue, clock):
    server = start("--journal-age", "1s", prefix=clock.prefix)
    with Client(server) as client:
        put(queue, 0)
        client.receive()
    line = server.wait_for("journal.trim")
    assert line["reason"] == "age" and os.path.isdir(queue / ".journal")
