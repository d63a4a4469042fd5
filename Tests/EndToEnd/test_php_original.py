"""Publishers of the PHP original: they write in place, and their names do not sort as text."""

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


@needs_php
@pytest.mark.parametrize("options", [(), ("--watch", "poll")], ids=["inotify", "poll"])
@pytest.mark.parametrize("delay, count", [(0, 250), (20_000, 50)], ids=["quick", "slowed by 20 ms"])
@pytest.mark.parametrize("processes", [1, 4])
def test_events_of_the_original_arrive_in_order_whole_and_once(start, queue, processes, delay, count, options):
    with Client(start(*options)) as client:
        command = ["php", str(HERE / "php/original.php"), str(queue)]
        writers = [
            subprocess.Popen([*command, str(writer), str(count), str(delay)]) for writer in range(processes)]
        events = client.receive_events(processes * count, timeout=60)
        assert [writer.wait(10) for writer in writers] == [0] * processes
        for writer in range(processes):
            mine = [event["payload"]["n"] for event in events if event["payload"]["writer"] == writer]
            assert mine == list(range(count)), f"writer {writer}"
        eventually(lambda: waiting(queue) == [], "the queue is empty")
        client.expect_silence(0.3)
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
