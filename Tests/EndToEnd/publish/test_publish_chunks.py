"""--follow --chunks: a text as it comes, such as a language model writes; and --stream, a job's output."""

import os
import signal
import subprocess

import pytest

from support.client import Client
from support.files import published
from support.following import feed, followers
from support.places import EXAMPLES
from support.stream import Stream
from support.waiting import eventually

TOKENS = ["Wa", "rum ist der", " Himmel bl", "au", "?\n\n", "Rayleigh", "-Streuung: λ", "⁻⁴", " 🌌", "!"]


@pytest.fixture
def follow(binaries, queue):
    with followers(binaries, queue, "--chunks") as start:
        yield start


def end(process, status=0):
    process.stdin.close()
    assert process.wait(10) == status
    return process.stderr.read().decode()


def payloads(queue):
    return [event["payload"] for event in published(queue)]


def test_tokens_arrive_as_they_are_written_and_are_whole_again_after_a_reload(server, follow):
    process = follow("-c", "chat.7", "answer.text", "--every", "10ms")
    with Stream(server, "/events?channels=chat.7") as page:
        for token in TOKENS:
            feed(process, token)
            # It is on the page before the next one is written.
            [event] = page.receive_events()
            assert (event["event"], event["channel"], event["payload"]) == ("answer.text", "chat.7", token)
    assert end(process) == ""
    with Stream(server, "/events?channels=chat.7&since=all") as page:
        assert "".join(event["payload"] for event in page.receive_events(len(TOKENS))) == "".join(TOKENS)
    with Client(server, "/?channels=chat.7&since=all") as page:
        assert "".join(event["payload"] for event in page.receive_events(len(TOKENS))) == "".join(TOKENS)


def test_no_character_is_cut(follow, queue):
    process = follow("a", "--every", "0")
    text = "aä€🌌\x00\"\\\n" * 3
    for byte in text.encode():
        feed(process, bytes([byte]))
    assert end(process) == ""
    assert "".join(payloads(queue)) == text and not any("\ufffd" in payload for payload in payloads(queue))


def test_what_is_no_text_becomes_one_and_is_counted(follow, queue):
    process = follow("a", "-v")
    feed(process, b"caf\xe9 \xff\xc3")
    said = end(process)
    assert "".join(payloads(queue)) == "caf\ufffd \ufffd\ufffd"
    assert "following -, into " in said and "what was no UTF-8 has become U+FFFD, 3 times" in said


def test_what_comes_within_the_time_is_one_event(follow, queue):
    process = follow("a", "--every", "1h")
    feed(process, "first")
    eventually(lambda: payloads(queue) == ["first"], "the first is published at once")
    for piece in (" second", " third", "\nfourth"):
        feed(process, piece)
    end(process)
    assert payloads(queue) == ["first", " second third\nfourth"]


def test_a_beginning_of_a_character_waits_for_its_end_without_work(follow, queue):
    process = follow("a", "--every", "1ms")
    feed(process, b"x\xe2\x82")
    eventually(lambda: payloads(queue) == ["x"], "what is whole is published")

    def call():
        # poll(2) without a time limit.
        with open(f"/proc/{process.pid}/syscall", encoding="ascii") as file:
            return file.read().split()
    if os.uname().machine == "x86_64":
        eventually(lambda: call()[0] == "7" and call()[3] == "0xffffffff", call)
    feed(process, b"\xac")
    end(process)
    assert payloads(queue) == ["x", "€"]


def test_a_text_may_be_long(follow, queue):
    text = "größer als ein Wort sein darf\x01" * 20_000
    process = follow("a", "--every", "1h")
    feed(process, text)
    end(process)
    assert "".join(payloads(queue)) == text and max(len(payload) for payload in payloads(queue)) <= 65_536


def test_a_signal_ends_it_with_all_that_was_read_published(follow, queue):
    process = follow("a", "--every", "1h")
    feed(process, "one")
    eventually(lambda: payloads(queue) == ["one"], "the first is published")
    feed(process, " two")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    # The signal may have come before it was read.
    assert "".join(payloads(queue)) in ("one", "one two")


@pytest.fixture
def shell(binaries, queue):
    return {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "WSQUEUE_DIR": str(queue)}


def test_the_example_of_a_language_model(server, shell, queue, tmp_path):
    model = tmp_path / "model"
    model.write_text('#!/bin/sh\nfor token in "Warum" " der" "\n" "Himmel"; do printf "%s" "$token"; done\n')
    model.chmod(0o755)
    command = ["sh", EXAMPLES / "language-model/answer.sh", "chat.7", model, "Why?"]
    assert subprocess.run(command, env=shell, capture_output=True, timeout=20, check=True).stderr == b""
    events = []
    with Stream(server, "/events?channels=chat.7&since=all") as page:
        while not events or events[-1]["event"] != "answer.ends":
            events += page.receive_events()
    assert events[0]["event"] == "answer.begins"
    assert "".join(event["payload"] for event in events if event["event"] == "answer.text") == "Warum der\nHimmel"


def texts(events):
    return [(event["payload"]["stream"], event["payload"]["text"]) for event in events
            if event["event"] == "job.output"]


def test_a_jobs_output_is_seen_while_it_runs(server, binaries, queue):
    script = "echo one; read line; echo two >&2; read line; printf 'thr\\303'; exit 3"
    command = [binaries / "wsqueue-publish", "-d", queue, "-c", "jobs", "-i", "n", "-k", "job", "--stream", "--run",
               "job", "host=web1", "--", "sh", "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Stream(server, "/events?channels=jobs") as page:
        with subprocess.Popen(command, **pipes) as process:
            [started, output] = page.receive_events(2)
            assert (started["event"], started["payload"]) == ("job.started", {"host": "web1"})
            assert output["payload"] == {"stream": "stdout", "text": "one\n", "host": "web1"}
            assert "key" not in output and output["id"] != "n"
            feed(process, "\n")
            assert texts(page.receive_events()) == [("stderr", "two\n")]
            feed(process, "\n")
            [output, finished] = page.receive_events(2)
            assert output["payload"]["text"] == "thr\ufffd" and finished["payload"]["exit"] == 3
            assert process.stdout.read() == b"one\nthr\xc3" and process.stderr.read() == b"two\n"
            assert process.wait(10) == 3


def test_what_comes_by_turns_stays_so(binaries, queue):
    script = "echo 0; read line; echo a; read line; echo b >&2; read line; echo c"
    command = [binaries / "wsqueue-publish", "-d", queue, "--stream", "--every", "1h", "--run", "job", "--", "sh", "-c",
               script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        # What is handed on has been taken.
        for stream, line in ((process.stdout, b"0\n"), (process.stdout, b"a\n"), (process.stderr, b"b\n")):
            assert stream.readline() == line
            feed(process, "\n")
        assert process.stdout.readline() == b"c\n" and process.wait(10) == 0
    assert texts(published(queue)) == [
        ("stdout", "0\n"), ("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\n")]


def test_all_that_a_job_writes_is_there_in_order(publish, queue):
    publish("--stream", "--run", "job", "--", "sh", "-c", "seq 1 60000; seq 1 9 >&2")
    events = published(queue)
    assert [events[0]["event"], events[-1]["event"]] == ["job.started", "job.finished"]
    assert "".join(text for stream, text in texts(events) if stream == "stdout") == "".join(
        f"{number}\n" for number in range(1, 60_001))
    assert "".join(text for stream, text in texts(events) if stream == "stderr") == "1\n2\n3\n4\n5\n6\n7\n8\n9\n"


def test_a_job_runs_whether_or_not_its_output_can_be_published(binaries, tmp_path):
    result = subprocess.run(
        [binaries / "wsqueue-publish", "-d", tmp_path / "nowhere", "--stream", "--run", "job", "--", "sh", "-c",
         "seq 1 60000; exit 5"], capture_output=True, text=True, timeout=20)
    assert result.returncode == 5 and result.stdout.endswith("\n60000\n")
    for part in ("job.started is not published", "trying again", "job.output is not published",
                 "job.finished is not published"):
        assert result.stderr.count(part) == 1, result.stderr


def test_a_job_that_writes_nothing_has_no_output(publish, queue):
    publish("--stream", "--run", "job", "--", "true")
    assert [event["event"] for event in published(queue)] == ["job.started", "job.finished"]


@pytest.mark.parametrize("command, status, outcome", [
    (["true"], 0, None),
    (["sh", "-c", "echo bad; exit 3"], 3, {"exit": 3, "signal": None, "tail": "bad\n", "host": "web1"}),
    (["sh", "-c", "kill -KILL $$"], -9, {"exit": None, "signal": "KILL", "tail": "", "host": "web1"}),
    (["no-such-command"], 127, {
        "exit": 127, "signal": None, "tail": "cannot run no-such-command: no such file or directory", "host": "web1"}),
])
def test_only_failures_are_published_where_that_is_wanted(publish, queue, command, status, outcome):
    result = publish("--only-failures", "-i", "n", "--run", "job", "host=web1", "--", *command, check=False)
    assert result.returncode == status and result.stdout == ("bad\n" if status == 3 else "")
    events = published(queue)
    assert [event["event"] for event in events] == ([] if outcome is None else ["job.failed"])
    for event in events:
        del event["payload"]["seconds"]
        assert (event["payload"], event["id"]) == (outcome, "n.failed")
