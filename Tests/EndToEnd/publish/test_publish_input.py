"""What a publisher is given arrives as it was given, and it takes nothing else."""

import json
import os
import signal
import subprocess

import pytest

from support.files import published, waiting
from support.places import TESTS
from support.waiting import eventually

CORPUS = TESTS / "WSQueueCoreTests/Corpora/naughty-strings/blns.json"
STRINGS = json.loads(CORPUS.read_text())


def payloads(queue):
    return [event["payload"] for event in published(queue)]


def test_naughty_strings_pass_as_fields(publish, queue):
    given = {f"s{index}": text for index, text in enumerate(STRINGS)}
    publish("a", *[f"{name}={text}" for name, text in given.items()])
    assert payloads(queue) == [given]


def test_naughty_strings_pass_as_names_of_fields(publish, queue):
    names = {text for text in STRINGS if text and "=" not in text and not text.startswith("-") and text[-1] != ":"}
    publish("a", "--", *[f"{name}=x" for name in sorted(names)])
    assert payloads(queue) == [{name: "x" for name in names}]


def test_naughty_strings_pass_through_files(publish, queue, tmp_path):
    words = []
    for index, text in enumerate(STRINGS):
        (tmp_path / f"t{index}").write_text(text)
        (tmp_path / f"j{index}").write_text(json.dumps([text]))
        words += ["--text-file", f"t{index}={tmp_path}/t{index}", "--json-file", f"j{index}={tmp_path}/j{index}"]
    publish("a", *words)
    [payload] = payloads(queue)
    assert [payload[f"t{index}"] for index in range(len(STRINGS))] == STRINGS
    assert [payload[f"j{index}"] for index in range(len(STRINGS))] == [[text] for text in STRINGS]


def test_naughty_strings_pass_through_a_shell(binaries, queue, tmp_path):
    # read -r takes a line without looking at it, and "name=$line" needs no further quotes.
    lines = [text for text in STRINGS if text and "\n" not in text and "\r" not in text]
    (tmp_path / "lines").write_text("".join(f"{text}\n" for text in lines))
    script = f"""while IFS= read -r line; do '{binaries}/wsqueue-publish' -d '{queue}' a "text=$line"; done"""
    with (tmp_path / "lines").open() as file:
        subprocess.run(["sh", "-c", script], stdin=file, check=True, timeout=60)
    assert [payload["text"] for payload in payloads(queue)] == lines


def test_naughty_strings_pass_as_lines_of_text(publish, queue):
    lines = [
        text for text in STRINGS if text and text.strip(" \t\r\n") == text and "\n" not in text and "\r" not in text]
    publish("--lines", "a", "--text-lines", input="".join(f"{text}\n" for text in lines))
    assert payloads(queue) == lines


def test_naughty_strings_are_ids_that_are_published_once(publish, queue):
    ids = sorted({text for text in STRINGS if 0 < len(text.encode()) < 256 and text.isprintable()})[:60]
    for id in ids:
        publish("a", f"--id={id}")
        publish("a", f"--id={id}")
    told = [event["id"] for event in published(queue)]
    assert sorted(told) == ids


def test_a_loop_keeps_the_lines_it_reads(binaries, queue):
    script = f"while read -r n; do '{binaries}/wsqueue-publish' -d '{queue}' a n:=$n; done"
    subprocess.run(["sh", "-c", script], input="1\n2\n3\n", text=True, check=True, timeout=20)
    assert payloads(queue) == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize("locale", ["C", "POSIX", "tr_TR.UTF-8", "de_DE.ISO-8859-1", "no_such"])
def test_the_locale_does_not_matter(binaries, queue, locale):
    environment = {"LC_ALL": locale, "LANG": locale}
    command = [binaries / "wsqueue-publish", "-d", queue, "İstanbul", "ß=Iıİ", "x:=1.5"]
    subprocess.run(command, env=environment, check=True, timeout=20)
    [name] = waiting(queue)
    event = json.loads((queue / name).read_text())
    assert (event["event"], event["payload"]) == ("İstanbul", {"ß": "Iıİ", "x": 1.5})


@pytest.mark.parametrize("mask", [0o777, 0o077, 0o022, 0])
def test_the_umask_does_not_matter(publish, queue, mask):
    for arguments in (["a"], ["--lines", "a"], ["a", "-i", "x"], ["a", "--hold"], ["a", "--in", "1h"]):
        publish(*arguments, input="1\n", umask=mask)
    assert {os.stat(queue / name).st_mode & 0o7777 for name in os.listdir(queue)} == {0o644}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_batch_leaves_nothing(binaries, queue, number):
    command = [binaries / "wsqueue-publish", "-d", queue, "--lines", "a"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        process.stdin.write(b'"' + b"x" * 100_000 + b'"\n')
        for _ in range(6):
            process.stdin.write(b'"' + b"x" * 100_000 + b'"\n')
        process.stdin.flush()
        eventually(lambda: os.listdir(queue), "the batch has begun")
        process.send_signal(number)
        assert process.wait(10) == -number
    assert os.listdir(queue) == []
