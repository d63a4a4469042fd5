"""Texts of any bytes: what is no UTF-8 becomes U+FFFD, is counted with -v, and costs nothing else."""

import json
import subprocess

import pytest

from support.files import published

LATIN = b"caf\xe9 ouvert"
SHOWN = "caf\ufffd ouvert"


@pytest.fixture
def run(binaries, queue):
    """Runs the program on the queue; gives what it said, and the payloads that it published."""
    def attempt(*words, **how):
        command = [binaries / "wsqueue-publish", "-d", queue, *words]
        result = subprocess.run(command, capture_output=True, timeout=30, **how)
        return result.returncode, result.stderr.decode(), [event["payload"] for event in published(queue)]
    return attempt


@pytest.mark.parametrize("words", [
    ["-t", LATIN, "x"], [b"-t" + LATIN, "x"], [b"--text=" + LATIN, "x"], ["x", "--text", LATIN], ["-qt", LATIN, "x"]])
def test_a_text_in_a_word(run, words):
    assert run(*words) == (0, "", [SHOWN])


@pytest.mark.parametrize("words", [[b"a=" + LATIN, "x"], ["-j", LATIN, "x"], ["-c", LATIN, "x"], ["x", LATIN]])
def test_other_words_are_refused_as_ever(run, words):
    status, said, payloads = run(*words)
    assert status == 64 and "is not UTF-8" in said and payloads == []


@pytest.mark.parametrize("command", ["--lines", "--follow"])
def test_lines_of_text(run, command):
    lines = [b"one", LATIN, b"three", b"\xff\xfe", "größe".encode(), b"half \xe2\x82"]
    status, said, payloads = run(command, "--text-lines", "x", input=b"\n".join(lines) + b"\n")
    assert (status, said) == (0, "")
    assert payloads == ["one", SHOWN, "three", "\ufffd\ufffd", "größe", "half \ufffd"]


def test_json_stays_strict(run):
    status, said, payloads = run("--lines", "x", input=b'"' + LATIN + b'"\n')
    assert status == 65 and "line 1" in said and payloads == []


def test_a_text_in_a_file(run, tmp_path):
    (tmp_path / "latin").write_bytes(LATIN)
    assert run("x", "--text-file", f"a={tmp_path}/latin", "b=1") == (0, "", [{"b": "1", "a": SHOWN}])


@pytest.mark.parametrize("words, how, count", [
    (["x", "-t", b"\xff\xfe"], {}, "2 times"),
    (["--lines", "--text-lines", "x"], {"input": b"\xff\nok\n\xff\xff\n"}, "3 times"),
    (["--run", "x", "--", "printf", r"\351"], {}, "1 time"),
])
def test_what_was_replaced_is_counted(run, words, how, count):
    status, said, _ = run("-v", *words, **how)
    assert status == 0 and f"what was no UTF-8 has become U+FFFD, {count}\n" in said


def test_the_end_of_a_long_line_begins_with_a_character(run):
    script = "import sys; sys.stdout.write('€' * 1500)"
    status, _, [_, outcome] = run("--run", "x", "--", "python3", "-c", script)
    assert status == 0 and set(outcome["tail"]) == {"€"}
    assert json.dumps(outcome["tail"]).count("20ac") == 682
