"""Files that others may read or change, and a password that they may see, are warned of."""

import os
import subprocess

import pytest

from support.marks import needs_root
from support.tokens import write_secrets


def hints(server):
    return [line["hint"] for line in server.logged("config.warn")]


@pytest.mark.parametrize("mode, hint", [
    (0o640, None), (0o660, "its group may change"), (0o644, "may read the secrets"), (0o666, "may read the secrets")])
def test_a_secrets_file(start, queue, binaries, mode, hint):
    path = write_secrets(queue)
    os.chmod(path, mode)
    told = hints(start("--jwt-secret-file", str(path)))
    assert [hint in one for one in told] == ([True] if hint else []), told
    check = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", queue, "--jwt-secret-file", path], capture_output=True, text=True,
        check=False)
    assert (hint or "warning") in check.stdout + check.stderr or not hint


@needs_root
@pytest.mark.parametrize("option, text", [("--rules", "[]"), ("--publishers", "[]"), ("--config", "poll = 50ms\n")])
@pytest.mark.parametrize("mode, owner, hint", [
    (0o644, 0, None), (0o664, 0, "its group may change"), (0o646, 0, "everybody on this machine may change"),
    (0o600, 12_345, "chown root")])
def test_a_file_of_rules_or_settings(start, tmp_path, option, text, mode, owner, hint):
    path = tmp_path / "file"
    path.write_text(text)
    os.chmod(path, mode)
    os.chown(path, owner, owner)
    told = hints(start(option, str(path)))
    assert [hint in one for one in told] == ([True] if hint else []), told


def test_a_password_among_the_processes(binaries, queue):
    done = subprocess.run(
        [binaries / "wsqueue-server", "check", "-d", queue, "--redis", "redis://:hunter2@127.0.0.1:1"],
        capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    assert "--redis-password-file" in text and "hunter2" not in text
