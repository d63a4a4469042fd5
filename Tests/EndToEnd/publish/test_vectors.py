"""Tests/Vectors, read by every publisher of ours and by the server: they agree on what an event is."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

import pytest

from support.files import failed, name_of, place, published, waiting
from support.golang import build_go
from support.http import exchange
from support.places import EXAMPLES, ROOT
from support.speaking import Speaking
from support.waiting import eventually


def vectors(name):
    return json.loads((ROOT / "Tests/Vectors" / f"{name}.json").read_text())


EVENTS, REFUSALS, TEXTS = vectors("events"), vectors("refusals"), vectors("texts-of-events")


def text_of(case):
    """The contents of a file that says the same, as bytes."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "text" in case:
        return case["text"].encode()
    return json.dumps({"event": case["event"], "payload": case["payload"], **case["members"]}).encode()


def is_accepted(case):
    return "says" not in case or case.get("server") == "ignored"


ALL = EVENTS + REFUSALS + TEXTS
LINES = [case for case in ALL if b"\n" not in text_of(case) and text_of(case).strip()]


def together(work, cases):
    """Runs the work for all cases, some at once; gives the cases whose work says something, with that."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return [(case, said) for case, said in zip(cases, pool.map(work, cases)) if said]


# Publishers

GO_MAIN = """package main

import (
\t"encoding/json"
\t"fmt"
\t"os"
\t"wsqueue"
)

func main() {
\tevent := map[string]any{}
\tif len(os.Args) > 4 {
\t\tjson.Unmarshal([]byte(os.Args[4]), &event)
\t}
\tevent["event"], event["payload"] = os.Args[2], json.RawMessage(os.Args[3])
\tif _, err := wsqueue.Publish(os.Args[1], event); err != nil {
\t\tfmt.Fprintln(os.Stderr, err)
\t\tos.Exit(1)
\t}
}
"""


WAYS = {
    "shell": ["sh", str(EXAMPLES / "shell/publish.sh")],
    "busybox": ["busybox", "sh", str(EXAMPLES / "shell/publish.sh")],
    "python": [sys.executable, str(EXAMPLES / "python/wsqueue.py")],
    "php": ["php", str(EXAMPLES / "php/wsqueue.php")],
    "node": ["node", str(EXAMPLES / "node/wsqueue.mjs")],
    "ruby": ["ruby", str(EXAMPLES / "ruby/wsqueue.rb")],
    "perl": ["perl", str(EXAMPLES / "perl/WSQueue.pm")],
    "go": ["go"],
}


# Perl's numbers are texts, and its texts numbers: there these are as good as what is wanted, and are written so.
SAME_TO_PERL = [
    {"id": 1.5}, {"channel": 1}, {"channel": ["a", 1]}, {"recipients": [1.5]}, {"except": "18"}, {"except": [1, "2"]}]


@pytest.fixture(params=WAYS)
def way(request, tmp_path):
    """A command that publishes: DIRECTORY EVENT PAYLOAD MEMBERS; and whether it takes the members of a case."""
    command = WAYS[request.param]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}")
    is_shell = request.param in ("shell", "busybox")
    if request.param == "go":
        (tmp_path / "main.go").write_text(GO_MAIN)
        command = [build_go(tmp_path / "main.go")]

    def words(case, queue):
        """What to run for a case; None where this one cannot say it."""
        head = [*command, str(queue), case["event"], json.dumps(case["payload"], ensure_ascii=False)]
        # No word of a command line has a NUL, and an empty object is an empty list to PHP.
        if "\0" in case["event"] or request.param == "php" and {} in case["members"].values():
            return None
        if request.param == "perl" and case["members"] in SAME_TO_PERL:
            return None
        if not is_shell:
            return [*head, json.dumps(case["members"])]
        channel, key = (case["members"].get(name, "x") for name in ("channel", "key"))
        if set(case["members"]) - {"channel", "key"} or not (isinstance(channel, str) and isinstance(key, str)):
            return None
        # No word is none, and what would need an escape is refused.
        if "\\" in case["event"] or "" in (channel, key) or "\0" in key:
            return None
        return [*head, case["members"].get("channel", ""), case["members"].get("key", "")]
    return words


def test_a_publisher_takes_what_is_an_event(way, queue):
    def work(case):
        own = queue / str(id(case))
        own.mkdir()
        words = way(case, own)
        if not words:
            return None
        result = subprocess.run(words, capture_output=True, text=True, timeout=60)
        if result.returncode or len(os.listdir(own)) != 1:
            return result.stderr + result.stdout + str(os.listdir(own))
        [event] = published(own)
        wanted = {"event": case["event"], "payload": case["payload"]}
        wanted |= {name: value for name, value in case["members"].items() if value is not None}
        wrong = {name: event.get(name) for name, value in wanted.items() if event.get(name) != value}
        return wrong or None
    assert together(work, EVENTS) == []


@pytest.mark.takes(10)
def test_a_publisher_refuses_what_is_none(way, queue):
    def work(case):
        words = way(case, queue)
        if not words:
            return None
        result = subprocess.run(words, capture_output=True, text=True, timeout=60)
        said = result.stderr + result.stdout
        return None if result.returncode and case["says"] in said else (result.returncode, said)
    assert together(work, REFUSALS) == []
    assert os.listdir(queue) == []


def test_the_command_takes_and_refuses_lines(binaries, queue):
    def work(case):
        command = [binaries / "wsqueue-publish", "-d", queue, "--lines"]
        result = subprocess.run(command, input=text_of(case) + b"\n", capture_output=True, timeout=30)
        said = result.stderr.decode()
        isRight = said == "" if is_accepted(case) else "line 1" in said and case["says"] in said
        return None if isRight and result.returncode == (0 if is_accepted(case) else 65) else said
    assert together(work, LINES) == []
    assert len(waiting(queue)) == sum(is_accepted(case) for case in LINES)


@pytest.mark.parametrize("case", vectors("fields"), ids=lambda case: " ".join(case["words"]))
def test_the_command_makes_fields_of_words(publish, queue, case):
    result = publish("-d", str(queue), "a", *case["words"], check=False)
    assert result.returncode == case.get("status", 0)
    assert [event["payload"] for event in published(queue)] == ([case["payload"]] if "payload" in case else [])


@pytest.mark.parametrize("case", vectors("names"), ids=lambda case: case["file"][:20])
def test_the_command_names_files_by_their_ids(publish, queue, case):
    publish("-i", case["id"], "a")
    assert waiting(queue) == [case["file"]]


def test_the_command_makes_text_of_any_bytes(binaries, queue):
    for number, case in enumerate(vectors("texts")):
        file = queue.parent / "text"
        file.write_bytes(bytes.fromhex(case["hex"]))
        own = queue / str(number)
        own.mkdir()
        subprocess.run(
            [binaries / "wsqueue-publish", "-d", own, "a", "--text-file", f"x={file}"], check=True, timeout=30)
        assert published(own)[0]["payload"] == {"x": case["text"]}


# The server

def test_the_server_sends_and_refuses_files(start, queue):
    channels = sorted({case["message"]["channel"] for case in EVENTS if "channel" in case["message"]})
    with Speaking(start(), "/", *channels) as client:
        shown = [case for case in EVENTS + TEXTS if "message" in case]
        for number, case in enumerate(shown + [case for case in ALL if "says" in case]):
            place(queue, name_of(number), text_of(case))
        for case, event in zip(shown, client.receive_events(len(shown), timeout=30)):
            assert set(event) == {"timestamp", "id", "seq", *case["message"]}
            assert {name: event[name] for name in case["message"]} == case["message"]
        eventually(lambda: waiting(queue) == [], "all files are sent or set aside", timeout=30)
    refused = {name_of(number + len(shown)): case for number, case in enumerate(case for case in ALL if "says" in case)}
    refused = {name: case for name, case in refused.items() if not is_accepted(case)}
    assert set(failed(queue)) == set(refused) | {f"{name}.why" for name in refused}
    for name, case in refused.items():
        assert case["says"] in (queue / ".failed" / f"{name}.why").read_text(), case


def test_the_server_takes_and_refuses_what_is_posted(start, queue, tmp_path):
    (tmp_path / "tokens").write_text("0123456789abcdef0123\n")
    (tmp_path / "tokens").chmod(0o600)
    server = start("--publish-token-file", str(tmp_path / "tokens"))
    for case in ALL:
        body = text_of(case)
        head = [
            "POST /publish HTTP/1.1", f"Host: {server.host}:{server.port}", "Connection: close",
            "Authorization: Bearer 0123456789abcdef0123", "Content-Type: application/json",
            f"Content-Length: {len(body)}", "", ""]
        answer = exchange(server, "\r\n".join(head).encode() + body)
        assert answer.status == (202 if is_accepted(case) else 400), (case, answer.body)
        if answer.status == 400:
            assert case["says"] in json.loads(answer.body)["error"], (case, answer.body)
