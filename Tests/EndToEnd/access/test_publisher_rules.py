"""Who may publish which events into which channels, by whose files they come in: several users of one machine."""

import json
import os
import signal
import subprocess

import pytest

from support.files import failed, name_of, place, waiting
from support.marks import needs_root
from support.waiting import eventually

pytestmark = needs_root
WWW, OPS, STRANGER, NOBODY = 64_201, 64_202, 64_203, 65_534
RULES = [
    {"from": [str(WWW), "@operators"], "event": "order.*", "channel": "orders"},
    {"from": str(OPS), "event": "note", "channel": ["", "notes.*"]},
    {"from": "*", "event": "typing", "channel": "typing"},
]


@pytest.fixture
def rules(tmp_path):
    """Writes the file of rules, by rename as an editor does; gives its path."""
    path = tmp_path / "rules" / "publishers.json"
    path.parent.mkdir()

    def write(content=RULES):
        new = path.with_suffix(".new")
        new.write_text(content if isinstance(content, str) else json.dumps(content))
        os.rename(new, path)
        return path
    return write


@pytest.fixture
def accounts(tmp_path):
    """A machine with a user `ops`, who is in a group `operators`; gives what a server is started by to be on it."""
    for name, line in [("passwd", f"ops:x:{OPS}:64220::/:/bin/false\n"), ("group", "operators:x:64221:ops\n")]:
        with open(f"/etc/{name}", encoding="utf-8") as file:
            (tmp_path / name).write_text(file.read() + line)
    mounts = " && ".join(f"mount --bind {tmp_path / name} /etc/{name}" for name in ("passwd", "group"))
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", f'{mounts} && exec "$@"', "sh"]


def put(queue, number, owner, *lines, mode=0o644):
    """A file of a user: an event, or a batch of several."""
    hidden = queue / ".placing.tmp"
    hidden.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.chown(hidden, owner, owner)
    os.chmod(hidden, mode)
    name = name_of(number) + ("l" if len(lines) > 1 else "")
    os.rename(hidden, queue / name)
    return name


def why(queue, name):
    """The reason beside a file in `.failed/`, once it is there."""
    path = queue / ".failed" / f"{name}.why"
    # It is there for a moment before its line is.
    return eventually(lambda: path.exists() and path.read_text(), f"{name} is refused")


@pytest.mark.parametrize("owner, event, channel, refused", [
    (WWW, "order.created", "orders", None), (OPS, "order.created", "orders", None),
    (WWW, "order.created", ["orders", "secret"], "into secret"), (WWW, "order.created", None, "without a channel"),
    (WWW, "orders", "orders", "may not publish orders"), (STRANGER, "order.created", "orders", "64203 may not"),
    (OPS, "note", None, None), (OPS, "note", "notes.a", None), (OPS, "note", "notes.a.b", "into notes.a.b"),
    (NOBODY, "order.created", "orders", "no one can tell"), (NOBODY, "typing", "typing", None),
    (0, "order.created", "orders", "root may not"),
])
def test_what_no_rule_permits_is_set_aside_with_the_reason(
        start, queue, rules, accounts, owner, event, channel, refused):
    server = start("--publishers", str(rules()), prefix=accounts)
    body = {"event": event, **({"channel": channel} if channel else {})}
    name = put(queue, 1, owner, body)
    if refused:
        assert refused in why(queue, name)
        line = server.wait_for("event.rejected", file=name, moved=f".failed/{name}")
        assert refused in line["reason"] and "--publishers" in line["reason"] and line["pub"]
        assert not server.logged("event.sent")
    else:
        assert server.wait_for("event.sent")["event"] == event
        assert not failed(queue)
    eventually(lambda: waiting(queue) == [], "the file goes")


def test_a_file_that_others_may_write_is_nobodys(start, queue, rules):
    server = start("--publishers", str(rules()))
    name = put(queue, 1, WWW, {"event": "order.created", "channel": "orders"}, mode=0o664)
    assert "others than its owner" in why(queue, name)
    assert server.wait_for("event.rejected")["pub"] == "?"


def test_a_batch_is_refused_as_a_whole(start, queue, rules):
    server = start("--publishers", str(rules()))
    good, bad = {"event": "order.created", "channel": "orders"}, {"event": "order.created", "channel": "other"}
    name = put(queue, 1, WWW, good, good, bad, good)
    assert why(queue, name).startswith(f"line 3: {WWW} may not publish order.created into other")
    put(queue, 2, WWW, good, good)
    eventually(lambda: len(server.logged("event.sent")) == 2, "the good one is sent")
    assert all(line["file"] == name_of(2) + "l" for line in server.logged("event.sent"))


def test_rules_are_read_again(start, queue, binaries, rules):
    server = start("--publishers", str(rules()))
    event = {"event": "order.created", "channel": "orders"}
    name = put(queue, 1, STRANGER, event)
    why(queue, name)
    rules([{"from": str(STRANGER)}])
    server.signal(signal.SIGHUP)
    assert server.wait_for("publishers.reload", level="notice")["file"].endswith("publishers.json")
    put(queue, 2, STRANGER, event)
    server.wait_for("event.sent")
    rules('[{"from": "root",}]')
    server.signal(signal.SIGHUP)
    told = server.wait_for("publishers.reload", level="error")
    assert "line 1" in told["error"] and "holds on" in told["hint"]
    put(queue, 3, STRANGER, event)
    eventually(lambda: len(server.logged("event.sent")) == 2, "the old rules hold")
    # What was refused can be sent once it is permitted.
    done = subprocess.run(
        [binaries / "wsqueue-server", "queue", "requeue", "-d", queue, name], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    eventually(lambda: len(server.logged("event.sent")) == 3, "it is sent")
    assert not [one for one in failed(queue) if one.endswith(".json")]


def test_who_is_in_a_group_is_looked_up_again(start, queue, rules, accounts, tmp_path):
    server = start("--publishers", str(rules([{"from": "@operators"}])), prefix=accounts)
    put(queue, 1, OPS, {"event": "e"})
    server.wait_for("event.sent")
    # In place: it is mounted where the server looks.
    text = (tmp_path / "group").read_text()
    (tmp_path / "group").write_text(text.replace("64221:ops", "64221:"))
    put(queue, 2, OPS, {"event": "e"})
    eventually(lambda: len(server.logged("event.sent")) == 2, "known until then")
    server.signal(signal.SIGHUP)
    server.wait_for("publishers.reload")
    assert "ops may not" in why(queue, put(queue, 3, OPS, {"event": "e"}))


@pytest.mark.parametrize("text, reason", [
    ("{", "line 1"), ('[\n{"from": "root", "chanel": "x"}]', "line 2: a rule knows"), (None, "no such file")])
def test_a_file_that_cannot_be_used_lets_no_server_start(start, queue, binaries, rules, tmp_path, text, reason):
    path = rules(text) if text else tmp_path / "none.json"
    server = start("--publishers", str(path), is_ready=False)
    assert server.exit_status() == 78
    told = server.wait_for("server.failed")
    assert reason in told["error"] and "without --publishers" in told["hint"]
    check = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", queue, "--publishers", path], capture_output=True, text=True,
        check=False)
    assert check.returncode == 78 and reason in check.stderr and "--publishers: " in check.stderr


def test_check_says_what_is_in_it_and_what_may_not_be_meant(start, queue, binaries, rules):
    path = rules([{"from": ["root", "no-such-user"]}, {"from": str(NOBODY)}])
    check = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", queue, "--publishers", path], capture_output=True, text=True,
        check=False)
    assert check.returncode == 0 and f"# {path}: 2 rules" in check.stdout
    assert 'no user is called "no-such-user"' in check.stderr and "no one can tell" in check.stderr
    hints = [line["hint"] for line in start("--publishers", str(path)).logged("config.warn")]
    assert len(hints) == 2 and "no-such-user" in hints[0], hints


def test_it_is_read_again_where_the_server_has_shut_itself_in(start, queue, rules):
    server = start("--publishers", str(rules()))
    if server.wait_for("server.start")["sandbox"] != "files":
        pytest.skip("no Landlock")
    rules([{"from": "root"}])
    server.signal(signal.SIGHUP)
    server.wait_for("publishers.reload", level="notice")
    place(queue, name_of(1), '{"event":"e"}')
    assert server.wait_for("event.sent")["pub"] == "root"


def test_each_node_judges_its_own_queue(start_nodes, redis, rules):
    nodes = start_nodes(1, redis)
    nodes.add("--publishers", str(rules()))
    event = {"event": "order.created", "channel": "orders"}
    assert "may not" in why(nodes[1].queue, put(nodes[1].queue, 1, STRANGER, event))
    put(nodes[0].queue, 2, STRANGER, event)
    put(nodes[1].queue, 3, WWW, event)
    for node in nodes:
        # Of what others send it judges nothing.
        eventually(lambda node=node: len(node.logged("event.sent")) == 2, node.log)
        assert {line["pub"] for line in node.logged("event.sent")} == {str(STRANGER), str(WWW)}
