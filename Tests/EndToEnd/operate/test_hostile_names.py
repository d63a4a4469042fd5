"""Names of all kinds under every command of both programs that prints one: nothing reaches a terminal that it obeys."""

import json
import os
import pty
import re
import subprocess
import threading

import pytest

from support.files import name_of, place
from support.tokens import make_token, write_secrets
from support.waiting import eventually

# C0 and DEL, C1, U+061C and the other marks of direction, the line separators: as the log has it (test_log_safety.py).
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# Each beside letters, so that what a command makes of it can be found.
HOSTILE = {
    "C0": "\x1b[2J", "bell": "\x07", "carriage return": "\r", "newline": "\n", "DEL": "\x7f", "C1": "\x9b31m",
    "ALM": "\u061c", "LRM": "\u200e", "RLM": "\u200f", "line separator": "\u2028", "paragraph separator": "\u2029",
    "override": "\u202e", "isolate": "\u2066",
}
NOT_UNICODE = b"\xff\x9b"
# Bold, faint, and neither.
OWN = re.compile(rb"\x1b\[[012]m")


@pytest.fixture(params=HOSTILE.values(), ids=list(HOSTILE))
def name(request):
    return f"a{request.param}z"


def check(output, *, is_line=True):
    """Nothing in it steers a terminal, and each of its lines is one that the command has ended itself."""
    text = output.decode()
    assert not STEERING.search(text), text
    if is_line:
        assert text.count("\n") <= 1 and (not text or text.endswith("\n")), text
    return text


class Run:
    """Runs one of the programs to its end, into pipes and on a terminal."""

    def __init__(self, binaries):
        self.binaries = binaries

    def __call__(self, program, *arguments, environment=(), directory=None):
        """What it writes into pipes: standard output and standard error."""
        result = subprocess.run(
            [self.binaries / program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
            env={**os.environ, **dict(environment)}, cwd=directory)
        return result.stdout, result.stderr

    def on_terminal(self, program, *arguments, input=b""):
        """What a terminal gets from it, with the line ends that it wrote."""
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [self.binaries / program, *arguments], stdin=subprocess.PIPE, stdout=theirs, stderr=theirs)
        finally:
            os.close(theirs)
        written = []

        def read():
            try:
                while piece := os.read(ours, 65_536):
                    written.append(piece)
            except OSError:
                # The program has ended, and with it the terminal's other end.
                pass
        reader = threading.Thread(target=read)
        reader.start()
        process.stdin.write(input)
        process.stdin.close()
        process.wait(60)
        reader.join(10)
        os.close(ours)
        return b"".join(written).replace(b"\r\n", b"\n")


@pytest.fixture
def run(binaries):
    return Run(binaries)


def event(name):
    return json.dumps({"event": "n", "payload": {"text": name}}, ensure_ascii=False)


def test_queue_lists_names_and_reasons(run, queue, name):
    place(queue, f"1-{name}.json", event(name))
    place(queue, f".held-{name}.json", event(name))
    (queue / ".failed").mkdir()
    place(queue / ".failed", f"{name}.json", "{")
    (queue / ".failed" / f"{name}.json.why").write_bytes(f"because of {name.replace(chr(10), '')}\n".encode())
    out, err = run("wsqueue-server", "queue", "ls", "-d", queue)
    assert check(out, is_line=False).count("\n") == 4 and err == b""
    out, err = run("wsqueue-server", "queue", "ls", "--json", "-d", queue)
    lines = [json.loads(line) for line in check(out, is_line=False).splitlines()]
    assert [line["name"] for line in lines] == [f"1-{name}.json", f".held-{name}.json", f".failed/{name}.json"]


def test_queue_lists_names_that_are_not_unicode(run, queue):
    place(queue, b"1-" + NOT_UNICODE + b".json", event("x"))
    out, _ = run("wsqueue-server", "queue", "ls", "-d", queue)
    assert "1-\\xff\\x9b.json" in check(out, is_line=False)


@pytest.mark.parametrize("verb", ["cat", "rm", "hold", "release", "requeue"])
def test_queue_says_what_it_does_not_find(run, queue, name, verb):
    for word in (name, f"{name}.json", f"/{name}", f".failed/{name}.json"):
        check(run("wsqueue-server", "queue", verb, "-d", queue, word)[1])


@pytest.mark.parametrize("verb", ["cat", "release", "requeue"])
def test_queue_says_what_is_taken_or_no_file(run, queue, name, verb):
    (queue / ".failed").mkdir()
    os.mkfifo(queue / ".failed" / f"{name}.json")
    place(queue, f".held-{name}.json", event(name))
    place(queue, f"{name}.json", event(name))
    word = f".held-{name}.json" if verb == "release" else f".failed/{name}.json"
    assert check(run("wsqueue-server", "queue", verb, "-d", queue, word)[1])


def test_queue_shows_a_file_on_a_terminal(run, queue, name):
    place(queue, "1.json", event(name))
    shown = run.on_terminal("wsqueue-server", "queue", "cat", "-d", str(queue), "1.json")
    assert json.loads(check(shown, is_line=False))["payload"]["text"] == name
    # A program gets it byte for byte.
    assert run("wsqueue-server", "queue", "cat", "-d", queue, "1.json")[0] == event(name).encode()


def test_commands_say_which_directory_they_cannot_open(run, queue, name):
    missing = queue / name
    for words in (["queue", "ls"], ["doctor"]):
        out, err = run("wsqueue-server", *words, "-d", missing)
        assert out == b"" and check(err)
    for words in (["e"], ["--lines", "e"], ["--follow", "e"], ["--release", "x"], ["--cancel", "x"]):
        out, err = run("wsqueue-publish", "-d", missing, *words)
        assert out == b"" and check(err)


def test_commands_say_which_words_they_do_not_understand(run, queue, name):
    for words in (
            [name], ["queue", name], ["queue", "ls", name], ["tail", name, "b"], ["tail", "--since", name],
            ["tail", f"http://{name}"], ["status", name], ["token", name], ["token", "new", "--sub", name],
            ["token", "new", "--sub", "1", "--channels", name], ["token", "new", "--sub", "1", "--info", name],
            ["completion", name], [f"--{name}"], ["--set", name], ["--config", name], ["doctor", "--as", name],
            ["doctor", "--unit", name], ["tail", "--token-file", name],
            ["token", "check", "--jwt-secret-file", name, "x"], ["--port", name],
            ["run", "--log-file", f"/nowhere/{name}", "-d", str(queue)]):
        out, err = run("wsqueue-server", *words)
        assert out == b"" and check(err), words
    for words in (
            [f"--{name}"], ["e", name], ["e", "-j", name], ["e", "-f", name], ["e", "-c", f"{name} "],
            ["e", "-u", name * 100], ["e", "-x", name], ["e", "--at", name], ["e", "--text-file", name],
            ["e", f"{name}:=@x"], ["e", f"{name}=1", f"{name}=2"], ["e", "--text-file", f"{name}=/nowhere"],
            ["--release", name], ["--abort", name], ["--cancel", name], ["--lines", "e", name],
            ["--run", "e", "--", f"/nowhere/{name}"], ["e", "-o", name]):
        # A user's id may be any text but for controls.
        out, err = run("wsqueue-publish", "-d", queue, *words)
        assert out == b"" and check(err, is_line=words[0] != "--run"), words


def test_variables_and_files_are_named_safely(run, queue, name, tmp_path):
    configuration = tmp_path / name
    configuration.write_text("a\n")
    check(run("wsqueue-server", "check", "--config", configuration)[1])
    configuration.write_text("port = 70000\n")
    check(run("wsqueue-server", "check", "--config", configuration)[1])
    check(run("wsqueue-server", "check", environment={f"WSQUEUE_{name}": "x"})[1])
    check(run("wsqueue-publish", "e", environment={"WSQUEUE_SYNC": name})[1])


def test_check_shows_values_and_where_they_come_from(run, queue, name, tmp_path):
    rules = tmp_path / f"{name}.json"
    rules.write_text('{"rules":[]}')
    out, _ = run("wsqueue-server", "check", "-d", f"{queue}/{name}", "--rules", rules, "--origin", f"https://{name}")
    lines = check(out, is_line=False).splitlines()
    assert sum("a\\" in line and "z" in line for line in lines) >= 3


def test_doctor_names_files_and_gives_a_command_that_does_what_it_says(run, queue, name):
    place(queue, f"{name}.txt", "no event")
    (queue / ".failed").mkdir()
    place(queue / ".failed", f"{name}.json", "{")
    (queue / ".failed" / f"{name}.json.why").write_bytes(f"because of {name.replace(chr(10), '')}\n".encode())
    out, _ = run("wsqueue-server", "doctor", "-d", queue)
    lines = check(out, is_line=False).splitlines()
    assert all(re.match("(error|warning|note): ", line) for line in lines), lines
    (line,) = [line for line in lines if "are no events" in line]
    command = line.split("; fix: ")[1].replace("elsewhere", str(queue.parent / "elsewhere"))
    subprocess.run(["bash", "-c", command], check=True)
    assert (queue.parent / "elsewhere").read_text() == "no event"


def test_doctor_names_a_directory_and_gives_a_command_that_does_what_it_says(run, queue, name):
    inner = queue / name
    inner.mkdir(mode=0o700)
    place(inner, NOT_UNICODE + b".txt", "no event")
    out, _ = run("wsqueue-server", "doctor", "-d", inner)
    lines = check(out, is_line=False).splitlines()
    assert all(re.match("(error|warning|note): ", line) for line in lines), lines
    (line,) = [line for line in lines if "only" in line and "may publish" in line]
    subprocess.run(["bash", "-c", line.split("; fix: ")[1]], check=True)
    assert inner.stat().st_mode & 0o7777 == 0o3730
    (line,) = [line for line in lines if "are no events" in line]
    assert "\\xff\\x9b.txt" in line
    subprocess.run(["bash", "-c", line.split("; fix: ")[1].replace("elsewhere", str(queue / "moved"))], check=True)
    assert (queue / "moved").read_text() == "no event"


def test_tail_and_status_show_what_the_server_has(run, start, queue, name):
    server = start()
    address = f"{server.host}:{server.port}"
    place(queue, "1.json", "{")
    place(queue, f"2-{name}.json", "{")
    # Names of events have no controls, payloads may have anything.
    label = "".join(one for one in name if not re.match("[\x00-\x1f\x7f-\x9f]", one))
    place(queue, name_of(1), json.dumps(
        {"event": label, "payload": {"a": name, "b\x7f": 1}}, ensure_ascii=False))
    eventually(lambda: server.times("event.rejected") == 2 and server.times("event.sent") == 1, lambda: server.log)
    for format in ("text", "json", "payload"):
        words = ["tail", address, "--since", "0", "-n", "1", "--format", format]
        piped, err = run("wsqueue-server", *words)
        assert err == b""
        # With the escapes that are tail's own taken away, none is left.
        shown = check(OWN.sub(b"", run.on_terminal("wsqueue-server", *words)))
        if format == "text":
            assert check(piped) == shown
        else:
            assert json.loads(shown) == json.loads(piped)
    out, _ = run("wsqueue-server", "status", address)
    assert check(out, is_line=False).count(".failed/") == 2
    on_terminal = run.on_terminal("wsqueue-server", "status", address, "--json")
    assert json.loads(check(on_terminal, is_line=False))["queue"]["failed"] == 2
    out, err = run("wsqueue-server", "tail", address, "-n", "1", "--since", "0", "--exec", "exit 3")
    check(err)
    # A channel that is none is told with its name.
    check(run("wsqueue-server", "tail", address, "-n", "1", "--since", "0", "-c", name)[1])


def test_tail_shows_lines_of_a_file_that_no_server_of_ours_has_written(binaries, name, tmp_path):
    log = tmp_path / "log"
    process = subprocess.Popen(
        [binaries / "wsqueue-server", "tail", "--log", log, "-n", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def has_ended():
        # It begins at the end of what is there: one of these lines comes after that.
        with log.open("ab") as file:
            file.write(f"ts=x ev={name.replace(chr(10), '')} z\n".encode())
        return process.poll() is not None
    eventually(has_ended, "it has a line", pause=0.05)
    out, err = process.communicate()
    assert check(out) and err == b""


def test_token_shows_claims(run, queue, name):
    secrets = write_secrets(queue)
    token = make_token(user=name.replace("\n", ""), info={"x": name})
    out, err = run("wsqueue-server", "token", "check", "--jwt-secret-file", secrets, token)
    assert check(out, is_line=False) and check(err) is not None


def test_publish_says_what_it_has_done(run, queue, name):
    inner = queue / name
    inner.mkdir()
    where = ("-d", str(inner))
    for words in (["e", "-v"], ["e", "-w0"], ["e", "--hold", "-v", "-i", "x", "-o", "none"], ["--release", "x", "-v"]):
        out, err = run("wsqueue-publish", *where, *words)
        assert out == b"" and check(err), words
    out, err = run("wsqueue-publish", *where, "e", "-o", "json")
    assert json.loads(check(out))["path"].startswith(str(inner)) and err == b""
    # A program gets a path as it is, a terminal what can be read.
    out, _ = run("wsqueue-publish", *where, "e", "-o", "path")
    assert os.path.exists(out.decode()[:-1])
    for words in (["e", "-o", "path"], ["e", "-n", "-j", json.dumps({"a": name}, ensure_ascii=False)]):
        check(run.on_terminal("wsqueue-publish", *where, *words))
    check(run.on_terminal("wsqueue-publish", *where, "--lines", "e", "-n", input=b'"a\x7f"\n'))


def test_the_command_that_starts_a_server_can_be_typed(run, queue, name, tmp_path):
    inner = queue / f"{name} b"
    inner.mkdir()
    err = check(run("wsqueue-publish", "-d", str(inner), "e", "-w0")[1])
    word = err.split("start wsqueue-server -d ")[1].rstrip("\n")
    output = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert os.fsdecode(output) == str(inner)
