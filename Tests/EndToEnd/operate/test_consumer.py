"""`wsqueue-server tail --cursor-file`: a consumer that is given each event at least once, and in order."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from support.consuming import Consumer
from support.consumer_crash import ConsumerCrash
from support.files import name_of, place, place_each, waiting
from support.ports import free_port
from support.rules import write_rules
from support.server import NOBODY
from support.tokens import write_secrets
from support.waiting import eventually

NOTE = 'cat >> "$OUT"'


@pytest.fixture
def consume(binaries, tmp_path):
    """Starts consumers, which append to `out` unless they are given another command."""
    started = []

    def start_consumer(server, command=NOTE, *options, cursor=tmp_path / "cursor"):
        out = tmp_path / "out"
        out.touch()
        one = Consumer(binaries, server, cursor, command, *options, environment={"OUT": str(out)})
        one.cursor, one.out = pathlib.Path(cursor), out
        started.append(one)
        return one

    yield start_consumer
    for one in started:
        one.end()


def payloads(out):
    return [json.loads(line)["payload"] for line in out.read_text().splitlines()]


def test_it_goes_on_after_the_last_event_whose_command_has_ended_with_0(start, queue, consume):
    server = start()
    place_each(queue, range(3))
    eventually(lambda: not waiting(queue), "they are sent")
    first = consume(server, NOTE, "--since", "all", "-n", "2")
    assert first.status() == 0 and payloads(first.out) == [0, 1]
    epoch = server.wait_for("journal.open")["epoch"]
    assert first.cursor.read_text() == f"{epoch}:2\n"
    # --since is for the first start alone.
    second = consume(server, NOTE, "--since", "all")
    place_each(queue, range(3, 5))
    eventually(lambda: payloads(second.out) == [0, 1, 2, 3, 4], lambda: second.err)
    eventually(lambda: second.cursor.read_text() == f"{epoch}:5\n", "it is noted")
    assert second.err == ""


def test_what_has_come_since_the_first_start_is_not_forgotten_although_nothing_was_done_yet(start, queue, consume):
    server = start()
    place_each(queue, range(2))
    eventually(lambda: not waiting(queue), "they are sent")
    first = consume(server, "exit 1")
    eventually(first.cursor.exists, lambda: first.err)
    place_each(queue, range(2, 4))
    first.says("exited with 1; again in 1s")
    first.kill()
    place_each(queue, range(4, 5))
    second = consume(server)
    eventually(lambda: payloads(second.out) == [2, 3, 4], lambda: second.err)


def test_an_event_in_whose_midst_it_is_killed_comes_again(start, queue, consume, tmp_path):
    server = start()
    gate = tmp_path / "gate"
    command = f'{NOTE}; until test -e {gate}; do sleep 0.01; done'
    first = consume(server, command, "--since", "all")
    place_each(queue, range(3))
    eventually(lambda: payloads(first.out) == [0], lambda: first.err)
    first.end()
    gate.touch()
    second = consume(server, command)
    eventually(lambda: payloads(second.out) == [0, 0, 1, 2], lambda: second.err)


def test_one_that_is_told_to_end_lets_its_command_finish_and_notes_that(start, queue, consume, tmp_path):
    server = start()
    gate = tmp_path / "gate"
    first = consume(server, f'{NOTE}; until test -e {gate}; do sleep 0.01; done', "--since", "all")
    place_each(queue, range(2))
    eventually(lambda: payloads(first.out) == [0], lambda: first.err)
    first.process.send_signal(signal.SIGTERM)
    gate.touch()
    assert first.status() == -signal.SIGTERM
    assert first.cursor.read_text().endswith(":1\n")
    second = consume(server)
    eventually(lambda: payloads(second.out) == [0, 1], lambda: second.err)


def test_what_a_command_refuses_is_set_aside_and_can_be_looked_at(start, queue, consume, binaries):
    server = start()
    one = consume(server, f'grep -q bad && exit 65; echo "{{\\"payload\\":$WSQUEUE_SEQ}}" >> "$OUT"', "--since", "all")
    place(queue, name_of(1), '{"event":"a","payload":"good"}')
    place(queue, name_of(3), '{"event":"d","payload":"bad","id":"i 3"}')
    place(queue, name_of(4), '{"event":"e","payload":"good"}')
    eventually(lambda: payloads(one.out) == [1, 3], lambda: one.err)
    failed = pathlib.Path(f"{one.cursor}.failed")
    epoch = server.wait_for("journal.open")["epoch"]
    one.says(f"the command exited with 65 for d ({epoch}:2): set aside as {failed}/id-{epoch}:2.json")
    assert failed.stat().st_mode & 0o777 == 0o700
    shown = subprocess.run(
        [binaries / "wsqueue-server", "queue", "ls", "-d", str(failed)], capture_output=True, text=True, check=True)
    assert len(shown.stdout.splitlines()) == 2, shown.stdout
    assert f" d {' ' * 23}id-{epoch}:2.json" in shown.stdout
    [name] = [path for path in failed.iterdir() if path.suffix == ".json"]
    message = subprocess.run(
        [binaries / "wsqueue-server", "queue", "cat", "-d", str(failed), f"{epoch}:2"], capture_output=True, check=True)
    assert json.loads(message.stdout) == json.loads(name.read_text())
    assert json.loads(message.stdout)["id"] == "i 3"


def test_two_on_one_file_are_one_too_many(server, consume):
    first = consume(server)
    eventually(first.cursor.exists, lambda: first.err)
    second = consume(server, cursor=first.cursor)
    assert second.status() == 75
    second.says("another consumer has it")
    first.kill()
    third = consume(server, NOTE, "-n", "1")
    assert third.process.poll() is None


def test_a_lock_that_a_killed_one_left_to_the_command_it_was_starting_is_waited_for(server, consume, tmp_path):
    lock = os.open(tmp_path / "cursor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    # As where it is killed within posix_spawn(3): who took the lock is gone, and another process has the file open.
    subprocess.run(["flock", "-n", str(lock)], pass_fds=[lock], check=True)
    consumer = consume(server)
    opened = pathlib.Path(f"/proc/{consumer.process.pid}/fd")
    eventually(lambda: any(os.path.realpath(one).endswith("/cursor.lock") for one in opened.iterdir()), "it tries")
    time.sleep(0.1)  # The time that the command needs to begin; without waiting it has ended by then.
    os.close(lock)
    eventually(consumer.cursor.exists, lambda: consumer.err)


@pytest.mark.parametrize("policy", [[], ["--on-gap", "stop"], ["--on-gap", "go"]], ids=["default", "stop", "go"])
def test_after_a_gap_nothing_is_done_unless_it_is_to_go_on(start, queue, consume, policy):
    server = start("--journal-events", "1000")
    place_each(queue, range(2))
    first = consume(server, NOTE, "--since", "all", "-n", "1")
    assert first.status() == 0
    server.terminate()
    # A history of its own, so that the cursor says nothing to it.
    for path in (queue / ".journal").glob("*.segment"):
        path.unlink() if path.is_file() else path.rmdir()
    server = start("--journal-events", "1000")
    place_each(queue, range(2, 4))
    eventually(lambda: not waiting(queue), "they are sent")
    before = first.cursor.read_text()
    second = consume(server, NOTE, *policy)
    if policy[-1:] == ["go"]:
        second.says("gap: ")
        place_each(queue, range(4, 5))
        eventually(lambda: payloads(second.out)[-1:] == [4], lambda: second.err)
    else:
        assert second.status() == 66
        second.says("nothing of what came after it was done: --on-gap go goes on with that")
        assert payloads(first.out) == [0] and first.cursor.read_text() == before


def test_events_behind_a_gap_are_not_done_before_it_is_known(start, queue, consume):
    server = start("--journal-size", "64K")
    place_each(queue, range(2))
    first = consume(server, NOTE, "--since", "all", "-n", "1")
    assert first.status() == 0
    line = json.dumps({"event": "n", "payload": "x" * 200})
    for number in range(3, 13):
        place(queue, name_of(number) + "l", "\n".join([line] * 100))
    server.wait_for("journal.trim")
    eventually(lambda: not waiting(queue), "they are sent")
    second = consume(server)
    assert second.status() == 66
    second.says("gap: the journal no longer has events 2 to ")
    assert payloads(first.out) == [0]


def test_a_server_that_is_killed_is_come_back_to(start, queue, consume):
    listen = f"127.0.0.1:{free_port()}"
    server = start(listen=listen)
    one = consume(server, NOTE, "--since", "all")
    place_each(queue, range(2))
    eventually(lambda: payloads(one.out) == [0, 1], lambda: one.err)
    server.process.kill()
    server.exit_status()
    place_each(queue, range(2, 4))
    start(listen=listen)
    eventually(lambda: payloads(one.out) == [0, 1, 2, 3], lambda: one.err, timeout=30)


def test_a_command_that_is_slow_keeps_no_one_waiting(start, memory_queue, consume, tmp_path):
    server = start("--behind-age", "5m", directory=memory_queue)
    gate = tmp_path / "gate"
    one = consume(
        server, f"{NOTE}; until test -e {gate} -o -e {gate}.$WSQUEUE_SEQ; do sleep 0.01; done", "--since", "all")
    eventually(one.cursor.exists, lambda: one.err)
    (tmp_path / "gate.1").touch()
    # The second comes over a connection that is up to date, and its command does not end.
    for number in range(2):
        place(memory_queue, name_of(number), json.dumps({"event": "n", "payload": [number, ""]}))
        eventually(lambda: one.out.read_text().count("\n") == number + 1, lambda: one.err)
    count, text = 120, "x" * 100_000
    for number in range(2, count):
        place(memory_queue, name_of(number), json.dumps({"event": "n", "payload": [number, text]}))
    # More than the buffers between the two take.
    eventually(lambda: not waiting(memory_queue), "they are sent", timeout=60)
    assert one.out.read_text().count("\n") == 2
    gate.touch()
    eventually(lambda: one.out.read_text().count("\n") > 4, lambda: one.err, timeout=30)
    # The last line may be on its way.
    lines = one.out.read_text().split("\n")[:-1]
    assert [json.loads(line)["payload"][0] for line in lines] == list(range(len(lines)))


def test_events_are_chosen_and_written_as_by_any_tail(start, queue, consume):
    server = start()
    one = consume(
        server, NOTE, "--since", "all", "-c", "orders", "-e", "order.*", "--format", "payload", "-n", "2")
    place(queue, name_of(1), '{"event":"order.a","payload":{"n": 1.0},"channel":"orders"}')
    place(queue, name_of(2), '{"event":"other","payload":2,"channel":"orders"}')
    place(queue, name_of(3), '{"event":"order.b","payload":3,"channel":"others"}')
    place(queue, name_of(4), '{"event":"order.c","payload":4}')
    assert one.status() == 0
    assert one.out.read_text() == '{"n": 1.0}\n4\n'


def test_a_channel_that_it_may_not_hear_ends_it(start, queue, consume):
    rules = write_rules(queue, [{"channel": "secret", "subscribe": "authenticated"}])
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--rules", str(rules))
    one = consume(server, NOTE, "-c", "secret")
    assert one.status() == 77
    one.says("(secret)")


@pytest.mark.parametrize(
    ("words", "text"), [
        (["--cursor-file", "c"], "--cursor-file wants --exec"),
        (["--on-gap", "go", "--exec", "true"], "--on-gap is for --cursor-file"),
        (["--cursor-file", "c", "--exec", "true", "--on-gap", "maybe"], "stop or go"),
        (["--cursor-file", "c", "--log", "x"], "--cursor-file is for a server"),
    ])
def test_words_that_go_not_together_are_refused(binaries, tmp_path, words, text):
    result = subprocess.run(
        [binaries / "wsqueue-server", "tail", *words], capture_output=True, text=True, timeout=20, cwd=tmp_path)
    assert result.returncode == 64 and text in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_a_file_that_it_may_not_have_is_said(server, binaries, queue, tmp_path):
    def status(cursor):
        result = subprocess.run(
            ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
             binaries / "wsqueue-server", "tail", f"{server.host}:{server.port}", "--cursor-file", str(cursor),
             "--exec", "true"], capture_output=True, text=True, timeout=20)
        return result.returncode, result.stderr
    (queue.parent / "closed").mkdir(0o700)
    assert status(queue.parent / "closed/c")[0] == 77
    assert status(queue.parent / "none/c")[0] == 73
    bad = queue.parent / "bad"
    bad.write_text("")
    code, err = status(bad)
    assert code == 77, err


def test_a_cursor_that_cannot_be_noted_for_a_while_costs_no_second_run(start, queue, consume, tmp_path):
    server = start()
    one = consume(server, f"{NOTE}; test -e {tmp_path}/.cursor.new || mkdir {tmp_path}/.cursor.new", "--since", "all")
    eventually(one.cursor.exists, lambda: one.err)
    place_each(queue, range(1))
    one.says("the cursor cannot be noted: ")
    (tmp_path / ".cursor.new").rmdir()
    eventually(lambda: one.cursor.read_text().endswith(":1\n"), lambda: one.err)
    assert payloads(one.out) == [0]


@pytest.mark.timeout(60)
def test_kills_cost_no_event_and_change_no_order(binaries, tmp_path):
    """In short; scripts/consumer-crash-test 200 is the long one."""
    result, findings = ConsumerCrash(binaries, tmp_path, kills=6, seed=7).run()
    assert findings == []
    assert result["server_kills"] + result["consumer_kills"] >= 6 and result["events"] > 0, result
