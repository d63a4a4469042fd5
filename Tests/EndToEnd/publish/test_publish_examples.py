"""The examples of publishing, run as they are: other languages in test_examples.py, here the patterns."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from support.files import published, waiting
from support.golang import build_go
from support.places import EXAMPLES
from support.waiting import eventually


@pytest.fixture
def shell(binaries, queue, tmp_path):
    """Runs a command as a user with the programs in his PATH does."""
    environment = {"PATH": f"{binaries}:/usr/bin:/bin:/usr/sbin", "WSQUEUE_DIR": str(queue), "HOME": str(tmp_path)}

    def run(*command, check=True, wait=True, **how):
        how = {"env": environment, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
        if not wait:
            return subprocess.Popen(command, **how)
        return subprocess.run(command, check=check, timeout=30, **how)
    return run


def test_one_file_publishers_are_small():
    files = {
        "shell/publish.sh": 40, "php/wsqueue.php": 520, "node/wsqueue.mjs": 500, "ruby/wsqueue.rb": 500,
        "perl/WSQueue.pm": 500, "python/wsqueue.py": 500,
    }
    lines = {name: len((EXAMPLES / name).read_text().splitlines()) for name in files}
    # Checks, errors that help, events with ids, held, later and waited for: what a package has that is one file.
    assert {name: count for name, count in lines.items() if count > files[name]} == {}


@pytest.mark.parametrize("line", [
    line for line in (EXAMPLES / "cron/crontab").read_text().splitlines() if re.match(r"[*\d]", line)])
def test_the_crontab_lines_work(shell, queue, tmp_path, line):
    command = re.split(r"\s+", line, maxsplit=5)[5].replace("\\%", "%")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (
            ("backup", "echo done"), ("make-thumbnail", "true"), ("sensors", "printf '21.5\\n22\\n'"),
            ("cleanup", "exit 3"), ("chronic", 'exec "$@"')):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    (tools / "progress.sh").write_text((EXAMPLES / "cron/progress.sh").read_text())
    (tools / "progress.sh").chmod(0o755)
    command = command.replace("/usr/local/sbin/", f"{tools}/").replace("/usr/local/bin/", f"{tools}/")
    result = shell("sh", "-c", command.replace("chronic ", f"{tools}/chronic "), check=False)
    assert result.returncode == (3 if "cleanup" in line else 0)
    assert result.stderr == "" and len(published(queue)) >= 1


def test_the_trap_tells_how_a_script_ended(shell, queue):
    assert shell("sh", EXAMPLES / "shell/patterns.sh", "report_end", "false", check=False).returncode == 1
    assert [(event["event"], event["payload"].get("exit")) for event in published(queue)] == [
        ("job.started", None), ("job.finished", 1)]


def test_the_trap_tells_of_a_signal(shell, queue):
    process = shell("sh", EXAMPLES / "shell/patterns.sh", "report_end", "sh", "-c", "echo ready; sleep 1", wait=False)
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert published(queue)[-1]["payload"] == {"exit": 143}


def test_the_loop_and_the_teller_work(shell, queue):
    shell("sh", EXAMPLES / "shell/patterns.sh", "each_line", input="1,Zoë \"Z\"\n2,'Bob'\n")
    shell("sh", EXAMPLES / "shell/patterns.sh", "tell", "done")
    shell("sh", EXAMPLES / "shell/patterns.sh", "insist", "sure")
    assert [event["payload"] for event in published(queue)][:2] == [
        {"id": 1, "customer": 'Zoë "Z"'}, {"id": 2, "customer": "'Bob'"}]
    assert [event["event"] for event in published(queue)][2:] == ["done", "sure"]
    assert shell("sh", EXAMPLES / "shell/patterns.sh", "insist", check=False).returncode == 1


def test_no_data_makes_an_example_publish_a_file(shell, queue, tmp_path):
    (tmp_path / "secret").write_text("secret")
    given = f"@{tmp_path}/secret"
    shell("sh", EXAMPLES / "shell/patterns.sh", "each_line", input=f"1,{given}\n")
    refused = shell("sh", EXAMPLES / "shell/patterns.sh", "each_line", input=f"{given},Bob\n", check=False)
    assert refused.returncode == 65 and "field 'id'" in refused.stderr
    if shutil.which("sqlite3"):
        database = tmp_path / "shop.db"
        sqlite3.connect(database).execute("CREATE TABLE orders (customer TEXT, event TEXT)")
        shell("sh", EXAMPLES / "database/order.sh", database, given)
    assert {event["payload"]["customer"] for event in published(queue)} == {given}


def test_a_log_is_followed_through_its_rotation(shell, queue, tmp_path):
    log = tmp_path / "app.log"
    log.write_text("old\n")
    process = shell(
        "sh", EXAMPLES / "log/follow.sh", log, "log.line", wait=False, start_new_session=True)
    try:
        def line_arrives(text):
            def look():
                with log.open("a") as file:
                    file.write(f"{text}\n")
                return any(event["payload"] == text for event in published(queue))
            eventually(look, f"{text} is published")
        line_arrives("first")
        log.rename(tmp_path / "app.log.1")
        log.write_text("")
        line_arrives('second "line"')
        assert "old" not in [event["payload"] for event in published(queue)]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="no sqlite3")
def test_an_event_is_published_if_and_only_if_the_transaction_is(shell, queue, tmp_path):
    database = tmp_path / "shop.db"
    sqlite3.connect(database).execute("CREATE TABLE orders (customer TEXT CHECK (customer != 'nobody'), event TEXT)")
    shell("sh", EXAMPLES / "database/order.sh", database, "O'Neil")
    assert shell("sh", EXAMPLES / "database/order.sh", database, "nobody", check=False).returncode == 1
    [event] = published(queue)
    assert event["payload"] == {"customer": "O'Neil"}
    [(customer, word)] = sqlite3.connect(database).execute("SELECT customer, event FROM orders").fetchall()
    # By this word alone it could be released.
    assert customer == "O'Neil" and word.startswith(event["id"] + ".")
    assert [name for name in os.listdir(queue) if name.startswith(".held-")] == []


def test_publishing_over_ssh(shell, queue, tmp_path):
    # A stand-in: what ssh does with the words is to give them to a shell.
    (tmp_path / "ssh").write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    (tmp_path / "ssh").chmod(0o755)
    command = f"SSH={tmp_path}/ssh sh {EXAMPLES}/ssh/publish.sh host order.created"
    shell("sh", "-c", command, input='{"id":7,\n "customer":"Zoë \'Z\'"}')
    assert published(queue)[0]["payload"] == {"id": 7, "customer": "Zoë 'Z'"}
    for event in ('a","channel":"b', "a\nb", ""):
        command = ["sh", EXAMPLES / "ssh/publish.sh", "host", event]
        assert shell("env", f"SSH={tmp_path}/ssh", *command, input="1", check=False).returncode == 64
    assert len(waiting(queue)) == 1


@pytest.mark.skipif(not shutil.which("go"), reason="no go")
def test_the_go_example_publishes(queue, tmp_path):
    (tmp_path / "main.go").write_text(
        'package main\n\nimport (\n\t"fmt"\n\t"os"\n\t"wsqueue"\n)\n\nfunc main() {\n'
        '\tevent := map[string]any{"event": "a", "payload": map[string]any{"name": "Zoë"}}\n'
        "\tid, err := wsqueue.Publish(os.Args[1], event)\n"
        "\tfmt.Println(id)\n\tif err != nil {\n\t\tos.Exit(1)\n\t}\n}\n")
    it = build_go(tmp_path / "main.go")
    id = subprocess.run([it, queue], check=True, capture_output=True, text=True, timeout=20).stdout.strip()
    assert waiting(queue) == [f"{id}.json"] and published(queue)[0]["payload"] == {"name": "Zoë"}
    assert subprocess.run([it, tmp_path / "no"], capture_output=True, timeout=20).returncode == 1
