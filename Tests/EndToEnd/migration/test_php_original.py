"""Publishers of the PHP original: they write in place, and their names do not sort as text."""

import collections
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from support.client import Client
from support.files import failed, waiting
from support.waiting import eventually

HERE = pathlib.Path(__file__).parent
PAYLOAD = re.compile(rb'"payload":(.*),"timestamp":')
needs_php = pytest.mark.skipif(not shutil.which("php"), reason="no php")


def undisturbed(outputs):
    """What each file that nobody has overwritten holds, as name: (writer, n); the rest is the loss of the original."""
    names = [output.split() for output in outputs]
    times = collections.Counter(name for each in names for name in each)
    return {
        name: (writer, n) for writer, each in enumerate(names) for n, name in enumerate(each) if times[name] == 1}


@needs_php
@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
@pytest.mark.parametrize("delay, count", [(0, 250), (20_000, 50)], ids=["quick", "slowed by 20 ms"])
@pytest.mark.parametrize("processes", [1, 4])
def test_events_of_the_original_arrive_in_order_whole_and_once(start, queue, processes, delay, count, options):
    with Client(start(*options)) as client:
        command = ["php", str(HERE / "php/original.php"), str(queue)]
        # Pauses of one length would keep the processes in step, and make them choose the same names.
        writers = [
            subprocess.Popen(
                [*command, str(writer), str(count), str(delay and delay + 311 * writer)],
                stdout=subprocess.PIPE, text=True)
            for writer in range(processes)]
        expected = undisturbed([writer.communicate(timeout=60)[0] for writer in writers])
        assert len(expected) > processes * count * 0.9
        received = {}
        while not set(expected) <= set(received):
            [event] = client.receive_events()
            name = event["id"] + ".json"
            assert name not in received or name not in expected
            received[name] = (event["payload"]["writer"], event["payload"]["n"])
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        client.expect_silence(0.3)
    for writer in range(processes):
        mine = [received[name] for name in received if expected.get(name, (None, 0))[0] == writer]
        assert mine == [place for place in expected.values() if place[0] == writer]
    if len(expected) == processes * count:
        assert failed(queue) == []


def test_files_that_the_original_left_are_delivered_in_their_true_order(start, queue):
    files = sorted((HERE / "php-queue-files").glob("*.json"))
    for file in files:
        shutil.copy(file, queue)
    with Client(start("--hold-without-clients")) as client:
        messages = client.receive(len(files))
    assert [json.loads(message)["event"] for message in messages] == [
        "appointment_created", "order_status_changed", "user_logged_out", "notification", "new_message"]
    written = {PAYLOAD.search(file.read_bytes())[1] for file in files}
    assert {PAYLOAD.search(message)[1] for message in messages} == written
