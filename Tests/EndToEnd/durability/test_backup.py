"""What the page on backup and move says: a queue goes to another place with what waits, its history and its state."""

import json
import shutil
import subprocess

from support.client import Client
from support.files import place, waiting
from support.speaking import Resuming
from support.waiting import eventually


def copy(source, target, *left_out):
    """As `cp -a` does, but for some names; sockets and pipes are the server's own."""
    command = ["tar", "-C", str(source), *(f"--exclude=./{name}" for name in left_out), "-cf", "-", "."]
    archive = subprocess.run(command, capture_output=True).stdout
    target.mkdir(parents=True)
    subprocess.run(["tar", "-C", str(target), "-xpf", "-"], input=archive, check=True)


def state(server):
    with Client(server, "/?state=1&channels=jobs") as client:
        begin, event, end = client.receive_events(3)
        assert begin["action"] == end["action"] == "state"
        return event["key"], event["payload"], end["complete"]


def test_a_copy_that_is_made_while_the_server_runs_has_all_that_waits_and_the_state(
        start, queue, publish, binaries, tmp_path):
    server = start()
    publish("-c", "jobs", "-k", "job:42", "job.progress", "-j", "57")
    publish("-i", "tea", "--in", "1h", "tea.ready")
    word = publish("--hold", "order.created", "-j", "7").stdout.strip()
    numbers = iter(range(1, 10_000))

    def more(count):
        for number in (next(numbers) for _ in range(count)):
            place(queue, f"n{number}.json", json.dumps({"event": "n", "payload": number, "id": f"n{number}"}))
    more(50)
    eventually(lambda: server.logged("event.sent", event="job.progress"), "the state is there")
    # First the queue and then the journal: what has left the one is in the other.
    copy(queue, tmp_path / "moved", ".journal")
    more(50)
    copy(queue / ".journal", tmp_path / "moved/.journal")
    more(50)
    with Resuming(server) as client:
        epoch = client.epoch
    assert server.terminate() == 0
    copied = {name for name in waiting(tmp_path / "moved") if name.startswith("n")}

    other = start(directory=tmp_path / "moved")
    other.wait_for("journal.moved")
    assert state(other) == ("job:42", 57, True)
    # What is in the copy is sent once, whether it was a file there or in the journal; of the first nothing is missing.
    eventually(lambda: waiting(tmp_path / "moved") == ["at-id-tea.json"], "the rest is sent")
    with Resuming(other, "/?since=all") as client:
        missed, answer = client.until_resumed()
        got = [number for number in missed if isinstance(number, int) and number != 57]
        assert sorted(set(got)) == sorted(got) and set(range(1, 51)) <= set(got), (got, copied)
    # Held for a commit, and due in an hour, as before.
    subprocess.run([binaries / "wsqueue-publish", "-d", tmp_path / "moved", "--release", word], check=True)
    other.wait_for("event.sent", event="order.created")
    # Who has been further is told.
    with Resuming(other, f"/?since={epoch}:151") as client:
        assert client.until_resumed()[1]["complete"] is False


def test_without_its_journal_a_queue_begins_anew_and_sends_what_waits(start, queue, publish, tmp_path):
    server = start()
    publish("a")
    server.wait_for("event.sent")
    with Resuming(server) as client:
        epoch = client.epoch
    assert server.terminate() == 0
    publish("b")
    shutil.move(queue / ".journal", tmp_path / "journal")
    server = start()
    server.wait_for("event.sent", event="b")
    with Resuming(server, f"/?since={epoch}:1") as client:
        _, answer = client.until_resumed()
        assert (answer["complete"], answer["gap"]["reason"]) == (False, "epoch")
