"""A wall clock that is set while the server runs, or wrong at its start: nothing goes for an age that it has not."""

import os

import pytest

from support.client import Client
from support.clocks import Clock, needs_compiler
from support.files import name_of, place
from support.http import request
from support.speaking import Resuming
from support.waiting import eventually

DAYS = 2 * 86_400
pytestmark = needs_compiler


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
