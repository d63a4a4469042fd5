"""What events can be handed on to, run as examples/consumer has it, each by a consumer that notes how far it is."""

import email
import email.policy
import json
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess

import pytest

from support.consuming import Consumer
from support.files import name_of, place
from support.places import EXAMPLES
from support.sinks import Hook, Mails
from support.waiting import eventually

RECIPES = EXAMPLES / "consumer"


@pytest.fixture
def consume(binaries, server, tmp_path):
    """Starts a recipe on all that the server has."""
    started = []

    def start_consumer(recipe, *options, **variables):
        started.append(Consumer(
            binaries, server, tmp_path / "cursor", str(RECIPES / recipe), "--since", "all", *options,
            environment=variables))
        return started[-1]

    yield start_consumer
    for one in started:
        one.end()


def failed(directory):
    return [json.loads(path.read_text())["payload"] for path in sorted((directory / "cursor.failed").glob("*.json"))]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_a_web_hook_is_tried_until_it_answers_and_what_it_calls_wrong_is_set_aside(queue, consume, tmp_path):
    with Hook(503, 422, 200) as hook:
        one = consume("webhook.sh", WEBHOOK_URL=hook.url)
        for number in range(3):
            place(queue, name_of(number), json.dumps({"event": "order", "payload": {"n": number}}))
        eventually(lambda: len(hook.requests) == 4, lambda: one.err, timeout=30)
        one.says("answers 503\n")
        one.says("answers 422\n")
        taken = [(status, json.loads(body)["payload"]["n"]) for status, _, body in hook.requests]
        assert taken == [(503, 0), (422, 0), (200, 1), (200, 2)]
        keys = [headers["Idempotency-Key"] for _, headers, _ in hook.requests]
        assert keys[0] == keys[1] and len(set(keys)) == 3
        assert all(headers["Content-Type"] == "application/json" for _, headers, _ in hook.requests)
        eventually(lambda: failed(tmp_path) == [{"n": 0}], "it is set aside")


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_a_hook_that_is_away_or_not_in_order_is_waited_for(queue, consume, tmp_path):
    with Hook(404, 200) as hook:
        one = consume("webhook.sh", "-n", "1", WEBHOOK_URL=hook.url)
        place(queue, name_of(1), '{"event":"order"}')
        assert one.status(30) == 0 and failed(tmp_path) == []
    (tmp_path / "cursor").unlink()
    gone = consume("webhook.sh", WEBHOOK_URL=hook.url)
    gone.says("exited with 7; again in 1s")


def letters_of(consume, queue, **variables):
    one = consume("mail.sh", "-n", "2", MAIL_TO="ops@example.org", MAIL_FROM="w@example.org", **variables)
    place(queue, name_of(1), json.dumps({"event": "backup.failed", "payload": "Zoë\n.\n" + "x" * 2_000}))
    place(queue, name_of(2), json.dumps({"event": "Größe: " + "€" * 30, "payload": 2}))
    return one


def check_letters(letters):
    first, second = (email.message_from_bytes(text, policy=email.policy.default) for text in letters)
    assert (first["To"], first["From"], first["Subject"]) == ("ops@example.org", "w@example.org", "backup.failed")
    assert json.loads(first.get_content())["payload"].startswith("Zoë\n.\nxxx")
    assert second["Subject"] == "Größe: " + "€" * 30 and json.loads(second.get_content())["payload"] == 2
    assert first["Message-ID"] != second["Message-ID"] and first["Date"]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_mails_wait_for_a_mail_server_that_is_busy(queue, consume):
    with Mails(refused=1) as mails:
        one = letters_of(consume, queue, SMTP_URL=mails.url)
        assert one.status(30) == 0, one.err
        assert mails.tries == 3
        for sender, recipients, _ in mails.letters:
            assert sender.startswith("MAIL FROM:<w@example.org>") and recipients == ["RCPT TO:<ops@example.org>"]
        check_letters([text for _, _, text in mails.letters])


def test_mails_go_by_the_machines_sendmail(queue, consume, tmp_path):
    """By one that stands in for it: it wants the words that all of them take."""
    programs = tmp_path / "bin"
    programs.mkdir()
    sendmail = programs / "sendmail"
    sendmail.write_text(f'#!/bin/sh\ntest "$*" = "-oi -t" && cat > {tmp_path}/letter-$(date +%s%N)\n')
    sendmail.chmod(0o755)
    one = letters_of(consume, queue, PATH=f"{programs}:/usr/bin:/bin")
    assert one.status(30) == 0, one.err
    check_letters([path.read_bytes() for path in sorted(tmp_path.glob("letter-*"))])


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="no sqlite3")
def test_a_table_has_each_event_once(queue, consume, tmp_path):
    database = tmp_path / "events.db"
    evil = "'); DROP TABLE events; --"
    for number, name in enumerate(["a", evil, "Größe"]):
        place(queue, name_of(number), json.dumps({"event": name, "payload": {"n": number, "evil": evil}}))
    for _ in range(2):
        one = consume("table.sh", "-n", "3", DATABASE=str(database))
        assert one.status(30) == 0, one.err
        # As if it had been killed before it could note what it had done.
        (tmp_path / "cursor").unlink()
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT event, payload, time FROM events ORDER BY rowid").fetchall()
    assert [row[0] for row in rows] == ["a", evil, "Größe"]
    assert [json.loads(row[1]) for row in rows] == [{"n": number, "evil": evil} for number in range(3)]
    assert all(row[2] > 1_700_000_000 for row in rows)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_a_phone_is_sent_the_payload_under_the_events_name(queue, consume, tmp_path):
    headers = tmp_path / "headers"
    headers.write_text("Authorization: Bearer secret\n")
    with Hook(429, 200) as hook:
        one = consume("push.sh", "-n", "1", "--format", "payload", PUSH_URL=hook.url, PUSH_HEADERS=str(headers))
        place(queue, name_of(1), '{"event":"alarm.door","payload":"@door"}')
        assert one.status(30) == 0, one.err
        [_, (_, fields, body)] = hook.requests
    assert fields["Title"] == "alarm.door" and body == b'"@door"\n' and fields["Authorization"] == "Bearer secret"


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq")
def test_what_was_set_aside_is_given_to_the_command_again(binaries, server, queue, tmp_path):
    one = Consumer(binaries, server, tmp_path / "cursor", "exit 65", "--since", "all", "-n", "12", "-c", "c")
    for number in range(12):
        members = {"event": "a b", "payload": number, "channel": "c", "id": f"i{number}"}
        place(queue, name_of(number), json.dumps(members))
    assert one.status() == 0
    command = 'test $WSQUEUE_SEQ != 4 && echo "$WSQUEUE_EVENT|$WSQUEUE_ID|$WSQUEUE_CHANNEL|$WSQUEUE_CURSOR|$(cat)"'
    result = subprocess.run(
        ["sh", str(RECIPES / "again.sh"), str(tmp_path / "cursor.failed"), command], capture_output=True, text=True,
        timeout=20)
    assert result.returncode == 1 and result.stderr == ""
    lines = [line.split("|") for line in result.stdout.splitlines()]
    epoch = server.wait_for("journal.open")["epoch"]
    assert [line[:4] for line in lines] == [
        ["a b", f"i{number}", "c", f"{epoch}:{number + 1}"] for number in range(12) if number != 3]
    assert [json.loads(line[4])["payload"] for line in lines] == [number for number in range(12) if number != 3]
    assert len(list((tmp_path / "cursor.failed").iterdir())) == 2


def test_what_the_unit_starts_is_such_a_consumer(binaries, server, queue, tmp_path):
    """As systemd starts it: of the variables only the one without braces is cut into words."""
    unit = (EXAMPLES / "systemd/wsqueue-consumer@.service").read_text()
    settings = dict(re.findall(r"^#   (\w+)=(.*)$", unit, re.M))
    assert settings["OPTIONS"] == "-c orders --since all"
    variables = {
        "STATE_DIRECTORY": str(tmp_path), "COMMAND": f"cat >> '{tmp_path}/out'", "OPTIONS": settings["OPTIONS"]}
    [line] = re.findall(r"^ExecStart=/usr/local/bin/wsqueue-server (.*)$", unit, re.M)
    words = []
    for word in shlex.split(line):
        if word.startswith("$") and word[1:] in variables:
            words += variables[word[1:]].split()
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], word))
    command = [binaries / "wsqueue-server", *words, "-l", f"{server.host}:{server.port}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        place(queue, name_of(1), '{"event":"order.created","channel":"orders"}')
        eventually((tmp_path / "out").exists, "it is handed on")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM and process.stderr.read() == b""
    assert (tmp_path / "cursor").read_text().endswith(":1\n")
