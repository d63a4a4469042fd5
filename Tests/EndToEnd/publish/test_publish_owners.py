"""Whose an event is that has come by `POST /publish`: the token's line, also for the server after this one, and no one
else can claim it."""

import json
import os
import signal

import pytest

from support.client import Client
from support.files import failed, name_of, waiting
from support.http import exchange
from support.marks import needs_root
from support.waiting import eventually

ONE, TWO = "0123456789abcdef0123456789abcdef", "another-token-of-thirty-two-bytes"
STRANGER = 64_301


@pytest.fixture
def tokens(queue):
    """The second stands in the third line."""
    path = queue.parent / "publishers"
    path.write_text(f"{ONE}\n\n{TWO}\n")
    path.chmod(0o640)
    return ["--publish-token-file", str(path)]


def post(server, token, **event):
    return send(server, token, json.dumps({"event": "e", **event}).encode(), "application/json")


def send(server, token, body, form):
    lines = ["POST /publish HTTP/1.1", f"Host: {server.host}:{server.port}", f"Authorization: Bearer {token}",
             f"Content-Length: {len(body)}", f"Content-Type: {form}"]
    answer = exchange(server, ("\r\n".join(lines) + "\r\n\r\n").encode(), body)
    assert answer.status == 202, answer
    return json.loads(answer.body)["id"]


def publishers(server, count):
    eventually(lambda: len(server.logged("event.sent")) == count, server.log)
    return [line["pub"] for line in server.logged("event.sent")]


def test_each_token_is_a_publisher_of_its_own(start, queue, tokens):
    server = start(*tokens)
    with Client(server) as client:
        for token in (ONE, TWO, TWO):
            post(server, token, id="invoice-10")
        assert publishers(server, 2) == ["http:1", "http:3"]
        assert server.wait_for("event.duplicate")["id"] == "invoice-10"
        named = post(server, TWO)
        messages = client.receive(3)
        # What clients see is the id that the answer has told, and nothing of the publisher.
        assert json.loads(messages[2])["id"] == named
        assert not [text for text in messages if b"http" in text or b".by-" in text]
    eventually(lambda: waiting(queue) == [], "the files go")


def test_so_are_the_lines_of_a_batch(start, queue, tokens):
    server = start(*tokens)
    named = send(server, TWO, b'{"event":"a"}\n{"event":"b"}\n', "application/x-ndjson")
    assert publishers(server, 2) == ["http:3", "http:3"]
    assert [line["id"] for line in server.logged("event.sent")] == [f"{named}/1", f"{named}/2"]


def test_the_server_after_one_that_was_killed_knows_it_too(start, queue, tokens):
    first = start(*tokens, "--hold-without-clients")
    named = [post(first, token, **event) for token in (ONE, TWO) for event in ({"id": "i"}, {})]
    assert len(waiting(queue)) == 4
    first.signal(signal.SIGKILL)
    first.process.wait(10)
    second = start(*tokens)
    assert publishers(second, 4) == ["http:1", "http:1", "http:3", "http:3"]
    assert [line["id"] for line in second.logged("event.sent")] == named
    # And the one after that, by the journal.
    eventually(lambda: waiting(queue) == [], "the files go")
    second.signal(signal.SIGKILL)
    second.process.wait(10)
    third = start(*tokens)
    post(third, TWO, id="i")
    third.wait_for("event.duplicate")
    assert not third.logged("event.sent")


@needs_root
def test_a_name_claims_nothing_for_another_users_file(start, queue, tokens):
    os.chmod(queue, 0o3733)
    server = start(*tokens)
    name = name_of(1).replace(".json", ".by-http-1.json")
    hidden = queue / ".placing.tmp"
    hidden.write_text('{"event":"e"}')
    os.chown(hidden, STRANGER, STRANGER)
    os.rename(hidden, queue / name)
    line = server.wait_for("event.sent")
    assert line["pub"] == str(STRANGER) and line["id"] == name.removesuffix(".json")
    post(server, ONE)
    assert publishers(server, 2)[1] == "http:1"


@needs_root
@pytest.mark.parametrize("mode, owner", [(0o777, 0), (0o1777, STRANGER)], ids=["not sticky", "another one's"])
def test_where_others_may_rename_its_files_no_one_can_tell(start, queue, tokens, mode, owner):
    os.chown(queue, owner, owner)
    os.chmod(queue, mode)
    server = start(*tokens)
    told = server.logged("config.warn")
    assert len(told) == 1 and "may rename" in told[0]["reason"] and "chmod +t" in told[0]["hint"]
    named = post(server, ONE)
    assert publishers(server, 1) == ["?"]
    assert server.logged("event.sent")[0]["id"] == named


def test_rules_about_publishers_know_tokens(start, queue, tokens, tmp_path):
    rules = tmp_path / "publishers.json"
    rules.write_text(json.dumps([{"from": "http:3", "channel": "shop.*"}, {"from": "http:*", "event": "ping"}]))
    server = start(*tokens, "--publishers", str(rules))
    for token, event, is_allowed in [
            (TWO, {"channel": "shop.a"}, True), (ONE, {"channel": "shop.a"}, False), (TWO, {}, False),
            (ONE, {"event": "ping"}, True)]:
        before = len(server.logged("event.rejected")), len(server.logged("event.sent"))
        post(server, token, **event)
        wanted = (before[0] + (not is_allowed), before[1] + is_allowed)
        eventually(
            lambda wanted=wanted: (len(server.logged("event.rejected")), len(server.logged("event.sent"))) == wanted,
            server.log)
    assert [line["pub"] for line in server.logged("event.rejected")] == ["http:1", "http:3"]
    assert "http:1 may not publish e:" in server.logged("event.rejected")[0]["reason"]
    assert len([name for name in failed(queue) if name.endswith(".json")]) == 2


def test_the_other_nodes_know_it_too(start_nodes, redis, tokens):
    nodes = start_nodes(2, redis, *tokens)
    for node, token in ((nodes[0], ONE), (nodes[1], TWO), (nodes[1], ONE)):
        post(node, token, id="i")
        # In this order on all of them.
        eventually(lambda node=node: waiting(node.queue) == [], node.log)
    for node in nodes:
        assert publishers(node, 2) == ["http:1", "http:3"]
    # The node that it came to has known it.
    nodes[1].wait_for("event.duplicate")
