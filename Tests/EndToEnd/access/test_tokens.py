"""Tokens: all ways of handing them over, what they say, their end, and their secrets being changed."""

import json
import signal

import pytest

from support.client import Client, handshake_request
from support.files import name_of, place
from support.http import exchange, request
from support.speaking import PROTOCOL, Speaking, ask
from support.tokens import SECRET, make_token, soon, write_secrets
from support.waiting import eventually

OTHER = "another secret of sixty-four bytes, enough for all algorithms to"


@pytest.fixture
def secrets(queue):
    return write_secrets(queue)


@pytest.fixture
def guarded(start, secrets):
    return start("--jwt-secret-file", str(secrets))


def connect(server, token=None, way="header", **how):
    """A client that speaks, with its welcome."""
    path, protocol, headers = "/", PROTOCOL, []
    if token and way == "header":
        headers = [f"Authorization: Bearer {token}"]
    elif token and way == "query":
        path = f"/?token={token}"
    elif token:
        protocol = f"{PROTOCOL}, bearer.{token}"
    return Speaking(server, path, protocol=protocol, headers=headers, **how)


def refusal(server, token, way="header"):
    headers, path = [], "/"
    if way == "header":
        headers = [f"Authorization: Bearer {token}"]
    elif way == "query":
        path = f"/?token={token}"
    else:
        headers = [f"Sec-WebSocket-Protocol: {PROTOCOL}, bearer.{token}"]
    request, _ = handshake_request(server.host, server.port, path, headers=headers)
    return exchange(server, request)


@pytest.mark.parametrize("way", ["header", "protocol", "query"])
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_good_token_makes_a_user_whatever_way_it_comes(guarded, way, algorithm):
    with connect(guarded, make_token(algorithm=algorithm), way) as client:
        assert client.welcome["authenticated"] is True
        assert client.headers.get("sec-websocket-protocol") == PROTOCOL
        assert ask(client, "subscribe", channel="private.user.42")["success"] is True
    assert guarded.wait_for("client.open")["user"] == "42"


def test_without_a_token_nobody_is_a_user(guarded):
    with connect(guarded) as client:
        assert client.welcome["authenticated"] is False
        answer = ask(client, "subscribe", channel="private.user.42")
        assert (answer["success"], answer["code"], answer["channel"]) == (False, "forbidden", "private.user.42")


def test_the_action_makes_a_user_and_renews_in_place(guarded):
    with connect(guarded) as client:
        first = soon(100)
        assert ask(client, "authenticate", token=make_token(exp=first)) == {
            "success": True, "action": "authenticate", "user": "42", "expires_at": first}
        assert ask(client, "subscribe", channel="private.user.42")["success"] is True
        assert ask(client, "authenticate", token=make_token(exp=first + 100))["expires_at"] == first + 100


def test_a_bad_token_in_the_action_changes_nothing(guarded):
    with connect(guarded, make_token()) as client:
        answer = ask(client, "authenticate", token=make_token("7", secret=OTHER))
        assert (answer["success"], answer["code"]) == (False, "invalid_token")
        assert ask(client, "subscribe", channel="private.user.42")["success"] is True
        assert ask(client, "subscribe", channel="private.user.7")["code"] == "forbidden"
    assert guarded.wait_for("auth.fail")["cause"] == "signature"


def test_another_user_loses_what_the_first_one_had(guarded, queue):
    with connect(guarded, make_token("42")) as client:
        assert ask(client, "subscribe", channel="private.user.42")["success"] is True
        client.send_action("authenticate", token=make_token("7"))
        refused, answer = client.receive_events(2)
        assert (refused["code"], refused["channel"]) == ("forbidden", "private.user.42")
        assert answer["user"] == "7"
        place(queue, name_of(1), json.dumps({"event": "e", "channel": "private.user.42"}))
        place(queue, name_of(2), json.dumps({"event": "public"}))
        [event] = client.receive_events()
        assert event["event"] == "public"


BAD = {
    "signature": (make_token(secret=OTHER), "signature"),
    "none": (make_token(header={"alg": "none"}), "algorithm"),
    "unsigned": (make_token(header={"alg": "none"}).rpartition(".")[0] + ".", "algorithm"),
    "case": (make_token(header={"alg": "hs256"}), "algorithm"),
    "other": (make_token(header={"alg": "RS256"}), "algorithm"),
    "cut": (make_token()[:-1], "malformed"),
    "padded": (make_token() + "=", "malformed"),
    "parts": (make_token() + ".x", "malformed"),
    "words": ("letmein", "malformed"),
    "expired": (make_token(exp=soon(-40)), "expired"),
    "early": (make_token(nbf=soon(3_600)), "not yet valid"),
    "refresh": (make_token(type="refresh"), "refresh token"),
    "nobody": (make_token(None, role="admin"), "no subject"),
    "audience": (make_token(aud="somebody"), "audience"),
    "exp": (make_token(exp="tomorrow"), "claim exp"),
    "huge": (make_token(x="a" * 17_000), None),
}


@pytest.mark.parametrize("way", ["header", "protocol", "query"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_with_a_reason_and_without_a_hint_of_secrets(guarded, name, way):
    token, cause = BAD[name]
    if way == "query":
        token = token.replace("=", "%3D")
    answer = refusal(guarded, token, way)
    if cause is None:
        assert answer.status in (414, 431)
        return
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert 10 < len(answer.body) < 200
    assert token.encode() not in answer.body and SECRET.encode() not in answer.body
    line = guarded.wait_for("client.denied", reason="token")
    assert line["cause"] == cause
    assert not guarded.logged("client.open")


def test_tokens_are_in_no_line_of_the_log(start, secrets):
    server = start("--jwt-secret-file", str(secrets), "--log-level", "debug")
    good, bad = make_token(), make_token(secret=OTHER)
    for way in ("header", "protocol", "query"):
        connect(server, good, way).__exit__()
        refusal(server, bad, way)
    with connect(server) as client:
        ask(client, "authenticate", token=bad)
        ask(client, "authenticate", token=good)
        client.send(1, b"not json " + good.encode())
        client.receive_events()
    exchange(server, f"GET /nothing?token={good} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    server.terminate()
    for token in (good, bad):
        for part in token.split("."):
            assert part.encode() not in server.raw_log
    assert SECRET.encode() not in server.raw_log


def test_at_its_end_the_client_is_warned_told_and_closed(guarded):
    end = soon(2)
    with connect(guarded, make_token(exp=end)) as client:
        [warning] = client.receive_events()
        assert (warning["action"], warning["expires_at"]) == ("token_expiring", end)
        assert 0 <= warning["expires_in"] <= 2
        told = [json.loads(message) for message in client.receive_until_end(10)]
        assert [message["code"] for message in told] == ["token_expired"]
        assert client.frames.close == (4001, "token expired")
        assert soon(0) >= end
    assert guarded.wait_for("client.close", code=4001)


def test_a_plain_client_is_only_closed(guarded):
    with Client(guarded, f"/?token={make_token(exp=soon(1))}") as client:
        assert client.receive_until_end(10) == []
        assert client.frames.close == (4001, "token expired")


def test_who_renews_in_time_stays(guarded, queue):
    with connect(guarded, make_token(exp=soon(2))) as client:
        client.receive_events()
        assert ask(client, "authenticate", token=make_token())["success"] is True
        with connect(guarded, make_token(exp=soon(2))) as other:
            other.receive_until_end(10)
        place(queue, name_of(1), '{"event": "still here"}')
        [event] = client.receive_events()
        assert event["event"] == "still here"


@pytest.mark.parametrize("audience, is_good", [("us", True), (["them", "us"], True), ("them", False), (None, False)])
def test_with_an_audience_tokens_must_be_meant_for_it(start, secrets, audience, is_good):
    server = start("--jwt-secret-file", str(secrets), "--jwt-audience", "us")
    if is_good:
        connect(server, make_token(aud=audience)).__exit__()
    else:
        assert refusal(server, make_token(aud=audience)).status == 401


def test_an_algorithm_that_is_not_configured_is_refused(start, secrets):
    server = start("--jwt-secret-file", str(secrets), "--jwt-algorithm", "HS512")
    assert refusal(server, make_token(algorithm="HS256")).status == 401
    connect(server, make_token(algorithm="HS512")).__exit__()


def test_a_changed_secret_counts_after_hup_and_the_old_one_for_its_leeway(guarded, queue):
    write_secrets(queue, OTHER)
    guarded.signal(signal.SIGHUP)
    guarded.wait_for("secrets.reload", level="notice")
    connect(guarded, make_token(secret=OTHER)).__exit__()
    with connect(guarded, make_token()) as client:
        [warning] = client.receive_events()
        assert warning["action"] == "token_expiring"
        assert 25 <= warning["expires_in"] <= 30


def test_clients_of_a_secret_that_is_gone_are_warned(guarded, queue):
    with connect(guarded, make_token()) as client, connect(guarded) as other:
        write_secrets(queue, OTHER)
        guarded.signal(signal.SIGHUP)
        [warning] = client.receive_events()
        assert warning["action"] == "token_expiring" and warning["expires_in"] <= 30
        assert ask(client, "authenticate", token=make_token(secret=OTHER))["success"] is True
        assert ask(other, "ping") == {"action": "pong"}


def test_a_file_that_is_no_good_after_hup_changes_nothing(guarded, queue):
    write_secrets(queue, "short")
    guarded.signal(signal.SIGHUP)
    line = guarded.wait_for("secrets.reload", level="error")
    assert "line 1" in line["error"]
    connect(guarded, make_token()).__exit__()


@pytest.mark.parametrize("content", ["", "short\n", "base64:?\n", None])
def test_without_a_good_secret_the_server_does_not_start(start, queue, content):
    path = queue.parent / "secrets"
    if content is not None:
        path.write_text(content)
    server = start("--jwt-secret-file", str(path), is_ready=False)
    assert server.exit_status() == 78
    assert server.logged("server.failed")


def test_a_secret_that_everybody_may_read_is_said(start, secrets):
    secrets.chmod(0o644)
    assert start("--jwt-secret-file", str(secrets)).wait_for("config.warn")["file"] == str(secrets)


def test_a_secret_that_everybody_may_read_since_the_start_is_said_when_files_are_read_again(start, secrets):
    server = start("--jwt-secret-file", str(secrets))
    assert not server.logged("config.warn", file=str(secrets))
    secrets.chmod(0o644)
    server.signal(signal.SIGHUP)
    server.wait_for("config.warn", file=str(secrets))


def test_a_server_without_secrets_takes_no_tokens_and_leaves_authorization_alone(server):
    assert refusal(server, make_token(), "query").status == 401
    assert refusal(server, make_token(), "protocol").status == 401
    with connect(server, "for-another-server", "header") as client:
        assert client.welcome["authenticated"] is False
        assert ask(client, "authenticate", token=make_token())["code"] == "not_offered"


def test_a_user_of_a_recipients_list_gets_the_event_and_nobody_else(guarded, queue):
    with connect(guarded, make_token("42")) as one, connect(guarded, make_token("7")) as two, connect(guarded) as three:
        place(queue, name_of(1), json.dumps({"event": "for you", "recipients": [42]}))
        place(queue, name_of(2), json.dumps({"event": "for all"}))
        assert [event["event"] for event in one.receive_events(2)] == ["for you", "for all"]
        for client in (two, three):
            assert [event["event"] for event in client.receive_events(1)] == ["for all"]
    eventually(lambda: guarded.logged("event.sent", event="for you"), "the event in the log")


def test_who_becomes_a_user_may_have_what_that_user_missed(guarded, queue):
    with connect(guarded) as client:
        start = client.welcome["cursor"]
        place(queue, name_of(1), json.dumps({"event": "for you", "recipients": [42]}))
        place(queue, name_of(2), json.dumps({"event": "for all"}))
        assert [event["event"] for event in client.receive_events(1)] == ["for all"]
        assert ask(client, "authenticate", token=make_token("42"))["success"] is True
        client.send_action("resume", since=start)
        missed, answer = client.receive_events(2)
        assert (missed["event"], answer["complete"]) == ("for you", True)


@pytest.mark.parametrize("role, expected", [
    (["x,admin"], 403), (["admin "], 403), ([" admin"], 403), (["x", "admin"], 200), ("x, admin", 200), ("x", 403),
])
def test_the_names_in_a_list_of_roles_are_taken_as_they_are(start, queue, role, expected):
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--local", "off")
    answer = request(server, "/status.json", f"Authorization: Bearer {make_token(role=role)}")
    assert answer.status == expected


@pytest.mark.parametrize("value", ["", "null", "undefined"])
def test_what_stands_for_no_token_is_none(start, queue, value):
    for options in ([], ["--jwt-secret-file", str(write_secrets(queue))]):
        server = start(*options)
        with Client(server, f"/?token={value}", protocol=PROTOCOL) as client:
            assert client.receive_events()[0]["authenticated"] is False
        assert request(server, f"/events?token={value}", wants_end=False).status == 200
        assert request(server, "/events?token=none").status == 401
        assert server.terminate() == 0


@pytest.mark.parametrize("claim", ["exp", "nbf"])
def test_times_in_milliseconds_are_refused(start, queue, claim):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    token = make_token(**{claim: soon(100) * 1_000 if claim == "exp" else 100_000_000_001})
    assert request(server, "/events", f"Authorization: Bearer {token}").status == 401
