"""`wsqueue-server explain`: what became of one event."""

import json
import os
import re
import subprocess
import time

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.server import NOBODY
from support.waiting import eventually


@pytest.fixture
def explain(binaries, queue):
    """Asks; gives the lines without the words at their beginning, and the word of the first."""
    def ask(word, *options, status=0, user=None):
        command = [str(binaries / "wsqueue-server"), "explain", "-d", str(queue), *options, "--", word]
        if user is not None:
            command = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *command]
        result = subprocess.run(command, capture_output=True, timeout=20)
        assert result.returncode == status, (result.returncode, result.stdout, result.stderr)
        # Nothing that a terminal might obey.
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", result.stdout.decode())
        return Answer(result.stdout.decode(), result.stderr.decode())
    return ask


class Answer:
    """What was printed."""

    def __init__(self, out, err):
        self.out, self.err = out, err
        self.lines = [line[11:] for line in out.splitlines()]
        self.words = [line[:11].strip() for line in out.splitlines() if line[:11].strip()]

    def has(self, text):
        assert any(text in line for line in self.lines), self.out
        return self


def event(name="n", **members):
    return json.dumps({"event": name, **members})


def contents_of(directory):
    """All files with their contents and times, to see that nothing was changed."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(directory.rglob("*")) if path.is_file()}


def test_what_waits_without_a_server_says_so(queue, explain):
    place(queue, name_of(1), event("order.created", channel="orders", key="k", id="order-7"))
    for word in ["order-7", name_of(1), name_of(1)[:-5], str(queue / name_of(1))]:
        answer = explain(word)
        assert answer.words == ["waits"]
        answer.has("order.created [k] in orders: no server holds the queue").has(f"{name_of(1)}, ")
        answer.has("published by root" if os.geteuid() == 0 else "published by ")


def test_what_waits_for_its_time_or_a_word_says_for_what(start, queue, explain, publish):
    moment = int(time.time()) + 86_500
    due = publish("later", "--at", f"@{moment}", "-o", "id").stdout.strip()
    held = publish("someday", "--hold").stdout.strip()
    start()
    answer = explain(due)
    assert answer.words == ["waits"]
    shown = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))
    answer.has(f"later: for its time, {shown}, in 24h")
    for word in [held, held.rpartition(".")[0]]:
        answer = explain(word)
        assert answer.words == ["waits"]
        answer.has("someday: held back until somebody releases it")
    publish("--release", held)
    eventually(lambda: explain(held).words == ["sent"], "it is sent")


def test_what_waits_for_clients_or_its_turn_says_so(start, queue, explain):
    server = start("--hold-without-clients")
    for number in range(3):
        place(queue, name_of(number), event(payload=number))
    eventually(lambda: len(waiting(queue)) == 3, "they wait")
    explain(name_of(2)[:-5], "--hold-without-clients").has("n: until a client is connected (--hold-without-clients)")
    # A server that is told otherwise is not known.
    explain(name_of(2)[:-5]).has(f"n: for its turn: 2 files come before it; the server is process {server.pid}")
    explain(name_of(0)[:-5]).has("n: it is next; the server is process")
    with Client(server) as client:
        client.receive(3)
    eventually(lambda: not waiting(queue), "they are sent")
    assert explain(name_of(2)[:-5]).words == ["sent"]


def test_what_is_not_whole_yet_says_what_is_missing(start, queue, explain):
    start()
    path = queue / "half.json"
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"event":"n"')
        file.flush()
        explain("half.json").has("an event: until it is whole: ")
        file.write("}")
    eventually(lambda: not waiting(queue), "it is sent")
    assert explain("half.json").words == ["sent"]


def test_what_was_refused_says_why_and_by_whom_it_was_published(start, queue, explain):
    server = start()
    place(queue, "bad.json", '{"event":"n","chanel":"orders","id":"i7"}')
    place(queue, "worse\u202e.json", "[]")
    server.wait_for("event.rejected", file="bad.json")
    eventually(lambda: not waiting(queue), "they are set aside")
    for word in ["bad.json", ".failed/bad.json", "bad", str(queue / ".failed/bad.json")]:
        answer = explain(word)
        assert answer.words == ["refused"]
        answer.has("'chanel' is no member of an event; 'channel' is meant").has(".failed/bad.json, ")
        answer.has("published by ").has(f"wsqueue-server queue requeue -d {queue} .failed/bad.json")
    assert explain("worse\u202e.json").words == ["refused"]


def test_what_was_sent_says_when_and_as_which_number(start, queue, explain, tmp_path):
    log = tmp_path / "log"
    server = start("--log-file", str(log), is_ready=False)
    eventually(lambda: log.exists() and "server.ready" in log.read_text(), "it is ready")
    line = log.read_text()
    port = int(re.search(r"server\.ready.*listen=127\.0\.0\.1:(\d+)", line)[1])
    server.host, server.port = "127.0.0.1", port
    epoch = re.search(r"epoch=(\S+)", line)[1]
    with Client(server, "/?channels=orders", protocol="wsqueue.v1") as client:
        client.receive(1)
        place(queue, name_of(1), event("a"))
        place(queue, name_of(2), event("order\u202e.created", channel="orders", key="k", id="order 7"))
        place(queue, name_of(3), event("b", recipients=[1, 2], id="c"))
        client.receive_events(2)
    eventually(lambda: not waiting(queue) and log.read_text().count("ev=event.sent") == 3, "they are sent")
    before = contents_of(queue)
    answer = explain("order 7", "--log-file", str(log))
    assert answer.words == ["sent"]
    answer.has(f"order\\u202e.created [k] as number 2, cursor {epoch}:2").has("for all in orders; 1 client got it")
    answer.has("published by ").has("id order 7")
    assert re.search(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z, \d+s ago", answer.out)
    # The name of its file, as the log has it, is as good.
    explain("id-order%207.json").has("as number 2")
    explain(name_of(1)).has("a as number 1").has("for all")
    assert "client" not in explain(name_of(1)).out
    explain("c").has("for 2 users")
    server.terminate()
    assert explain("order 7").words == ["sent"]
    server_files = {path for path in before if path.name in (".lock", ".address")}
    after = contents_of(queue)
    assert {path for path in before if path not in server_files and path.suffix == ".segment"} <= set(after)


def test_each_event_of_a_batch_or_of_a_name_that_is_used_again_is_counted(start, queue, explain):
    start()
    place(queue, "batch.jsonl", "\n".join(event(payload=number) for number in range(20)))
    eventually(lambda: not waiting(queue), "it is sent")
    answer = explain("batch.jsonl")
    assert answer.words == ["sent"] * 6
    answer.has("20 events of that name; the oldest that is known, and the newest:")
    answer.has("as number 1,").has("as number 17,").has("as number 20,")
    for number in range(2):
        place(queue, "status.json", event("status", payload=number))
        eventually(lambda: not waiting(queue), "it is sent")
    explain("status").has("as number 21,").has("as number 22,")


def test_a_duplicate_says_of_what(start, queue, explain):
    server = start()
    place(queue, "id-order-7.json", event("order.created", id="order-7"))
    eventually(lambda: not waiting(queue), "it is sent")
    server.process.kill()
    server.exit_status()
    place(queue, "other-name.json", event("order.created", id="order-7"))
    place(queue, "id-order-7.json", event("order.created", id="order-7"))
    answer = explain("id-order-7.json")
    assert answer.words == ["duplicate", "sent"]
    answer.has("order.created: it has been sent as number 1; this file goes and is not sent again")
    answer.has("no server holds the queue")
    assert explain("other-name.json").words[0] == "duplicate"


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_another_publishers_event_of_the_same_id_is_no_duplicate(start, queue, explain):
    server = start()
    place(queue, "a.json", event("n", id="order-7"))
    eventually(lambda: not waiting(queue), "it is sent")
    server.process.kill()
    server.exit_status()
    place(queue, "b.json", event("n", id="order-7"))
    os.chown(queue / "b.json", NOBODY, NOBODY)
    assert explain("b.json").words == ["waits"]
    # Asked by the id both are meant.
    explain("order-7").has("published by root")


def test_what_is_too_late_says_so(queue, explain):
    place(queue, name_of(1), event("typing", expires_at=int(time.time()) - 60))
    answer = explain(name_of(1))
    assert answer.words == ["expired"]
    answer.has("typing: it was to be sent until ").has("the file goes and nothing is sent")


def test_what_was_left_out_is_in_the_log(start, queue, explain, tmp_path):
    log = tmp_path / "log"
    start("--log-file", str(log), is_ready=False)
    place(queue, name_of(1), event("typing", id="late one", expires_at=int(time.time()) - 60))
    place(queue, name_of(2), event("n", id="twice"))
    eventually(lambda: log.exists() and "event.sent" in log.read_text(), "it is sent")
    place(queue, name_of(3), event("n", id="twice"))
    eventually(lambda: "event.duplicate" in log.read_text(), "it is known")
    answer = explain("late one", "--log-file", str(log))
    assert answer.words == ["expired"]
    answer.has("it was too late to send it: 20").has(f"Z, as {log} says")
    answer = explain("twice", "--log-file", str(log))
    assert answer.words == ["sent", "duplicate"]
    answer.has("it came again, and was not sent again: 20")


def test_what_is_not_here_was_trimmed_or_never_was(start, queue, explain):
    answer = explain("nothing", status=66)
    answer.has("there is no journal")
    assert "'nothing' was trimmed or was never here" in answer.err
    server = start("--journal-size", "64K")
    line = event("n", payload="x" * 200)
    place(queue, "state.json", event("n", channel="c", key="k", id="state"))
    eventually(lambda: not waiting(queue), "it is sent")
    for number in range(10):
        place(queue, name_of(number) + "l", "\n".join([line] * 100))
    server.wait_for("journal.trim")
    eventually(lambda: not waiting(queue), "they are sent")
    place(queue, name_of(11), event("n"))
    eventually(lambda: not waiting(queue), "it is sent")
    answer = explain("nothing", status=66)
    assert re.search(r"the journal reaches from number \d+ to 1002, since 20", answer.out)
    answer = explain("1000000000000000000-1-1-00000000.json", status=66)
    answer.has("its name is of 2001-09-09T01:46:40.000Z, ").has("which is older: it may have been sent, and trimmed")
    explain(f"{time.time_ns()}-1-1-00000000", status=66).has("since then it was not sent; it has expired, or was never")
    # Its record is gone, and it is the state of its key all the same.
    answer = explain("state")
    assert answer.words == ["sent"]
    answer.has("trimmed from the history since; it is still the state of its key")


def test_what_is_no_event_file_is_left_alone(queue, explain):
    (queue / "notes.txt").write_text("x")
    answer = explain("notes.txt")
    assert answer.words == ["left alone"]
    explain("../queue", status=66)


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_who_may_not_read_everything_is_told_what(start, queue, explain):
    os.chmod(queue, 0o3733)
    place(queue, name_of(1), event("n"))
    explain(name_of(1), user=NOBODY).has("n: no server holds the queue")
    start()
    eventually(lambda: not waiting(queue), "it is sent")
    answer = explain(name_of(1), user=NOBODY, status=77)
    assert f"{queue}/.journal" in answer.err and f"{queue}/.failed" in answer.err and answer.out == ""
    assert explain(name_of(1)).words == ["sent"]


def test_a_journal_elsewhere_or_none_is_what_the_configuration_says(start, queue, explain, tmp_path):
    start("--journal", str(tmp_path / "journal"))
    place(queue, name_of(1), event("n"))
    eventually(lambda: not waiting(queue), "it is sent")
    explain(name_of(1), status=66)
    config = tmp_path / "server.conf"
    config.write_text(f"journal = {tmp_path}/journal\nlisten = 127.0.0.1:0\n")
    assert explain(name_of(1), "--config", str(config)).words == ["sent"]
    explain(name_of(1), "--journal", "off", status=66).has("there is no journal")


def test_the_journal_is_read_while_a_server_writes_it(start, queue, explain):
    start()
    for number in range(300):
        place(queue, name_of(number), event(payload="x" * 500))
        if number % 50 == 0:
            assert explain(name_of(number)).words in (["waits"], ["sent"], ["duplicate", "sent"])
    eventually(lambda: not waiting(queue), "they are sent")
    assert explain(name_of(299)).words == ["sent"]


def test_a_command_line_without_a_word_or_queue_is_refused(binaries, queue, tmp_path):
    def status(*words):
        return subprocess.run(
            [binaries / "wsqueue-server", "explain", *words], capture_output=True, timeout=20, cwd=tmp_path).returncode
    assert status("-d", str(queue)) == 64
    assert status("-d", str(queue), "a", "b") == 64
    assert status("-d", str(tmp_path / "none"), "a") == 73
