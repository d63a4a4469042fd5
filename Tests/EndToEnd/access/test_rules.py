"""Rules: who may listen and send, read again on HUP; and the application that is asked."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from random import Random

import pytest

from support.application import Application
from support.files import name_of, place, waiting
from support.rules import write_rules
from support.speaking import Speaking, ask
from support.stream import Stream
from support.tokens import make_token, write_secrets
from support.waiting import eventually

RULES = [
    {"channel": "order.{id:\\d+}", "subscribe": "role:admin"},
    {"channel": "order.{id}", "subscribe": "none"},
    {"channel": "user.{id}[.{part}]", "subscribe": "user:{id}", "publish": "user:{id}"},
    {"channel": "team.{team}", "subscribe": ["role:{team}", "role:boss"], "publish": "authenticated"},
    {"channel": "private.open", "subscribe": "anyone"},
    {"channel": "club.{x}", "subscribe": "claim"},
    {"channel": "members", "subscribe": "authenticated", "publish": "anyone"},
]
ASK = [{"channel": "app.{x}", "subscribe": "ask", "publish": "ask"}]


@pytest.fixture
def guarded(start, queue):
    return start("--jwt-secret-file", str(write_secrets(queue)), "--rules", str(write_rules(queue, RULES)))


def connect(server, path="/", *headers, **claims):
    headers = list(headers)
    if claims:
        headers.append(f"Authorization: Bearer {make_token(**claims)}")
    return Speaking(server, path, headers=headers)


@pytest.mark.parametrize("channel, claims, is_allowed", [
    ("order.7", {}, False), ("order.7", {"user": "a"}, False), ("order.7", {"role": "admin"}, True),
    ("order.7", {"role": "user,admin"}, True), ("order.7", {"role": "administrator"}, False),
    ("order.x", {"role": "admin"}, False), ("user.42", {"user": "42"}, True), ("user.42.x", {"user": 42}, True),
    ("user.42", {"user": "7"}, False), ("team.red", {"role": ["red"]}, True), ("team.red", {"role": "boss"}, True),
    ("team.red", {"role": "blue"}, False), ("private.open", {}, True), ("club.a", {"channels": ["club.*"]}, True),
    ("club.a", {"channels": ["club.b"]}, False), ("club.a", {"user": "a"}, False), ("members", {"user": "a"}, True),
    ("members", {}, False), ("elsewhere", {}, True), ("private.elsewhere", {}, False),
])
def test_the_first_rule_that_matches_decides_who_listens(guarded, queue, channel, claims, is_allowed):
    with connect(guarded, **claims) as client:
        answer = ask(client, "subscribe", channel=channel)
        assert answer["success"] is is_allowed
        if not is_allowed:
            assert (answer["code"], answer["channel"]) == ("forbidden", channel)
        place(queue, name_of(1), json.dumps({"event": "e", "channel": channel}))
        place(queue, name_of(2), json.dumps({"event": "end"}))
        wanted = ["e", "end"] if is_allowed else ["end"]
        assert [event["event"] for event in client.receive_events(len(wanted))] == wanted


@pytest.mark.parametrize("channel, claims, is_allowed", [
    ("user.42", {"user": "42"}, True), ("team.red", {"role": "red"}, True), ("order.7", {"role": "admin"}, False),
    ("members", {"user": "a"}, True), ("elsewhere", {"user": "a"}, False),
])
def test_and_who_sends(guarded, channel, claims, is_allowed):
    with connect(guarded, **claims) as client:
        assert ask(client, "subscribe", channel=channel)["success"] is True
        client.send_action("message", channel=channel, message="hello")
        answers = client.receive_events(2 if is_allowed else 1)
        assert any(answer.get("message") == "hello" for answer in answers) is is_allowed
        if not is_allowed:
            assert answers[0]["code"] == "forbidden"


def test_rules_are_read_again_and_take_back_what_they_gave(guarded, queue):
    with connect(guarded, user="a") as client:
        assert ask(client, "subscribe", channel="members")["success"] is True
        write_rules(queue, [{"channel": "members", "subscribe": "role:staff"}])
        guarded.signal(signal.SIGHUP)
        [told] = client.receive_events()
        assert (told["code"], told["channel"]) == ("forbidden", "members")
        place(queue, name_of(1), json.dumps({"event": "e", "channel": "members"}))
        place(queue, name_of(2), json.dumps({"event": "end"}))
        assert client.receive_events()[0]["event"] == "end"
    assert guarded.wait_for("rules.reload", level="notice")


@pytest.mark.parametrize("rules, line, reason", [
    ('[\n{"channel": "members", "subscribe": "everybody"}]', 2, "everybody"),
    ('[\n\n{"channel": "a*", "subscribe": "none"}]', 3, "{name}"), ("{", 1, ""), ("", 1, ""),
    ('[{"channel": "a{x:(b)}", "subscribe": "none"}]', 1, "not supported"),
    (json.dumps(ASK), 0, "--authorize-url"),
])
def test_rules_with_a_mistake_change_nothing_and_are_refused_at_the_start(start, queue, rules, line, reason):
    path = write_rules(queue, RULES)
    server = start("--rules", str(path))
    write_rules(queue, rules)
    server.signal(signal.SIGHUP)
    told = server.wait_for("rules.reload", level="error")
    assert reason in told["error"]
    if line:
        assert f"line {line}:" in told["error"]
    with connect(server) as client:
        assert ask(client, "subscribe", channel="members")["success"] is False
        assert ask(client, "subscribe", channel="private.open")["success"] is True
    server.terminate()
    server = start("--rules", str(path), is_ready=False)
    assert server.exit_status() == 78
    assert reason in server.wait_for("server.failed")["error"]


def test_what_is_open_beside_a_guarded_channel_is_named_when_the_file_is_read(start, queue, binaries):
    guarded = [{"channel": "order.{id:\\d+}", "subscribe": "role:admin"}]
    path = write_rules(queue, guarded + [{"default": "none"}])
    server = start("--rules", str(path))
    assert not server.logged("config.warn", file=path)
    write_rules(queue, guarded)
    server.signal(signal.SIGHUP)
    [line] = eventually(lambda: server.logged("config.warn", file=path), "it is named")
    assert "order.x1" in line["hint"] and "default" in line["hint"]
    write_rules(queue, guarded + [{"channel": "order.{other}", "subscribe": "none"}])
    server.signal(signal.SIGHUP)
    eventually(lambda: len(server.logged("rules.reload")) == 2, "the rules are read")
    server.terminate()
    # By then there was nothing open, and nothing was said.
    assert len(server.logged("config.warn", file=path)) == 1
    write_rules(queue, guarded)
    again = start("--rules", str(path))
    assert "order.x1" in again.wait_for("config.warn", file=path)["hint"]
    told = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", str(queue), "--rules", str(path)], capture_output=True, text=True)
    assert "order.x1" in told.stdout + told.stderr


def test_a_pattern_reaches_only_what_its_channels_allow(guarded, queue):
    with connect(guarded, user="42") as client:
        assert ask(client, "subscribe", channel="**")["success"] is True
        for number, channel in enumerate(["order.7", "user.7", "user.42", "club.a", "members", "private.user.7", "x"]):
            place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
        assert [event["event"] for event in client.receive_events(3)] == ["user.42", "members", "x"]
        client.expect_silence(0.2)


# The application


@pytest.fixture
def application():
    """An application that allows what ends in `.yes`, and keeps answers about `cached`."""
    def decide(channel, request):
        application.gate.wait(10)
        headers = {"Cache-Control": "private, max-age=60"} if "cached" in channel else {}
        return (200 if channel.endswith("yes") else 403), headers

    application = Application(decide)
    application.gate = threading.Event()
    application.gate.set()
    yield application
    application.gate.set()
    application.close()


@pytest.fixture
def asking(start, queue, application):
    return start(
        "--jwt-secret-file", str(write_secrets(queue)), "--rules", str(write_rules(queue, ASK)),
        "--authorize-url", application.url, "--threads", "2")


def test_the_application_decides(asking, application, queue):
    with connect(asking) as client:
        assert ask(client, "subscribe", channel="app.yes") == {
            "success": True, "action": "subscribe", "channel": "app.yes"}
        refused = ask(client, "subscribe", channel="app.no")
        assert (refused["success"], refused["code"], refused["channel"]) == (False, "forbidden", "app.no")
        for number, channel in enumerate(["app.no", "app.yes"]):
            place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
        assert client.receive_events()[0]["event"] == "app.yes"
    assert [request.query["action"] for request in application.requests] == [["subscribe"], ["subscribe"]]


def test_the_application_gets_what_the_client_came_with(asking, application):
    path = "/?session=a%26b&x=&channels=app.yes"
    with connect(asking, path, "Cookie: id=7; theme=dark", user="42") as client:
        eventually(lambda: application.requests, "a question")
        [request] = application.requests
        assert request.query["channel_name"] == ["app.yes"]
        assert request.query["key"] == ["value"]
        assert (request.query["session"], request.query["x"]) == (["a&b"], [""])
        assert request.headers["Cookie"] == "id=7; theme=dark"
        assert request.headers["Authorization"] == f"Bearer {make_token(user='42')}"
        assert client


def test_cookies_over_several_lines_are_one_list_to_the_application(asking, application):
    with connect(asking, "/?channels=app.yes", "Cookie: id=7", "Cookie: theme=dark"):
        eventually(lambda: application.requests, "a question")
        assert application.requests[0].headers["Cookie"] == "id=7; theme=dark"


@pytest.mark.parametrize("origins, fields, passes", [
    (["*"], ["Origin: https://evil.test"], False), (["*"], ["Origin: null"], False),
    (["*"], ["Origin: https://app.example.evil.test"], False), (["*"], ["Sec-Fetch-Site: cross-site"], False),
    (["*"], ["Sec-Fetch-Site: same-site"], False), (["*"], ["Sec-Fetch-Site: same-origin"], True), (["*"], [], True),
    (["*"], ["Origin: http://127.0.0.1:PORT"], True), (["*"], ["Origin: http://localhost:5173"], True),
    (["*", "https://app.example"], ["Origin: https://app.example"], True),
    (["https://*.app.example", "*"], ["Origin: https://a.app.example"], True),
    (["https://*.app.example", "*"], ["Origin: https://app.example.evil.test"], False),
    (["https://app.example"], ["Origin: https://app.example"], True),
])
def test_what_a_browser_adds_for_a_page_that_only_the_star_allows_is_not_the_applications(
        start, queue, application, origins, fields, passes):
    options = [word for origin in origins for word in ("--origin", origin)]
    server = start("--rules", str(write_rules(queue, ASK)), "--authorize-url", application.url, *options)
    fields = [field.replace("PORT", str(server.port)) for field in fields]
    # Another channel each time: while a question is under way the same one is not asked once more.
    for channel, ambient in (("app.1", "Cookie: id=7"), ("app.2", "Authorization: Basic aWQ6Nw==")):
        application.requests.clear()
        with connect(server, f"/?channels={channel}", ambient, *fields):
            eventually(lambda: application.requests, "a question")
            name, value = ambient.split(": ")
            assert application.requests[0].headers.get(name) == (value if passes else None)
    application.requests.clear()
    with connect(server, "/?channels=app.3", "Authorization: Bearer its.own.token", *fields):
        eventually(lambda: application.requests, "a question")
        assert application.requests[0].headers["Authorization"] == "Bearer its.own.token"


@pytest.mark.parametrize("item", [
    "channel_name=app.yes", "channel.name=app.yes", "channel%20name=app.yes", "Channel_Name=app.yes",
    "channel_name[]=app.yes", "%20channel_name=app.yes", "channel[name=app.yes", "channel%5Bname=app.yes",
    "channel_name[0]=app.yes", "channel_name%5B0%5D=app.yes", "channel_name[x][y]=app.yes", "+channel.name[a]=app.yes",
    "channel_name.0=app.yes", "[channel_name]=app.yes", "[channel_name][0]=app.yes", "channel_name:x=app.yes",
    "channel_name[=app.yes", "CHANNEL_NAME[A]=app.yes",
])
def test_no_query_of_a_client_is_taken_for_the_channel(asking, application, item):
    with connect(asking, f"/?{item}") as client:
        assert ask(client, "subscribe", channel="app.no")["code"] == "forbidden"
    [request] = application.requests
    assert request.query["channel_name"] == ["app.no"]
    assert "app.yes" not in request.path


@pytest.mark.skipif(shutil.which("php") is None, reason="no php")
def test_php_reads_what_we_say_whatever_the_client_says(start, queue, application):
    """As PHP itself reads query strings: names put together from all signs that it treats in a way of its own."""
    server = start(
        "--rules", str(write_rules(queue, ASK)), "--authorize-url", application.url + "&tenant=ours&list[a]=ours")
    random = Random(7)
    signs = ["", "_", ".", " ", "[", "]", "[]", "[0]", "[x", "-", "+", "\t", "=", "%", "[]]", "]["]
    for _ in range(20):
        names = [
            "".join([random.choice(signs), first, random.choice(signs), second, random.choice(signs)])
            for first, second in [("channel", "name"), ("ac", "tion"), ("action", ""), ("key", ""), ("tenant", ""),
                                  ("list", "")]
            for _ in range(25)]
        query = "&".join(f"{urllib.parse.quote(name)}=theirs" for name in names) + "&mine=1"
        application.requests.clear()
        with connect(server, f"/?channels=app.no&{query}"):
            eventually(lambda: application.requests, "a question")
        asked = urllib.parse.urlsplit(application.requests[0].path).query
        script = "parse_str(stream_get_contents(STDIN), $read); echo json_encode($read);"
        read = json.loads(subprocess.run(["php", "-r", script], input=asked, text=True, check=True,
                                         capture_output=True).stdout)
        wanted = {
            "channel_name": "app.no", "action": "subscribe", "key": "value", "tenant": "ours", "list": {"a": "ours"},
            "mine": "1"}
        assert {name: read.get(name) for name in wanted} == wanted


def test_a_token_goes_to_the_application_whatever_way_it_came_and_never_in_the_url(asking, application):
    token = make_token()
    with connect(asking, f"/?token={token}&channels=app.yes"):
        eventually(lambda: len(application.requests) == 1, "a question")
    with connect(asking) as client:
        assert ask(client, "authenticate", token=token)["success"] is True
        ask(client, "subscribe", channel="app.yes")
    for request in application.requests:
        assert request.headers["Authorization"] == f"Bearer {token}"
        assert token not in request.path


def test_an_answer_is_kept_as_long_as_it_says_for_the_same_client(asking, application):
    with connect(asking, user="42") as client:
        for _ in range(3):
            assert ask(client, "subscribe", channel="app.cached-yes")["success"] is True
            assert ask(client, "unsubscribe", channel="app.cached-yes")["success"] is True
    with connect(asking, user="42") as client:
        assert ask(client, "subscribe", channel="app.cached-yes")["success"] is True
    assert len(application.requests) == 1
    with connect(asking, user="7") as client:
        assert ask(client, "subscribe", channel="app.cached-yes")["success"] is True
    assert len(application.requests) == 2


def test_without_cache_control_it_is_asked_each_time(asking, application):
    with connect(asking) as client:
        for _ in range(3):
            assert ask(client, "subscribe", channel="app.yes")["success"] is True
            assert ask(client, "unsubscribe", channel="app.yes")["success"] is True
    assert len(application.requests) == 3


def test_no_answer_is_a_denial_and_holds_nobody_up(asking, application, queue):
    application.gate.clear()
    with connect(asking) as client, connect(asking) as other:
        start = time.monotonic()
        client.send_action("subscribe", channel="app.yes")
        eventually(lambda: application.under_way == 1, "the question")
        rounds = []
        for number in range(5):
            began = time.monotonic()
            assert ask(other, "ping") == {"action": "pong"}
            place(queue, name_of(number), json.dumps({"event": "n"}))
            assert other.receive_events()[0]["event"] == "n"
            rounds.append(time.monotonic() - began)
        # A loop that waited for the application would have made one of them two seconds long.
        assert max(rounds) < 1.5
        client.receive(5)
        assert client.receive_events()[0]["code"] == "forbidden"
        assert time.monotonic() - start > 1.5
    assert asking.wait_for("authorize.failed")["error"] == "no answer in time"


def all_of_app(count, mark=0):
    return f"/?mark={mark}&channels=" + ",".join(f"app.{number}" for number in range(count))


def test_one_client_has_so_many_questions_under_way_and_all_are_asked(asking, application):
    application.gate.clear()
    with connect(asking, all_of_app(100)) as client:
        for number in range(28):
            client.send_action("subscribe", channel=f"app.x{number}")
        assert ask(client, "ping") == {"action": "pong"}
        eventually(lambda: application.under_way >= 8, "the first questions")
        application.gate.set()
        eventually(lambda: len(application.requests) >= 128, lambda: str(len(application.requests)))
    assert application.most == 8


def test_one_address_has_so_many_under_way_and_all_together_have(start, queue, application):
    server = start(
        "--rules", str(write_rules(queue, ASK)), "--authorize-url", application.url, "--threads", "2",
        "--trusted-proxy", "127.0.0.1")
    for addresses, limit in ((1, 32), (3, 64)):
        application.most = 0
        application.gate.clear()
        with contextlib.ExitStack() as stack:
            for number in range(12):
                field = f"X-Forwarded-For: 198.51.100.{number % addresses}"
                stack.enter_context(connect(server, all_of_app(20, number), field))
            eventually(lambda: application.under_way >= limit, lambda: str(application.under_way))
            application.requests.clear()
            application.gate.set()
            eventually(lambda: application.under_way == 0 and len(application.requests) > 50, "all are asked", 30)
        assert application.most == limit


def test_clients_that_ask_for_much_lock_nobody_out(start, queue):
    application = Application(lambda *_: (time.sleep(0.5), (200, {}))[1])
    server = start("--rules", str(write_rules(queue, ASK)), "--authorize-url", application.url, "--threads", "2")
    with contextlib.ExitStack() as stack:
        for number in range(40):
            stack.enter_context(connect(server, all_of_app(128, number)))
        for number in range(3):
            eventually(lambda: application.under_way >= 30, "the application is busy")
            with connect(server, f"/?honest={number}") as client:
                answer = ask(client, "subscribe", channel="app.honest")
                assert answer["success"] is True, answer
    application.close()


@pytest.mark.parametrize("answer", [
    b"", b"nonsense\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: /yes\r\n\r\n", b"HTTP/1.1 500 Oops\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n", b"HTTP/1.1 401 No\r\n\r\n", b"x" * 20_000, b"HTTP/1.1 200 OK\r\n", b"+200 OK\r\n\r\n",
])
def test_anything_but_2xx_denies(start, queue, answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        server = start(
            "--rules", str(write_rules(queue, ASK)), "--authorize-url",
            f"http://127.0.0.1:{listener.getsockname()[1]}")
        with connect(server) as client:
            assert ask(client, "subscribe", channel="app.yes")["code"] == "forbidden"


def test_an_application_that_is_not_there_denies_until_it_is(start, queue):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = start(
        "--rules", str(write_rules(queue, ASK)), "--authorize-url", f"http://localhost:{port}/authorize")
    with connect(server) as client:
        assert ask(client, "subscribe", channel="app.yes")["code"] == "forbidden"
        assert server.wait_for("authorize.failed")
        application = Application(lambda *_: (204, {}), port)
        try:
            assert ask(client, "subscribe", channel="app.yes")["success"] is True
        finally:
            application.close()
    assert server.wait_for("authorize.back")


def test_streams_and_urls_ask_as_well_and_get_what_they_missed(asking, application, queue):
    with Stream(asking) as stream:
        stream.wait_until(lambda stream: stream.last_id)
        cursor = stream.last_id
    for number, channel in enumerate(["app.yes", "app.no"]):
        place(queue, name_of(number), json.dumps({"event": channel, "channel": channel}))
    eventually(lambda: not waiting(queue), "the files are sent")
    with Stream(asking, "/events?channels=app.yes,app.no", [f"Last-Event-ID: {cursor}"]) as stream:
        got = stream.receive_events(2)
        assert sorted(message.get("event", message.get("code")) for message in got) == ["app.yes", "forbidden"]
    with connect(asking, f"/?channels=app.no,app.yes&since={cursor}") as client:
        seen = []
        while "app.yes" not in seen or "forbidden" not in seen:
            [message] = client.receive_events()
            seen.append(message.get("event", message.get("code")))
        assert "app.no" not in seen


def test_who_may_send_is_asked_too(asking, application):
    with connect(asking) as client:
        assert ask(client, "subscribe", channel="app.yes")["success"] is True
        client.send_action("message", channel="app.yes", message=1)
        client.send_action("message", channel="app.yes", message=2)
        got = client.receive_events(4)
        assert [message["message"] for message in got if "message" in message] == [1, 2]
    assert [request.query["action"][0] for request in application.requests][:2] == ["subscribe", "publish"]


def test_another_user_is_asked_about_again(asking, application, queue):
    with connect(asking, user="42") as client:
        assert ask(client, "subscribe", channel="app.cached-yes")["success"] is True
        assert ask(client, "authenticate", token=make_token("7"))["success"] is True
        eventually(lambda: len(application.requests) == 2, "another question")
        place(queue, name_of(1), json.dumps({"event": "e", "channel": "app.cached-yes"}))
        assert client.receive_events()[0]["event"] == "e"


def test_no_pattern_reaches_a_channel_that_must_be_asked_about(asking, queue):
    with connect(asking) as client:
        assert ask(client, "subscribe", channel="app.*")["success"] is True
        place(queue, name_of(1), json.dumps({"event": "e", "channel": "app.yes"}))
        place(queue, name_of(2), json.dumps({"event": "end"}))
        assert client.receive_events()[0]["event"] == "end"


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/", "ftp://x/", "127.0.0.1:80", "http://", "http://a:b/", "http://u@h/"])
def test_a_url_that_cannot_be_asked_is_refused(start, url):
    assert start("--authorize-url", url, is_ready=False).exit_status() == 64
