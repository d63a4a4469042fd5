"""Help: what is typed most on a screen, and everything where it is asked for."""

import re
import subprocess

import pytest

from support.manual import commands, options, said
from support.waiting import eventually

PROGRAMS = ["wsqueue-publish", "wsqueue-server"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_fits_on_a_screen_and_begins_with_what_is_typed(binaries, program):
    lines = said(binaries, program, "--help").splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 80, lines
    examples = [number for number, line in enumerate(lines) if re.match(rf"  {program}( .*)? # ", line)]
    first_option = next(number for number, line in enumerate(lines) if line.startswith("  -"))
    assert len(examples) == 5 and examples[0] <= 5 and examples[-1] < first_option
    assert f"'{program} --help all'" in lines[-1] and f"'man {program}'" in lines[-1]
    # No option is explained there that is not explained in full elsewhere.
    assert set(options("\n".join(lines))) < set(options(said(binaries, program, "--help", "all")))


@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_is_there_where_it_is_asked_for(binaries, program):
    whole = said(binaries, program, "--help", "all")
    assert whole == said(binaries, program, "--help=all") == said(binaries, program, "-h", "all")
    assert max(map(len, whole.splitlines())) <= 80
    # By the words that complete, which are made of the same table.
    completing = ["--completion", "words"] if program == "wsqueue-publish" else ["completion", "words"]
    words = said(binaries, program, *completing, "--", "--").splitlines()[1:]
    assert {f"--{name}" for name in options(whole)} == {word.split("\t")[0] for word in words}
    assert "--man" in whole and "Examples:" in whole


def test_the_first_sentence_of_every_option_says_when_to_use_it(binaries):
    texts = [said(binaries, "wsqueue-publish", "--completion", "words", "--", "--")]
    texts += [
        said(binaries, "wsqueue-server", "completion", "words", "--", *words, "--")
        for words in ([], *([name] for name in commands(binaries)))]
    purposes = {tuple(line.split("\t")) for text in texts for line in text.splitlines()[1:]}
    occasion = re.compile(r"(For|To|Where|With|Against|Behind|Before|After|So that|In a|On a) [\w-]+")
    assert len(purposes) > 100
    assert [one for one in purposes if not occasion.match(one[1])] == []


def test_a_word_after_help_that_is_not_all_is_refused(binaries):
    for program in PROGRAMS:
        result = subprocess.run([binaries / program, "--help=some"], capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (64, "") and "'some' is not all" in result.stderr


def test_a_command_shows_its_own_options_first(binaries):
    servers = set(options(said(binaries, "wsqueue-server", "--help", "all"))) - {"help"}
    names = commands(binaries)
    assert len(names) >= 9
    for name in names:
        if name == "run":
            assert said(binaries, "wsqueue-server", name, "--help") == said(binaries, "wsqueue-server", "--help")
            continue
        short, whole = (said(binaries, "wsqueue-server", name, *words) for words in (["--help"], ["--help", "all"]))
        own, all_of_them = options(short), options(whole)
        # tail's --listen is where it finds a server, and so its own.
        assert all(line in whole for line in short.splitlines() if line.startswith("  -"))
        assert all_of_them[:len(own)] == own and "help" in own
        shared = all_of_them[len(own):]
        assert set(shared) <= servers
        assert not shared or short.splitlines()[-1].endswith(f"wsqueue-server {name} --help all."), short


@pytest.mark.parametrize("program, own", [
    ("wsqueue-publish", [0, 64, 65, 66, 69, 70, 73, 74, 75, 77, 78]), ("wsqueue-server", [0, 64, 69, 73, 75, 77, 78])])
def test_exit_statuses_are_those_that_the_program_has(binaries, program, own):
    text = said(binaries, program, "--help", "all").split("\nExit status:\n")[1]
    assert [int(line.split()[0]) for line in text.splitlines()] == own
    if program == "wsqueue-server":
        assert "--wait" not in text
    else:
        assert "address" not in text


def test_one_path_of_the_configuration_is_named(binaries):
    texts = [said(binaries, program, "--help", "all") for program in PROGRAMS]
    texts += [said(binaries, "wsqueue-server", name, "--help", "all") for name in commands(binaries)]
    assert [text for text in texts if "/etc/wsqueue.conf" in text] == []
    assert sum("/etc/wsqueue/server.conf" in text for text in texts) >= 4


@pytest.mark.parametrize("how", [
    lambda level: (["--log-level", level], None), lambda level: (["--set", f"log-level={level}"], None),
    lambda level: ([], f"log-level = {level}\n")], ids=["option", "set", "file"])
def test_warn_is_understood_for_warning(start, queue, tmp_path, how):
    words, text = how("warn")
    if text:
        (tmp_path / "server.conf").write_text(text)
        words = ["--config", str(tmp_path / "server.conf")]
    server = start(*words, is_ready=False)
    eventually(lambda: (queue / ".address").exists(), "it serves")
    assert server.terminate() == 0
    assert "level=info" not in server.raw_log.decode()
