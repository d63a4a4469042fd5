"""Ways to get an event that one may not have, tried from outside: each is a function, and all are refused.

The victim is the user `victim` with the role admin. Before a way is tried and after, events with the word SECRET are
published to every place that is not for the attacker; a public one follows, which everybody gets.
"""

import json
import re
import signal
import socket

import pytest

from support.application import Application
from support.client import Client, handshake_request
from support.files import name_of, place, waiting
from support.http import exchange
from support.rules import write_rules
from support.speaking import PROTOCOL
from support.stream import Stream
from support.tokens import encode, make_token, soon, write_secrets
from support.waiting import eventually

RULES = [
    {"channel": "order.{id:\\d+}", "subscribe": "role:admin"},
    {"channel": "account.{id}[.{part}]", "subscribe": "user:{id}"},
    {"channel": "club.{name}", "subscribe": "claim"},
    {"channel": "app.{name}", "subscribe": "ask"},
    {"channel": "closed[.{rest:.+}]", "subscribe": "none"},
    {"channel": "private.staff", "subscribe": "role:admin"},
]
SECRET_CHANNELS = [
    "private.user.victim", "private.user.42", "private.staff", "private.team", "order.1", "account.victim",
    "account.victim.mail", "club.gold", "app.no", "closed", "closed.too",
]
WAYS = {}


def way(title):
    def register(function):
        WAYS[title] = function
        return function
    return register


class Field:
    """Where the attacker stands: a server, its queue, and what the attacker has got so far."""

    def __init__(self, start, queue, application):
        self.queue, self.application = queue, application
        self.rules = write_rules(queue, RULES)
        self.options = [
            "--jwt-secret-file", str(write_secrets(queue)), "--rules", str(self.rules), "--authorize-url",
            application.url, "--threads", "2"]
        self.start = start
        self.server = start(*self.options)
        self.number = 0
        self.readers = []
        with self.connect() as client:
            self.cursor = client.welcome["cursor"]
        self.readers.clear()
        self.publish_secrets()

    def place(self, **event):
        self.number += 1
        place(self.queue, name_of(self.number), json.dumps(event))

    def publish_secrets(self):
        for channel in SECRET_CHANNELS:
            self.place(event="SECRET", channel=channel)
        for recipient in ("victim", 42):
            self.place(event="SECRET", recipients=[recipient])
            self.place(event="SECRET", recipients=[recipient], channel="open")
        self.place(event="SECRET", channels=["order.1", "closed"])
        eventually(lambda: not waiting(self.queue), "the files are sent")

    def connect(self, path="/", *headers, protocol=PROTOCOL, token=None):
        headers = list(headers) + ([f"Authorization: Bearer {token}"] if token else [])
        client = Client(self.server, path, protocol=protocol, headers=headers)
        if protocol:
            [client.welcome] = client.receive_events()
        self.readers.append(client)
        return client

    def stream(self, path="/events", *headers):
        stream = Stream(self.server, path, headers)
        assert stream.status == 200
        self.readers.append(stream)
        return stream

    def refused(self, *headers, path="/", statuses=(401,)):
        request, _ = handshake_request(self.server.host, self.server.port, path, headers=headers)
        answer = exchange(self.server, request)
        assert answer.status in statuses, (answer.status, answer.body)
        plain = "\r\n".join([f"GET /events{path[1:]} HTTP/1.1", f"Host: {self.server.host}", *headers, "", ""])
        assert exchange(self.server, plain.encode()).status in statuses

    def refused_token(self, token):
        self.refused(f"Authorization: Bearer {token}")
        self.refused(path=f"/?token={token}")
        client = self.connect()
        assert self.ask(client, "authenticate", token=token)["success"] is False
        for channel in SECRET_CHANNELS[:3]:
            assert self.ask(client, "subscribe", channel=channel)["success"] is False

    def ask(self, client, action, **data):
        client.send_action(action, **data)
        while True:
            [answer] = client.receive_events()
            if "success" in answer or answer.get("action") in ("resumed", "pong"):
                return answer
            assert "SECRET" not in json.dumps(answer)

    def subscribe_all(self, client, channels=SECRET_CHANNELS, **more):
        for channel in channels:
            answer = self.ask(client, "subscribe", channel=channel, **more)
            assert answer["success"] is False, channel

    def check(self):
        """Publishes the secrets again and one public event, and looks at all that anybody got."""
        self.publish_secrets()
        self.place(event="public")
        for reader in self.readers:
            seen = []
            while "public" not in seen:
                try:
                    [event] = reader.receive_events()
                except (AssertionError, OSError) as error:
                    # Closed by the server: nothing more can come. Anything else is a fault of the test.
                    assert "ended" in str(error), error
                    break
                assert "SECRET" not in json.dumps(event)
                seen.append(event.get("event"))


@pytest.fixture
def field(start, queue):
    def decide(channel, request):
        isAllowed = channel.endswith("yes") or "victim" in request.headers.get("Cookie", "")
        return (200 if isAllowed else 403), {"Cache-Control": "max-age=60"}

    application = Application(decide)
    field = Field(start, queue, application)
    yield field
    for reader in field.readers:
        reader.socket.close()
    application.close()


# Without a token, and with tokens that nobody has signed


@way("subscribe without a token")
def _(field):
    field.subscribe_all(field.connect())


@way("channels in the URL without a token")
def _(field):
    field.connect(f"/?channels={','.join(SECRET_CHANNELS)}")


@way("as a plain client that never speaks")
def _(field):
    field.connect(f"/?channels={','.join(SECRET_CHANNELS)}", protocol=None)


@way("as an older chat page")
def _(field):
    client = field.connect(protocol=None)
    client.send_action("subscribe", channel="private.user.victim")
    assert client.receive_events(2)[1]["success"] is False


@way("a stream without a token")
def _(field):
    field.stream(f"/events?channels={','.join(SECRET_CHANNELS)}")


@way("alg none")
def _(field):
    field.refused_token(make_token("victim", header={"alg": "none"}).rpartition(".")[0] + ".")


@way("alg none in mixed case, with a signature")
def _(field):
    field.refused_token(make_token("victim", header={"alg": "nOnE"}))


@way("no algorithm at all")
def _(field):
    field.refused_token(make_token("victim", header={"typ": "JWT"}))


@way("an algorithm of public keys over the secret")
def _(field):
    field.refused_token(make_token("victim", header={"alg": "RS256"}))


@way("another secret")
def _(field):
    field.refused_token(make_token("victim", secret="x" * 64))


@way("the empty secret")
def _(field):
    field.refused_token(make_token("victim", secret=""))


@way("a key in the token's own header")
def _(field):
    header = {"alg": "HS256", "jwk": {"kty": "oct", "k": encode(b"x" * 64)}, "kid": "../../dev/null"}
    field.refused_token(make_token("victim", header=header, secret="x" * 64))


@way("one's own token with the victim's claims")
def _(field):
    head, _, signature = make_token("attacker").split(".")
    field.refused_token(f"{head}.{encode({'sub': 'victim', 'role': 'admin'})}.{signature}")


@way("a token without its signature")
def _(field):
    field.refused_token(make_token("victim").rpartition(".")[0] + ".")


@way("a token of two parts")
def _(field):
    field.refused_token(make_token("victim").rpartition(".")[0])


@way("a token cut short by one character")
def _(field):
    field.refused_token(make_token("victim")[:-1])


@way("a token with a part more")
def _(field):
    field.refused_token(make_token("victim") + "." + encode({"sub": "victim"}))


# Tokens that were signed, but not for this


@way("the victim's token after its time")
def _(field):
    field.refused_token(make_token("victim", exp=soon(-31)))


@way("the victim's token before its time")
def _(field):
    field.refused_token(make_token("victim", nbf=soon(60)))


@way("the victim's refresh token")
def _(field):
    field.refused_token(make_token("victim", type="refresh"))


@way("the victim's token for another server")
def _(field):
    field.refused_token(make_token("victim", aud="somewhere else"))


@way("a token that names two users")
def _(field):
    head = encode({"alg": "HS256"})
    signed = make_token("victim", header={"alg": "HS256"})
    assert signed.startswith(head)
    field.refused(f"Authorization: Bearer {signed}", f"Authorization: Bearer {make_token('attacker')}")


@way("a token in a cookie or in another header")
def _(field):
    token = make_token("victim", role="admin")
    client = field.connect("/", f"Cookie: token={token}", f"X-Token: {token}", f"Authorization: Token {token}")
    field.subscribe_all(client, SECRET_CHANNELS[:8])


@way("a user named in the URL or in headers")
def _(field):
    client = field.connect("/?user=victim&sub=victim&user_id=victim&role=admin", "X-User: victim", "X-Role: admin")
    field.subscribe_all(client)


# A user, but another one


@way("a user whose id is the beginning of the victim's")
def _(field):
    field.subscribe_all(field.connect(token=make_token("victi")), ["private.user.victim", "account.victim"])


@way("a user whose id begins with the victim's")
def _(field):
    for user in ("victim2", "victim.mail", "victim ", "victim,victim"):
        field.subscribe_all(field.connect(token=make_token(user)), ["private.user.victim", "account.victim"])


@way("a user whose id differs in case")
def _(field):
    field.subscribe_all(field.connect(token=make_token("VICTIM")), ["private.user.victim", "account.victim"])


@way("a user whose id looks the same")
def _(field):
    # A Cyrillic letter, a full-width one, and one with a mark that joins.
    for user in ("vict\u0456m", "\uff56ictim", "victim\u200d", "victi\u0301m"):
        field.subscribe_all(field.connect(token=make_token(user)), ["private.user.victim", "account.victim"])


@way("a user whose id is the same number written otherwise")
def _(field):
    for user in ("042", "+42", "42.0", " 42", "4.2e1"):
        field.subscribe_all(field.connect(token=make_token(user)), ["private.user.42"])


@way("an id with a pattern in it")
def _(field):
    for user in ("*", "**", "{id}", "victim|attacker"):
        field.subscribe_all(field.connect(token=make_token(user)), ["private.user.victim", "account.victim"])


@way("an attacker's own good token")
def _(field):
    field.subscribe_all(
        field.connect(token=make_token("attacker")), [name for name in SECRET_CHANNELS if name != "private.team"])


# Roles and claims


@way("a role that only looks like the right one")
def _(field):
    for role in ("Admin", "administrator", "admin.", "user;admin", "adm\u0131n", ["role:admin"], "{id}"):
        client = field.connect(token=make_token("attacker", role=role))
        field.subscribe_all(client, ["order.1", "private.staff"])


@way("a role under another name")
def _(field):
    client = field.connect(token=make_token("attacker", roles=["admin"], Role="admin", scope="admin"))
    field.subscribe_all(client, ["order.1", "private.staff"])


@way("a claim to other channels")
def _(field):
    for channels in (["club.silver"], ["club"], ["*"], ["club.gold.x"], ["Club.gold"], [], "club.silver"):
        field.subscribe_all(field.connect(token=make_token("attacker", channels=channels)), ["club.gold"])


@way("a claim to a channel whose rule does not ask for claims")
def _(field):
    client = field.connect(token=make_token("attacker", channels=["**"]))
    field.subscribe_all(client, ["order.1", "account.victim", "closed", "private.staff", "private.user.victim"])


# Patterns


@way("a pattern for everything")
def _(field):
    assert field.ask(field.connect(), "subscribe", channel="**")["success"] is True


@way("patterns that match private channels")
def _(field):
    client = field.connect(token=make_token("attacker"))
    for pattern in ("private.user.*", "private.user.**", "*.user.victim", "private.*.victim", "*.staff", "*.*.*"):
        field.ask(client, "subscribe", channel=pattern)


@way("patterns that match what rules name")
def _(field):
    client = field.connect()
    for pattern in ("order.*", "account.**", "club.*", "app.*", "closed.**", "*", "*.*"):
        field.ask(client, "subscribe", channel=pattern)


@way("patterns in the URL")
def _(field):
    field.connect("/?channels=**,private.**,*.user.*,order.*", protocol=None)
    field.stream("/events?channels=**,private.**,order.*,*")


@way("a pattern and the name that it matches")
def _(field):
    client = field.connect()
    field.ask(client, "subscribe", channel="order.*")
    assert field.ask(client, "subscribe", channel="order.1")["success"] is False


# Names


@way("names that differ in case")
def _(field):
    client = field.connect()
    for channel in ("Private.user.victim", "PRIVATE.USER.VICTIM", "private.User.victim", "Order.1"):
        field.ask(client, "subscribe", channel=channel)


@way("names with something around them")
def _(field):
    client = field.connect()
    for around in (
            "{} ", " {}", "{}\u0000", "{}\n", "{}/", "/{}", "./{}", "{}%00", "{}\u200b", "\ufeff{}", ".{}", "{}."):
        field.ask(client, "subscribe", channel=around.format("private.user.victim"))


@way("names with escapes")
def _(field):
    client = field.connect()
    client.send(1, b'{"action":"subscribe","data":{"channel":"private\\u002euser\\u002e\\u0076ictim"}}')
    assert client.receive_events()[0]["success"] is False
    field.connect("/?channels=private%2Euser%2Evictim,%70rivate.user.victim")


@way("two names in one message")
def _(field):
    client = field.connect()
    for text in (
            b'{"action":"subscribe","data":{"channel":"open","channel":"private.user.victim"}}',
            b'{"action":"subscribe","data":{"channel":"open"},"data":{"channel":"private.user.victim"}}',
            b'{"action":"subscribe","data":{"channel":["open","private.user.victim"]}}',
            b'{"action":"subscribe","data":{"channel":"open,private.user.victim"}}',
            b'{"action":"subscribe","data":{"channel":"open","channels":["private.user.victim"]}}'):
        client.send(1, text)
        client.receive_events()


@way("a longer name below a rule")
def _(field):
    client = field.connect()
    for channel in ("account.victim.mail", "closed.too", "private.user.victim.x", "private.staff.x"):
        assert field.ask(client, "subscribe", channel=channel)["success"] is False


# The past


@way("resuming from the beginning")
def _(field):
    client = field.connect()
    field.ask(client, "resume", since=field.cursor)


@way("resuming a pattern from the beginning")
def _(field):
    client = field.connect()
    assert field.ask(client, "subscribe", channel="**", since=field.cursor)["success"] is True
    field.ask(client, "resume", since=field.cursor)


@way("subscribing with a cursor to what one may not have")
def _(field):
    field.subscribe_all(field.connect(), since=field.cursor)


@way("a URL with a cursor and patterns")
def _(field):
    field.connect(f"/?channels=**,private.user.victim,order.1&since={field.cursor}")


@way("a stream that comes back")
def _(field):
    field.stream("/events?channels=**,order.1,private.user.victim", f"Last-Event-ID: {field.cursor}")
    field.stream(f"/events?channels=**,order.1,private.user.victim&since={field.cursor}")


@way("the journal of a server that was started again")
def _(field):
    field.readers.clear()
    field.server.terminate()
    field.server = field.start(*field.options)
    field.connect(f"/?channels=**,private.user.victim&since={field.cursor}")
    client = field.connect()
    field.ask(client, "resume", since=field.cursor)


@way("cursors of nobody")
def _(field):
    epoch = field.cursor.partition(":")[0]
    client = field.connect()
    for cursor in (f"{epoch}:0", f"{epoch}:18446744073709551615", "zzzz:1", f"{epoch}:-1", f"{epoch.upper()}:0", ":"):
        field.ask(client, "resume", since=cursor)


@way("the past of what one had as another user")
def _(field):
    client = field.connect(token=make_token("victim"))
    assert field.ask(client, "subscribe", channel="private.user.victim")["success"] is True
    client.send_action("authenticate", token=make_token("attacker"))
    lost, answer = client.receive_events(2)
    assert (lost["code"], answer["user"]) == ("forbidden", "attacker")
    field.ask(client, "resume", since=field.cursor)


# Rights that end


@way("staying after the token's end")
def _(field):
    client = field.connect(token=make_token("victim", role="admin", exp=soon(1)))
    for channel in ("private.user.victim", "order.1"):
        assert field.ask(client, "subscribe", channel=channel)["success"] is True
    client.receive_until_end()
    assert client.frames.close[0] == 4001


@way("keeping a channel with a token that has fewer rights")
def _(field):
    client = field.connect(token=make_token("attacker", role="admin"))
    for channel in ("order.1", "private.staff"):
        assert field.ask(client, "subscribe", channel=channel)["success"] is True
    client.send_action("authenticate", token=make_token("attacker"))
    told = client.receive_events(3)
    assert sorted(message["channel"] for message in told if "channel" in message) == ["order.1", "private.staff"]


@way("keeping a pattern with a token that has fewer rights")
def _(field):
    client = field.connect(token=make_token("attacker", role="admin"))
    assert field.ask(client, "subscribe", channel="order.*")["success"] is True
    assert field.ask(client, "authenticate", token=make_token("attacker"))["success"] is True


@way("keeping a channel that new rules take away")
def _(field):
    client = field.connect()
    assert field.ask(client, "subscribe", channel="private.later")["success"] is False
    field.rules.write_text(json.dumps([{"channel": "order.1", "subscribe": "anyone"}, *RULES]))
    field.server.signal(signal.SIGHUP)
    field.server.wait_for("rules.reload", level="notice")
    eventually(lambda: field.ask(client, "subscribe", channel="order.1")["success"], "the new rules")
    field.rules.write_text(json.dumps(RULES))
    field.server.signal(signal.SIGHUP)
    while client.receive_events()[0].get("channel") != "order.1":
        pass


@way("what is left of a channel that was unsubscribed")
def _(field):
    client = field.connect(token=make_token("victim"))
    assert field.ask(client, "subscribe", channel="private.user.victim")["success"] is True
    assert field.ask(client, "unsubscribe", channel="private.user.victim")["success"] is True
    field.ask(client, "authenticate", token=make_token("attacker"))


@way("a bad file of rules instead of a good one")
def _(field):
    field.rules.write_text('[{"channel": "order.1", "subscribe": "anyone"}, {"channel": 7}]')
    field.server.signal(signal.SIGHUP)
    field.server.wait_for("rules.reload", level="error")
    field.subscribe_all(field.connect())


# Others' connections


@way("the victim's place after it has left")
def _(field):
    with field.connect(token=make_token("victim", role="admin")) as victim:
        for channel in ("private.user.victim", "order.1"):
            assert field.ask(victim, "subscribe", channel=channel)["success"] is True
        number = victim.welcome["connection_id"]
    field.readers.pop()
    field.server.wait_for("client.close", conn=number)
    for _ in range(4):
        field.connect()


@way("the victim's connection id")
def _(field):
    victim = Client(field.server, protocol=PROTOCOL, headers=[f"Authorization: Bearer {make_token('victim')}"])
    with victim:
        number = victim.receive_events()[0]["connection_id"]
        client = field.connect(f"/?connection_id={number}&conn={number}")
        client.send_action("subscribe", channel="open", connection_id=number)
        client.receive_events()
        field.ask(client, "authenticate", token=str(number))


@way("who is in a channel that one may not have")
def _(field):
    client = field.connect()
    for channel in SECRET_CHANNELS:
        assert field.ask(client, "presence", channel=channel)["success"] is False


@way("sending into a channel to be answered from it")
def _(field):
    client = field.connect(token=make_token("attacker"))
    for channel in ("private.user.victim", "order.1", "private.team"):
        assert field.ask(client, "message", channel=channel, message="?")["success"] is False


# The application that is asked


@way("the question's own name in the client's query")
def _(field):
    client = field.connect("/?channel_name=app.yes&channel.name=app.yes&channel_name[]=app.yes&action=publish")
    assert field.ask(client, "subscribe", channel="app.no")["success"] is False


@way("an answer that another client has got")
def _(field):
    victim = Client(field.server, protocol=PROTOCOL, headers=["Cookie: id=victim"])
    with victim:
        victim.receive_events()
        assert field.ask(victim, "subscribe", channel="app.no")["success"] is True
        for headers in ([], ["Cookie: id=attacker"]):
            assert field.ask(field.connect("/", *headers), "subscribe", channel="app.no")["success"] is False


@way("an application that does not answer")
def _(field):
    field.application.close()
    assert field.ask(field.connect("/?new=1"), "subscribe", channel="app.no")["success"] is False


@way("leaving before the answer, and asking at once for another channel")
def _(field):
    client = field.connect()
    for channel in ("app.no", "app.yes", "app.no"):
        client.send_action("subscribe", channel=channel)
    client.send_action("unsubscribe", channel="app.yes")
    client.send_action("ping")
    while client.receive_events()[0].get("action") != "pong":
        pass


# HTTP


@way("a page of another origin, with the victim's cookies")
def _(field):
    field.refused("Origin: https://evil.example", "Cookie: id=victim", statuses=(403,))
    field.refused("Origin: null", "Cookie: id=victim", statuses=(403,))


@way("other paths to the stream")
def _(field):
    for path in ("/events//", "//events", "/Events", "/events.json", "/./events", "/%65vents/../events"):
        answer = exchange(field.server, f"GET {path} HTTP/1.1\r\nHost: {field.server.host}\r\n\r\n".encode())
        assert (answer.status, b"SECRET" in answer.body) == (404, False)


@way("the files of the queue and the journal by HTTP")
def _(field):
    for path in ("/queue", "/.journal/", "/../queue/.journal/0", "/.failed/", "/%2e%2e/secrets", "/rules.json"):
        answer = exchange(field.server, f"GET {path} HTTP/1.1\r\nHost: {field.server.host}\r\n\r\n".encode())
        assert answer.status in (400, 404) and b"SECRET" not in answer.body


@way("a second request behind the first")
def _(field):
    token = make_token("victim", secret="x" * 64)
    with socket.create_connection((field.server.host, field.server.port), 10) as connection:
        connection.sendall(
            b"GET /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
            + b"GET /events?channels=private.user.victim HTTP/1.1\r\nHost: localhost\r\n"
            + f"Authorization: Bearer {token}\r\n\r\n".encode())
        field.publish_secrets()
        field.place(event="public")
        data = b""
        while b'"public"' not in data:
            received = connection.recv(65536)
            assert received
            data += received
        assert b"SECRET" not in data and data.count(b"HTTP/1.1") == 1


@way("a token to publish with, used to listen")
def _(field):
    field.refused_token("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("title", WAYS)
def test_a_way_to_get_what_one_may_not_have_is_refused(field, title):
    WAYS[title](field)
    field.check()


def test_the_victim_gets_all_of_it(field):
    """So that the ways above fail because they are refused, and not because nothing is sent."""
    token = make_token("victim", role="admin", channels=["club.*"])
    channels = [
        "private.user.victim", "private.staff", "private.team", "order.1", "account.victim", "club.gold", "app.no"]
    headers = [f"Authorization: Bearer {token}", "Cookie: victim"]
    with Client(field.server, protocol=PROTOCOL, headers=headers) as client:
        client.receive_events()
        for channel in channels + ["open"]:
            assert field.ask(client, "subscribe", channel=channel)["success"] is True
        field.publish_secrets()
        field.place(event="public")
        got = []
        while "public" not in got:
            [event] = client.receive_events()
            got.append(event["event"] if event["event"] == "public" else event.get("channel", "you"))
        assert got == [*channels[:5], "club.gold", "app.no", "you", "open", "order.1", "public"]


def test_there_are_as_many_ways_as_were_promised():
    assert len(WAYS) >= 50
    assert all(re.fullmatch(r"[a-zA-Z].*[a-zA-Z]", title) for title in WAYS)
