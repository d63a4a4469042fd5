"""`wsqueue-server token`: tokens for trying things out, and what the server says of one."""

import base64
import json
import subprocess

import pytest

from support.client import Client
from support.tokens import make_token, soon, write_secrets


@pytest.fixture
def secrets(tmp_path):
    (tmp_path / "queue").mkdir()
    return write_secrets(tmp_path / "queue")


@pytest.fixture
def token(binaries):
    def run(*words, status=0, stdin=""):
        result = subprocess.run(
            [binaries / "wsqueue-server", "token", *words], input=stdin, capture_output=True, text=True, timeout=20)
        assert result.returncode == status, result
        return result
    return run


def claims(text):
    part = text.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_says_what_it_was_told(token, secrets):
    text = token(
        "new", "--jwt-secret-file", secrets, "--sub", "42", "--role", "admin,editor", "--channels", "a,b.*",
        "--ttl", "10m", "--aud", "chat", "--info", '{"name":"Jane"}').stdout.strip()
    found = claims(text)
    assert found.pop("exp") - found.pop("iat") == 600
    assert found == {
        "sub": "42", "role": ["admin", "editor"], "channels": ["a", "b.*"], "aud": "chat", "info": {"name": "Jane"}}
    header = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
    assert header == {"alg": "HS256", "typ": "JWT"}


def test_a_server_takes_the_token(token, secrets, start):
    text = token("new", "--jwt-secret-file", secrets, "--sub", "42").stdout.strip()
    server = start("--jwt-secret-file", secrets)
    with Client(server, path=f"/?token={text}", protocol="wsqueue.v1") as client:
        assert b'"authenticated":true' in client.receive()[0]


def test_what_is_good_is_told_with_its_claims(token, secrets):
    text = make_token(role="admin", channels=["a"], exp=soon(3600))
    for words, stdin in ((("check", text), ""), (("check", "-"), text + "\n")):
        lines = token(*words, "--jwt-secret-file", secrets, stdin=stdin).stdout.splitlines()
        assert json.loads(lines[0].removeprefix("HS256 ")) == claims(text)
        assert lines[1].startswith("valid: user 42; roles admin; channels a; until 2")


@pytest.mark.parametrize("text, options, reason", [
    (make_token(exp=1), [], "expired"), (make_token(nbf=soon(3600)), [], "not yet valid"),
    (make_token(secret="another secret that is long enough, too"), [], "signature"),
    (make_token(user=None), [], "no subject"), (make_token(aud="chat"), [], "audience"),
    (make_token(), ["--jwt-audience", "chat"], "audience"), (make_token(type="refresh"), [], "refresh token"),
    (make_token(), ["--jwt-algorithm", "HS512"], "algorithm"), ("no token", [], "malformed"),
    (make_token(header={"alg": "none"}), [], "algorithm"), ("x" * 20_000, [], "too long"),
])
def test_what_is_not_good_is_told_as_the_server_would(token, secrets, text, options, reason):
    result = token("check", text, "--jwt-secret-file", secrets, *options, status=65)
    assert f"refused ({reason})" in result.stderr


def test_the_configuration_file_names_the_secret_and_the_audience(token, secrets, tmp_path):
    file = tmp_path / "wsqueue.conf"
    # The key channels is a limit there, and no list of channels.
    file.write_text(f"jwt-secret-file = {secrets}\njwt-audience = chat\njwt-algorithm = HS512\nchannels = 5\n")
    text = token("new", "-c", file, "--sub", "1").stdout.strip()
    assert claims(text)["aud"] == "chat" and "channels" not in claims(text)
    assert token("check", "-c", file, text).stdout.startswith("HS512 ")


@pytest.mark.parametrize("words, status, says", [
    ([], 64, "new or check"), (["new"], 64, "--sub"), (["check"], 64, "TOKEN"), (["check", "a", "b"], 64, "'b'"),
    (["check", "a", "--sub", "1"], 64, "token new"), (["new", "--sub", "1", "--ttl", "5"], 64, "--ttl"),
    (["new", "--sub", "1", "--channels", "a b"], 64, "'a b'"), (["new", "--sub", "1", "--info", "{"], 64, "JSON"),
    (["new", "--sub", ""], 64, "--sub"), (["new", "--sub", "1"], 78, "--jwt-secret-file"),
    (["check", "x"], 78, "--jwt-secret-file"), (["new", "--sub", "1", "--jwt-secret-file", "/none"], 78, "/none"),
])
def test_wrong_words_are_named(token, words, status, says):
    assert says in token(*words, status=status).stderr


def test_a_secret_is_never_shown(token, tmp_path):
    path = tmp_path / "secret"
    path.write_text("too short\n")
    result = token("new", "--sub", "1", "--jwt-secret-file", path, status=78)
    assert "too short" not in result.stderr.replace("shorter", "") and "openssl" in result.stderr
