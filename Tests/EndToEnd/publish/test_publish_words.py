"""What people type who come from other programs: it works, or the line that works is said."""

import array
import fcntl
import re
import subprocess
import termios

import pytest

from support.files import published
from support.waiting import eventually


@pytest.fixture
def attempt(binaries, queue):
    """Runs the program on the queue; gives its status, what it said, and the payloads that it published."""
    def run(*words, **how):
        command = [binaries / "wsqueue-publish", "-d", queue, *words]
        result = subprocess.run(command, capture_output=True, timeout=30, **how)
        return result.returncode, result.stderr.decode(), [event["payload"] for event in published(queue)]
    return run


@pytest.mark.parametrize("words, says", [
    (["some"], "'some' is no field; for a text, -t some;"),
    (["some", "more text"], "for a text, -t 'some more text';"),
    (['{"id":7}'], "for a payload that is JSON, -j '{\"id\":7}'"),
    (["[1, 2]"], "for a payload that is JSON, -j '[1, 2]'"),
    (["7"], "for a payload that is JSON, -j 7"),
    (["a=1", "b"], "'b' is no field; name=string or name:=json for fields"),
    (["-m", "hi"], "unknown option -m; did you mean -t?"),
    (["--message=hi"], "unknown option --message; did you mean --text?"),
    (["--topic", "x"], "unknown option --topic; did you mean --channel?"),
])
def test_a_word_that_is_none_says_what_was_meant(attempt, words, says):
    status, said, payloads = attempt("ev", *words)
    assert (status, payloads) == (64, []) and says in said


@pytest.mark.parametrize("words, advice", [
    (["ev", "-"], "at byte 0; for a text, -t -"),
    (["ev", "-j", "hello you"], "at byte 0; for a text, -t 'hello you'"),
    (["ev", "-n", "-f", "/dev/stdin"], "at byte 0; for a text, -t - < /dev/stdin"),
    (["ev", "--hold", "-"], "at byte 0; for a text, -t -"),
    (["--lines", "ev"], "at byte 0; for lines of text, --text-lines"),
    (["--lines"], "at byte 0; for lines that are payloads, the name of their event: --lines EVENT"),
])
def test_a_text_where_json_is_wanted_says_how_text_is_given(attempt, words, advice):
    status, said, payloads = attempt(*words, input=b"hello\n")
    assert (status, payloads) == (65, []) and said.rstrip().endswith(advice), said


@pytest.mark.parametrize("words", [["-t", "-"], ["-t-"], ["--text", "-"], ["--text=-"]])
def test_a_text_of_any_size_comes_from_standard_input(attempt, words):
    text = "größer als ein Wort sein darf, " * 10_000
    status, said, payloads = attempt("ev", *words, input=text.encode())
    assert (status, said, payloads) == (0, "", [text])
    status, said, payloads = attempt("ev", "-v", *words, input=b"caf\xe9")
    assert payloads[1] == "caf\ufffd" and "1 time" in said


@pytest.mark.parametrize("words, start, end", [
    (["-t", "-"], b"", b""), (["-"], b'"', b'"'), (["--text-file", "a=-"], b"", b"")])
def test_input_that_comes_in_pieces_is_read_to_its_end(binaries, queue, words, start, end):
    """More than the first read asks for, and less than the second."""
    def unread(pipe):
        count = array.array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0]
    command = [binaries / "wsqueue-publish", "-d", queue, "ev", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for piece in (start + b"x" * 5_000, b"y" * 5_000, b"z" + end):
            process.stdin.write(piece)
            process.stdin.flush()
            eventually(lambda: unread(process.stdin) == 0, "the piece is read")
        process.stdin.close()
        assert process.wait(10) == 0
    [event] = published(queue)
    text = event["payload"]["a"] if isinstance(event["payload"], dict) else event["payload"]
    assert text == "x" * 5_000 + "y" * 5_000 + "z"


def test_a_text_of_a_variable_is_as_it_is(attempt):
    assert attempt("ev", env={"WSQUEUE_TEXT": "-"})[2] == ["-"]
    assert attempt("ev", input=b"x" * 2_000_000)[0] == 0


def test_a_text_may_be_as_large_as_an_event_and_no_larger(attempt):
    rest = len(b'{"event":"ev","payload":"","timestamp":1795231805,"queued_at":1795231805.123456}\n')
    status, said, payloads = attempt("ev", "-t", "-", input=b"x" * (1_048_577 - rest))
    assert (status, payloads) == (65, [])
    assert said == ("wsqueue-publish: the event is larger than the 1048576 bytes that the server takes; publish a "
                    "reference to the data instead\n")
    assert attempt("ev", "-t", "-", input=b"x" * (1_048_576 - rest))[0] == 0


def test_input_without_end_is_refused_too(attempt):
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        assert attempt("ev", "-t", "-", stdin=endless.stdout)[0] == 65
        endless.stdout.close()


@pytest.mark.parametrize("words", [["--wait", "50ms"], ["--wait=50ms"], ["-w50ms"], ["-w=50ms"], ["-w", "50ms"]])
@pytest.mark.parametrize("name", ["before", "after"])
def test_a_time_to_wait_is_understood_however_it_is_written(attempt, words, name):
    status, said, _ = attempt(*(["ev", *words] if name == "before" else [*words, "ev"]))
    assert status == 69 and "no wsqueue-server holds this queue" in said


def test_what_is_no_time_is_an_event(attempt, queue):
    assert attempt("--wait", "5")[0] == 69
    assert [event["event"] for event in published(queue)] == ["5"]


def test_how_fast_it_was_is_told_with_v(start, attempt):
    start()
    status, said, _ = attempt("-v", "--wait", "10s", "ev")
    assert status == 0 and re.search(r"^wsqueue-publish: sent after \d+\.\d ms$", said, re.MULTILINE), said
    assert attempt("--wait", "10s", "ev")[1] == ""


def test_fields_stand_in_both_events_of_a_command(attempt):
    status, said, payloads = attempt("--run", "backup", "host=web1", "n:=7", "--", "sh", "-c", "echo done; exit 3")
    assert (status, said) == (3, "")
    assert payloads[0] == {"host": "web1", "n": 7}
    assert {**payloads[1], "seconds": 0} == {
        "exit": 3, "signal": None, "seconds": 0, "tail": "done\n", "host": "web1", "n": 7}
    attempt("--run", "plain", "--", "true")
    assert attempt("x")[2][2] is None


@pytest.mark.parametrize("field, says", [
    ("exit=1", "field 'exit' is what --run says itself"), ("n:=1,5", "field 'n'"), ("b", "'b' is no field")])
def test_a_field_that_cannot_be_keeps_the_command_from_its_start(attempt, tmp_path, field, says):
    trace = tmp_path / "ran"
    status, said, payloads = attempt("--run", "x", field, "--", "touch", trace)
    assert (status, payloads, trace.exists()) == (64, [], False) and says in said
