"""Who may do what: every route, every action of clients and every entry of the queue, times all who may come by.

The tables are what is expected, written to be read; a Swift test (CallersTableTests) holds their first columns against
the routes and actions that the server knows, so that a new one needs a row here.

- here: a program of this machine, asking directly while only loopback is listened to
- stranger: without a token, from elsewhere; in the queue a user of the machine who is not in the box's group
- user, admin: with a token, the latter's role being admin
- publisher A: a user of the machine with a token of --publish-token-file, by a Unix socket
- publisher B: another one, without
- page: a foreign site's script in a browser on this machine; "unread": it is answered, and the browser keeps it back
- rebound: the same, whose site's name leads to this machine
- proxy: anybody, by an nginx on this machine that says nothing of whom it speaks for
"""

import contextlib
import json
import os
import socket
import stat
import subprocess

import pytest

from support.client import Client, connect, handshake_request
from support.files import place
from support.http import read_answer
from support.marks import needs_root
from support.proxies import bare_nginx, is_installed
from support.rules import write_rules
from support.speaking import PROTOCOL
from support.tokens import make_token, write_secrets
from support.waiting import deadline_after

pytestmark = [needs_root, pytest.mark.skipif(not is_installed("nginx"), reason="no nginx")]

ROUTES = """
| request             | here | stranger | user | admin | publisher A | publisher B | page       | rebound | proxy |
| ------------------- | ---- | -------- | ---- | ----- | ----------- | ----------- | ---------- | ------- | ----- |
| GET /               | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| HEAD /              | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| GET /events         | 200  | 200      | 200  | 200   | 401         | 200         | 403 unread | 403     | 200   |
| OPTIONS /events     | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| GET /cursor         | 200  | 200      | 200  | 200   | 401         | 200         | 403        | 403     | 200   |
| HEAD /cursor        | 200  | 200      | 200  | 200   | 401         | 200         | 403        | 403     | 200   |
| OPTIONS /cursor     | 204  | 204      | 204  | 204   | 204         | 204         | 204        | 403     | 204   |
| GET /state          | 200  | 200      | 200  | 200   | 401         | 200         | 403 unread | 403     | 200   |
| OPTIONS /state      | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| POST /publish       | 401  | 401      | 401  | 401   | 202         | 401         | 403 unread | 403     | 401   |
| OPTIONS /publish    | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| GET /channels       | 401  | 401      | 403  | 200   | 401         | 401         | 403 unread | 403     | 401   |
| OPTIONS /channels   | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| GET /presence/…     | 401  | 401      | 403  | 200   | 401         | 401         | 403 unread | 403     | 401   |
| POST /presence/…    | 401  | 401      | 403  | 400   | 401         | 401         | 403 unread | 403     | 401   |
| OPTIONS /presence/… | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| POST /disconnect    | 401  | 401      | 403  | 400   | 401         | 401         | 403 unread | 403     | 401   |
| OPTIONS /disconnect | 204  | 204      | 204  | 204   | 204         | 204         | 403 unread | 403     | 204   |
| GET /status.json    | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| HEAD /status.json   | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| GET /metrics        | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| HEAD /metrics       | 200  | 403      | 403  | 200   | 401         | 403         | 200 unread | 403     | 403   |
| GET /live           | 200  | 200      | 200  | 200   | 200         | 200         | 200 unread | 403     | 200   |
| HEAD /live          | 200  | 200      | 200  | 200   | 200         | 200         | 200 unread | 403     | 200   |
| GET /ready          | 200  | 200      | 200  | 200   | 200         | 200         | 200 unread | 403     | 200   |
| HEAD /ready         | 200  | 200      | 200  | 200   | 200         | 200         | 200 unread | 403     | 200   |
| GET /wsqueue.js     | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.js    | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /wsqueue.mjs    | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.mjs   | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /wsqueue.d.ts   | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.d.ts  | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /wsqueue.d.mts  | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.d.mts | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /wsqueue.src.js | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.src.js | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /wsqueue.tgz    | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| HEAD /wsqueue.tgz   | 200  | 200      | 200  | 200   | 200         | 200         | 200        | 403     | 200   |
| GET /elsewhere      | 404  | 404      | 404  | 404   | 404         | 404         | 404 unread | 403     | 404   |
| DELETE /            | 405  | 405      | 405  | 405   | 405         | 405         | 405 unread | 403     | 405   |
| socket /            | 101  | 101      | 101  | 101   | 401         | 101         | 403        | 403     | 101   |
| socket /users       | 401  | 401      | 101  | 101   | 401         | 401         | 403        | 403     | 401   |
| socket /admins      | 401  | 401      | 403  | 101   | 401         | 401         | 403        | 403     | 401   |
| wsqueue.v1 /        | 101  | 101      | 101  | 101   | 401         | 101         | 403        | 403     | 101   |
| wsqueue.v1 /users   | held | held     | 101  | 101   | 401         | held        | 403        | 403     | held  |
| wsqueue.v1 /admins  | held | held     | 403  | 101   | 401         | held        | 403        | 403     | held  |
"""

# Over a WebSocket of wsqueue.v1 at `/`, for those who get one; it listens to the channel before, where that matters.
ACTIONS = """
| action                    | here | stranger      | user          | admin         | publisher B   | proxy         |
| ------------------------- | ---- | ------------- | ------------- | ------------- | ------------- | ------------- |
| subscribe news            | yes  | yes           | yes           | yes           | yes           | yes           |
| subscribe order.7         | no   | no            | no            | yes           | no            | no            |
| subscribe private.x       | no   | no            | yes           | yes           | no            | no            |
| subscribe private.user.42 | no   | no            | yes           | no            | no            | no            |
| subscribe private-x       | no   | no            | no            | no            | no            | no            |
| subscribe presence-x      | no   | no            | no            | no            | no            | no            |
| subscribe presence.room   | yes  | yes           | yes           | yes           | yes           | yes           |
| subscribe **              | yes  | no            | yes           | yes           | no            | no            |
| unsubscribe news          | yes  | yes           | yes           | yes           | yes           | yes           |
| resume                    | yes  | yes           | yes           | yes           | yes           | yes           |
| message chat              | no   | no            | yes           | yes           | no            | no            |
| message news              | no   | no            | no            | no            | no            | no            |
| authenticate good         | yes  | yes           | yes           | yes           | yes           | yes           |
| authenticate bad          | no   | no            | no            | no            | no            | no            |
| presence presence.room    | no   | no            | yes           | yes           | no            | no            |
| ping                      | yes  | yes           | yes           | yes           | yes           | yes           |
| pong                      | yes  | yes           | yes           | yes           | yes           | yes           |
"""

# In a box as the package makes it.
QUEUE = """
| what                       | stranger | publisher A | publisher B |
| -------------------------- | -------- | ----------- | ----------- |
| list the queue             | no       | no          | no          |
| publish an event           | no       | yes         | yes         |
| make an entry of any name  | no       | yes         | yes         |
| read A's event of some id  | no       | yes         | yes         |
| read A's event without one | no       | yes         | no          |
| delete A's waiting event   | no       | yes         | no          |
| replace A's waiting event  | no       | yes         | no          |
| release what A holds       | no       | yes         | no          |
| read what of A's was wrong | no       | no          | no          |
| list .failed               | no       | no          | no          |
| list .journal              | no       | no          | no          |
| open .lock                 | no       | no          | no          |
| read .server               | no       | no          | no          |
| open .server, to write     | no       | yes         | yes         |
| read .address              | no       | yes         | yes         |
| write .address             | no       | no          | no          |
| delete .address            | no       | no          | no          |
| use .control               | no       | no          | no          |
| delete .control            | no       | no          | no          |
"""

SERVER, A, B, OTHER, GROUP = 64_200, 64_201, 64_202, 64_203, 64_210
PUBLISH_TOKEN = "the token of publisher A, long enough"
EVIL = "https://evil.example"
RULES = [
    {"channel": "news", "subscribe": "anyone"},
    {"channel": "chat", "subscribe": "anyone", "publish": "authenticated"},
    {"channel": "order.{id}", "subscribe": "role:admin"},
    {"connect": "/users", "allow": "authenticated"},
    {"connect": "/admins", "allow": "role:admin"},
]
USER, ADMIN = make_token(), make_token("7", role="admin")


def read_table(text):
    """The names of the columns, and the rows as {their first cell: the others}."""
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().splitlines()]
    return head[1:], {row[0]: row[1:] for row in rows}


def compare(text, answer):
    """Asks for each cell, and shows all rows that are not as expected."""
    callers, rows = read_table(text)
    found = {row: [answer(row, caller) for caller in callers] for row in rows}
    wrong = {row: {caller: f"{is_so}, not {expected}" for caller, is_so, expected in zip(callers, found[row], rows[row])
                   if is_so != expected} for row in rows}
    assert not {row: cells for row, cells in wrong.items() if cells}


class Caller:
    """Somebody who asks a server: how to reach it, and what is sent with each request."""

    def __init__(self, server, *fields, host=None, user=None, path=None, port=None):
        self.server, self.fields, self.user, self.path = server, list(fields), user, path
        self.address = ("127.0.0.1", port or server.port)
        self.host = host or "127.0.0.1"

    def connect(self):
        if not self.path:
            connection = socket.create_connection(self.address, 10)
        else:
            connection = socket.socket(socket.AF_UNIX)
            os.seteuid(self.user)
            try:
                connection.connect(self.path)
            finally:
                os.seteuid(0)
        connection.settimeout(10)
        return connection

    def ask(self, method, path):
        fields, body = [*self.fields, "Connection: close"], b""
        if method == "POST":
            body = b'{"event":"e"}'
            fields += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        with self.connect() as connection:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *fields, "", ""]
            connection.sendall("\r\n".join(lines).encode() + body)
            answer = read_answer(connection, deadline_after(10), wants_end=False)
        allowed = answer.headers.get("access-control-allow-origin")
        is_unread = f"Origin: {EVIL}" in self.fields and allowed not in ("*", EVIL)
        return f"{answer.status}" + " unread" * is_unread

    def shake(self, path, protocol):
        """The status of a handshake; `held` where the socket opens and nothing comes of it but the answer to a ping."""
        data, _ = handshake_request(self.host, 80, path, protocol, self.fields)
        with self.connect() as connection:
            connection.sendall(data)
            answer = read_answer(connection, deadline_after(10), wants_end=False)
        if answer.status != 101 or not protocol:
            return str(answer.status)
        with self.speak(path) as client:
            client.send_action("ping")
            return "held" if client.receive_events()[0]["action"] == "pong" else "101"

    def speak(self, path="/"):
        return Client(self.server, path, protocol=PROTOCOL, headers=self.fields, connection=self.connect())


@pytest.fixture
def callers(start, queue, tmp_path):
    """One server for those who ask on this machine, and one that listens to others too."""
    tokens = tmp_path / "publishers"
    tokens.write_text(PUBLISH_TOKEN + "\n")
    tokens.chmod(0o600)
    os.chmod(queue.parent, 0o755)
    options = ["--jwt-secret-file", str(write_secrets(queue)), "--rules", str(write_rules(queue, RULES)),
               "--publish-token-file", str(tokens)]
    other, path = queue.parent / "other", str(queue.parent / "wsqueue.sock")
    other.mkdir()
    here = start(*options)
    wide = start(*options, "-l", "0.0.0.0:0", directory=other, listen=f"unix:{path}")
    wide.host = "127.0.0.1"
    os.chmod(path, 0o666)
    with bare_nginx(here, tmp_path) as port:
        yield {
            "here": Caller(here), "stranger": Caller(wide),
            "user": Caller(wide, f"Authorization: Bearer {USER}"),
            "admin": Caller(wide, f"Authorization: Bearer {ADMIN}"),
            "publisher A": Caller(wide, f"Authorization: Bearer {PUBLISH_TOKEN}", user=A, path=path),
            "publisher B": Caller(wide, user=B, path=path),
            "page": Caller(here, f"Origin: {EVIL}"),
            "rebound": Caller(here, host="evil.test"),
            "proxy": Caller(here, host="example.org", port=port),
        }


def test_who_gets_what_of_each_route(callers):
    def answer(row, name):
        method, path = row.split()
        if method in ("socket", "wsqueue.v1"):
            return callers[name].shake(path, PROTOCOL if method == PROTOCOL else None)
        # A channel's name follows.
        return callers[name].ask(method, path.replace("…", "presence.x"))
    compare(ROUTES, answer)


BEFORE = {"unsubscribe": "news", "message": None, "presence": None}


def test_who_may_do_what_over_a_socket(callers):
    def answer(row, name):
        action, *words = row.split()
        with callers[name].speak() as client:
            [welcome] = client.receive_events()
            channel = words[0] if words else None
            if action in BEFORE:
                client.send_action("subscribe", channel=channel)
                # The members of a room follow.
                client.receive_events(2 if channel.startswith("presence.") else 1)
            data = {"resume": {"since": welcome["cursor"]}, "message": {"channel": channel, "message": 1},
                    "presence": {"channel": channel, "status": "busy"}, "ping": {}, "pong": {},
                    "authenticate": {"token": USER if channel == "good" else "x.y.z"}}
            client.send_action(action, **data.get(action, {"channel": channel}))
            if action == "pong":
                # It has no answer.
                client.send_action("ping")
            answers = [client.receive_events()[0]]
            while answers[-1].get("action") in ("message", None):
                answers += client.receive_events()
            return "no" if answers[-1]["action"] == "error" else "yes"
    compare(ACTIONS, answer)


def as_user(user, command, *words, group=GROUP):
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", f"--groups={group}", "sh", "-c"]
    return subprocess.run([*prefix, command, "sh", *map(str, words)], capture_output=True, text=True, timeout=30)


def test_who_may_do_what_with_the_queue(start, queue, binaries):
    os.chown(queue, SERVER, GROUP)
    os.chmod(queue, 0o3730)
    prefix = ["setpriv", f"--reuid={SERVER}", f"--regid={SERVER}", f"--groups={GROUP}", "sh", "-c",
              'umask 007; exec "$@"', "sh"]
    server = start(prefix=prefix)
    publish = f"{binaries}/wsqueue-publish -d {queue}"
    as_user(A, f"printf '{{' >{queue}/.bad; mv {queue}/.bad {queue}/bad.json")
    server.wait_for("event.rejected", file="bad.json")
    waits = as_user(A, f"{publish} -o path -i order-7 --in 1h later").stdout.strip()
    nameless = as_user(A, f"{publish} -o path --in 1h later").stdout.strip()
    assert os.path.exists(waits) and os.path.exists(nameless)
    commands = {
        "list the queue": f"ls {queue}", "publish an event": f"{publish} e",
        "make an entry of any name": f"mkdir {queue}/.$$",
        # The id is a name that others may guess, as the manual says; no one guesses the other.
        "read A's event of some id": f"cat {waits}", "read A's event without one": f"cat {queue}/at-[0-9]*.json",
        "replace A's waiting event": f"echo >{queue}/.r-$$ && mv -f {queue}/.r-$$ {waits}",
        "delete A's waiting event": f"rm -f {waits}",
        "read what of A's was wrong": f"cat {queue}/.failed/bad.json",
        "list .failed": f"ls {queue}/.failed/", "list .journal": f"ls {queue}/.journal/",
        "open .lock": f"cat {queue}/.lock", "read .server": f"timeout 2 cat {queue}/.server",
        "open .server, to write": f"dd count=0 oflag=nonblock conv=nocreat,notrunc if=/dev/null of={queue}/.server",
        "read .address": f"cat {queue}/.address", "write .address": f": >>{queue}/.address",
        "delete .address": f"rm -f {queue}/.address",
        # Who may not write to a socket cannot connect to it.
        "use .control": f"test -w {queue}/.control", "delete .control": f"rm -f {queue}/.control",
    }
    people = {"stranger": (OTHER, OTHER), "publisher A": (A, GROUP), "publisher B": (B, GROUP)}

    def answer(row, name):
        user, group = people[name]
        if row == "read A's event without one" and name == "publisher A":
            # It knows the name.
            return "yes" if as_user(user, f"cat {nameless}").returncode == 0 else "no"
        if row == "release what A holds":
            held = as_user(A, f"{publish} --hold e").stdout.strip()
            # What is printed is A's to keep; others may know the id, and that there is something.
            word = held if name == "publisher A" else held.rpartition(".")[0]
            command = f"{publish} --release {word}"
        else:
            command = commands[row]
        if "waiting" in row and not os.path.exists(waits):
            place_again(waits)
        return "yes" if as_user(user, command, group=group).returncode == 0 else "no"

    def place_again(path):
        again = as_user(A, f"{publish} -o path -i order-7 --in 1h later").stdout.strip()
        assert again == path

    compare(QUEUE, answer)
    rows = read_table(QUEUE)[1]
    for name in os.listdir(queue):
        if stat.S_ISDIR(os.lstat(queue / name).st_mode) and name[1:].isdigit() or not name.startswith("."):
            continue
        assert name.startswith((".held-", ".r-")) or any(row.split()[1:2] == [name] for row in rows), name
