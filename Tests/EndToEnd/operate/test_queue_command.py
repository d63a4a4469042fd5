"""`wsqueue-server queue`: what an operator does with the files, with a server and without."""

import itertools
import json
import os
import pathlib
import re
import stat
import subprocess

import pytest

from support.client import Client
from support.files import failed, fill, name_of, place, waiting
from support.waiting import eventually


@pytest.fixture
def manage(binaries, queue):
    """Runs `wsqueue-server queue` on the queue."""
    def run(verb, *words, status=0, directory=None):
        result = subprocess.run(
            [binaries / "wsqueue-server", "queue", verb, "-d", str(directory or queue), *words],
            capture_output=True, text=True, timeout=60)
        assert result.returncode == status, result
        return result
    return run


@pytest.fixture
def listed(manage):
    def run(*words):
        return [json.loads(line) for line in manage("ls", "--json", *words).stdout.splitlines()]
    return run


def event(name, **members):
    return json.dumps({"event": name, **members})


def test_an_empty_queue_lists_nothing(manage):
    assert manage("ls").stdout == ""


def test_every_state_is_listed_oldest_first(manage, listed, queue, publish):
    place(queue, name_of(2), event("second"))
    place(queue, name_of(1), event("first"))
    place(queue, "1729000000.25_6b01103ddd22e.jsonl", event("batch") + "\n" + event("other"))
    publish("--in", "10m", "-i", "tea", "tea.ready")
    publish("--hold", "held.back")
    (queue / ".failed").mkdir()
    place(queue / ".failed", "bad.json", "{")
    (queue / ".failed" / "bad.json.why").write_text("unexpected end, at byte 1\n")
    place(queue, "note.txt", "no event")
    found = listed()
    assert [(one["state"], one["event"]) for one in found] == [
        ("waiting", "batch"), ("waiting", "first"), ("waiting", "second"), ("later", "tea.ready"),
        ("held", "held.back"), ("failed", None)]
    assert found[0]["batch"] and not found[1]["batch"]
    assert found[0]["time"] == 1729000000.25
    assert (found[5]["name"], found[5]["reason"]) == (".failed/bad.json", "unexpected end, at byte 1")
    lines = manage("ls").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["STATE"] + [one["state"] for one in found]
    assert re.fullmatch(r"later +in \d+m +\d+ tea\.ready +at-id-tea\.json", lines[4])
    assert lines[6].endswith(".failed/bad.json  unexpected end, at byte 1")
    assert [one["event"] for one in listed("held", "later")] == ["tea.ready", "held.back"]


def test_what_an_event_is_the_state_of_is_listed(manage, listed, queue, publish):
    place(queue, name_of(1), event("job.progress", payload="x" * 20_000, key="job:42"))
    place(queue, name_of(2), event("job.done", key="job:42\u202e", clear=True))
    place(queue, name_of(3) + "l", event("batch", key="k") + "\n")
    publish("--hold", "-k", "job:7", "-c", "jobs", "job.progress", "pct:=57")
    found = listed()
    assert [(one.get("key"), one.get("clear")) for one in found] == [
        ("job:42", False), ("job:42\u202e", True), (None, None), ("job:7", False)]
    lines = manage("ls").stdout.splitlines()
    assert " job.progress [job:42] " in lines[1] and " job.done [job:42\\u202e ends] " in lines[2]
    assert "batch …" in lines[3] and "[" not in lines[3] and " job.progress [job:7] " in lines[4]


def test_a_file_is_printed_byte_for_byte_by_any_of_its_names(manage, queue, publish):
    text = '{ "event":"a",\n "payload": 1.50 }'
    place(queue, name_of(1), text)
    for word in (name_of(1), name_of(1).removesuffix(".json")):
        assert manage("cat", word).stdout == text
    publish("-i", "order/7", "b")
    for word in ("order/7", "id-order%2f7.json"):
        assert json.loads(manage("cat", word).stdout)["event"] == "b"


def test_words_do_not_lead_out_of_the_queue(manage, queue):
    outside = queue.parent / "outside.json"
    outside.write_text("secret")
    place(queue, name_of(1), event("a"))
    (queue / ".failed").mkdir()
    for word in ("../outside.json", str(outside), ".failed/../../outside.json", ".lock", "..", ".failed", ""):
        assert "secret" not in manage("cat", word, status=64).stdout
        manage("rm", word, status=64)
    os.symlink(outside, queue / "link.json")
    assert "symbolic link" in manage("cat", "link.json", status=66).stderr
    manage("hold", "link.json", status=66)
    manage("rm", "link.json")
    assert outside.read_text() == "secret" and waiting(queue) == [name_of(1)]


def test_what_waits_is_held_released_and_removed_without_a_server(manage, listed, queue):
    for number in range(3):
        place(queue, name_of(number), event(f"e{number}"))
    manage("hold", name_of(0), name_of(1))
    assert waiting(queue) == [name_of(2)]
    held = [one["name"] for one in listed("held")]
    stems = [name_of(number).removesuffix(".json") for number in range(2)]
    # Others could guess the names that they had.
    assert all(re.fullmatch(rf"\.held-{stem}\.[a-z0-5]{{16}}\.json", name) for stem, name in zip(stems, held))
    result = manage("release", "missing", name_of(1), status=66)
    assert "'missing' is not there" in result.stderr and len(result.stderr.splitlines()) == 1
    assert waiting(queue) == [name_of(1), name_of(2)]
    manage("rm", name_of(1), held[0])
    assert sorted(os.listdir(queue)) == [name_of(2)]


def test_a_publisher_and_an_operator_hold_in_one_way(manage, queue, publish, start):
    first = publish("--hold", "one").stdout.strip()
    second = publish("--hold", "-i", "order-7", "two").stdout.strip()
    manage("release", first, second)
    assert len(waiting(queue)) == 2
    publish("-i", "order-8", "three")
    manage("hold", "order-8")
    (held,) = [name for name in os.listdir(queue) if name.startswith(".held-")]
    publish("--release", held.removeprefix(".held-id-").removesuffix(".json"))
    start()
    eventually(lambda: waiting(queue) == [], lambda: waiting(queue))


def test_a_running_server_passes_over_what_is_held_and_sends_it_when_released(manage, queue, publish, start):
    server = start("--hold-without-clients")
    publish("-i", "a", "first")
    publish("-i", "b", "second")
    manage("hold", "a")
    with Client(server) as client:
        assert b'"event":"second"' in client.receive()[0]
        manage("release", "a")
        message = json.loads(client.receive()[0])
        assert (message["event"], message["id"]) == ("first", "a")
    eventually(lambda: os.listdir(queue) and waiting(queue) == [], lambda: waiting(queue))


def test_what_was_set_aside_is_mended_and_sent(manage, listed, queue, start):
    server = start()
    place(queue, name_of(1), '{"event":')
    server.wait_for("event.rejected")
    assert [one["name"] for one in listed("failed")] == [f".failed/{name_of(1)}"]
    (queue / ".failed" / name_of(1)).write_text(event("mended"))
    with Client(server) as client:
        manage("requeue", name_of(1))
        assert b'"event":"mended"' in client.receive()[0]
    assert failed(queue) == []


def test_all_that_was_set_aside_comes_back_with_one_word(manage, queue):
    (queue / ".failed").mkdir()
    for name in ("1.json", "1.json.2", "2.jsonl", "id-x.json"):
        place(queue / ".failed", name, event(name))
        (queue / ".failed" / f"{name}.why").write_text("why\n")
    os.mkfifo(queue / ".failed" / "3.json")
    result = manage("requeue", "--all", status=66)
    assert result.stdout == "4 requeued\n" and "3.json" in result.stderr and "FIFO" in result.stderr
    assert waiting(queue) == ["1-2.json", "1.json", "2.jsonl", "id-x.json"] and failed(queue) == ["3.json"]


def test_names_cannot_steer_the_terminal(manage, queue):
    place(queue, b"1729000000\x1b[2J\xc2\x9b1m.json", event("a"))
    text = manage("ls").stdout
    assert "\x1b" not in text and "\x9b" not in text and "\\u001b[2J" in text


def test_a_hundred_thousand_files_are_listed_in_bounded_memory(binaries, memory_queue, is_measured):
    count = 100_000
    # In an order that is not theirs.
    fill(memory_queue, (number * 61 % count for number in range(count)), lambda number: b'{"event":"a"}')
    command = [binaries / "wsqueue-server", "queue", "ls", "-d", memory_queue]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = itertools.islice(process.stdout, 1, None)
        names = [line.split()[4] for line in itertools.islice(lines, count - 5_000)]
        # It cannot end yet: the rest is more than a pipe holds.
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        names += [line.split()[4] for line in lines]
    assert process.returncode == 0 and names == [name_of(number) for number in range(count)]
    kilobytes = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
    assert kilobytes < 20_000 or not is_measured


@pytest.mark.parametrize("words, status, says", [
    ([], 64, "ls, cat, rm"), (["lss"], 64, "did you mean ls?"), (["ls", "wating"], 64, "'wating' is not"),
    (["rm"], 64, "wants a NAME"), (["cat", "a", "b"], 64, "one NAME"), (["rm", "--all"], 64, "--all is for"),
    (["cat", "--json", "a"], 64, "--json is for"), (["requeue", "--all", "a"], 64, "not both"),
    (["ls", "-d", "/nonexistent"], 73, "--dir"), (["rm", "a"], 66, "not there"),
])
def test_wrong_words_are_named(binaries, queue, words, status, says):
    result = subprocess.run(
        [binaries / "wsqueue-server", "queue", *words], env={"WSQUEUE_DIR": str(queue)}, capture_output=True, text=True)
    assert result.returncode == status and says in result.stderr, result


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_not_is_told(binaries, queue):
    place(queue, name_of(1), event("a"))
    os.chmod(queue, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    result = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", binaries / "wsqueue-server", "queue",
         "rm", "-d", queue, name_of(1)], capture_output=True, text=True)
    assert result.returncode == 77 and "uid 65534" in result.stderr and waiting(queue) == [name_of(1)]
