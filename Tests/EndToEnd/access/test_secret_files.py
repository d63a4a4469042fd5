"""Files of secrets as editors leave them: what no one sees in them is named."""

import subprocess

import pytest

from support.http import exchange
from support.client import handshake_request
from support.speaking import PROTOCOL
from support.tokens import SECRET, make_token

BOM = b"\xef\xbb\xbf"
FORMS = {
    "LF": (b"%s\n", None), "CRLF": (b"%s\r\n", None), "no line end": (b"%s", None),
    "byte order mark": (BOM + b"%s\n", "byte order mark"), "space at the end": (b"%s \n", "space or tab"),
    "tab in front": (b"\t%s\r\n", "space or tab"), "no-break space": ("%s\u00a0\n".encode(), "U+00A0 (no-break space)"),
    "zero width": ("%s\u200b\n".encode(), "U+200B"), "BOM behind": (b"%s" + BOM + b"\n", "U+FEFF"),
    "old line ends": (b"%s\r%s\r", "carriage return"),
}


@pytest.fixture
def check(binaries, tmp_path):
    def run(option, data, *more):
        path = tmp_path / "secret"
        path.write_bytes(data)
        path.chmod(0o640)
        return path, subprocess.run(
            [binaries / "wsqueue-server", "check", "-d", tmp_path, option, path, *more], capture_output=True,
            text=True, timeout=20)
    return run


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_taken_as_it_is_meant_or_what_is_wrong_is_said(check, start, form):
    text, wrong = FORMS[form]
    path, checked = check("--jwt-secret-file", text.replace(b"%s", SECRET.encode()))
    assert SECRET not in checked.stderr
    if wrong is None:
        assert checked.stderr == "" and checked.returncode == 0
        server = start("--jwt-secret-file", str(path))
        fields = [f"Sec-WebSocket-Protocol: {PROTOCOL}, bearer.{make_token()}"]
        assert exchange(server, handshake_request(server.host, server.port, headers=fields)[0]).status == 101
        return
    assert wrong in checked.stderr and str(path) in checked.stderr
    server = start("--jwt-secret-file", str(path), is_ready=False)
    if "mark" in wrong:
        assert checked.returncode == 78
        assert server.exit_status() == 78 and wrong in server.log
    else:
        # It may be meant so.
        assert checked.returncode == 0
        assert wrong in server.ready().wait_for("config.warn", file=path)["hint"]


@pytest.mark.parametrize("data,wrong", [
    (SECRET.encode("utf-16"), "UTF-16"), (SECRET.encode("utf-16-le"), "zero byte"),
])
@pytest.mark.parametrize("option", ["--jwt-secret-file", "--publish-token-file", "--redis-password-file"])
def test_a_file_in_another_encoding_is_refused(check, option, data, wrong):
    _, checked = check(option, data, "--redis", "redis://127.0.0.1:1")
    assert checked.returncode == 78 and wrong in checked.stderr, checked


@pytest.mark.parametrize("data,wrong", [
    (BOM + b"0123456789abcdef", "byte order mark"), (b"0123456789abcdef \n", "line 1 has a space or tab"),
    (b"0123456789abcdef\n\t0123456789abcdef\n", "line 2 has a space or tab"),
    ("0123456789abcdéf".encode(), "no header can carry"), (b"0123456789abcdef\r\n", None),
])
def test_a_publishers_token_that_no_request_can_have_is_refused(check, data, wrong):
    _, checked = check("--publish-token-file", data)
    assert checked.returncode == (78 if wrong else 0)
    assert (wrong or "") in checked.stderr


@pytest.mark.parametrize("data,wrong,status", [
    (b"pass\r\n", None, 0), (b"pass \n", "space or tab", 0), (BOM + b"pass\n", "byte order mark", 78),
])
def test_a_password_is_looked_at_in_the_same_way(check, data, wrong, status):
    _, checked = check("--redis-password-file", data, "--redis", "redis://127.0.0.1:1")
    assert checked.returncode == status
    assert (wrong or "") in checked.stderr and (wrong or not checked.stderr)
