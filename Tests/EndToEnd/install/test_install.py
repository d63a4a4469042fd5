"""scripts/install, the manual pages and the completions."""

import re
import shutil
import subprocess

import pytest

from support.installing import install


@pytest.fixture(scope="session")
def installed(binaries, tmp_path_factory):
    where = tmp_path_factory.mktemp("installed")
    install(binaries, where)
    return where / "usr"


def test_all_that_is_installed_is_uninstalled(binaries, tmp_path):
    install(binaries, tmp_path)
    names = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(names) == 16 and all((tmp_path / name).stat().st_size > 0 for name in names)
    install(binaries, tmp_path, "--uninstall")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("page, says", [
    ("man1/wsqueue-publish.1", ["--hold", "EXIT STATUS", "WSQUEUE_DIR", "wsqueue(7)", "-j JSON | -t TEXT"]),
    ("man7/wsqueue.7", [".held-NAME.RANDOM.json", "EXIT STATUS", "expires_at", "rename(2)"]),
    ("man8/wsqueue-server.8", ["--journal", "WSQUEUE_LISTEN", "SYNOPSIS",
                                 "COMMANDS", "completion bash|zsh|fish", "brings them back, in the place"]),
])
@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
def test_a_manual_page_is_formatted_without_a_warning(installed, page, says):
    result = subprocess.run(
        ["groff", "-Kutf8", "-man", "-Tutf8", "-ww", "-P-c", installed / "share/man" / page],
        capture_output=True, text=True)
    assert result.stderr == ""
    text = result.stdout.replace("\u2010\n", "")
    # Bold is a letter twice, with a backspace between.
    plain = re.sub(".\b", "", text)
    for words in says:
        assert words in plain, plain


@pytest.mark.parametrize("words, cursor, expected", [
    (["wsqueue-publish", "--ho"], 1, ["--hold"]), (["wsqueue-publish", "-o", "i"], 2, ["id"]),
    (["wsqueue-publish", "--output", "=", "j"], 3, ["json"]),
    (["wsqueue-publish", "-s", ""], 2, ["none", "data", "full"]),
    (["wsqueue-publish", "-f", "/etc/hostna"], 2, ["/etc/hostname"]),
    (["wsqueue-publish", "--text-file", "x", "=", "/etc/hostna"], 4, ["/etc/hostname"]),
    (["wsqueue-publish", "--json-file", "x", "=", "/etc/hostna"], 4, ["/etc/hostname"]),
    (["wsqueue-publish", "--json-file", "=", "x", "=", "/etc/hostna"], 5, ["/etc/hostname"]),
    (["wsqueue-publish", "a", "x", "=", "@/etc/hostna"], 4, []), (["wsqueue-publish", "a", "@/etc/hostna"], 2, []),
    (["wsqueue-server", "--thr"], 1, ["--threads"]), (["wsqueue-server", "compl"], 1, ["completion"]),
    (["wsqueue-server", "run", "--thr"], 2, ["--threads"]), (["wsqueue-server", "completion", "--"], 2, ["--help"]),
    (["wsqueue-server", "completion", ""], 2, ["bash", "zsh", "fish"]),
])
def test_bash_completes(installed, words, cursor, expected):
    program = words[0]
    script = (
        f"source {installed}/share/bash-completion/completions/{program}; COMP_WORDS=(\"$@\"); "
        f"COMP_CWORD={cursor}; _{program.replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    result = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
    assert (result.stdout.split(), result.stderr) == (expected, "")


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish")
@pytest.mark.parametrize("line, expected", [
    ("wsqueue-publish --ho", "--hold"), ("wsqueue-publish -o ", "json"), ("wsqueue-publish --sync ", "full"),
    ("wsqueue-server --thr", "--threads"), ("wsqueue-server compl", "completion"),
    ("wsqueue-server completion ", "zsh"), ("wsqueue-server completion --he", "--help")])
def test_fish_completes(installed, tmp_path, line, expected):
    folder = installed / "share/fish/vendor_completions.d"
    script = f"source {folder}/wsqueue-publish.fish; source {folder}/wsqueue-server.fish; complete -C '{line}'"
    result = subprocess.run(
        ["fish", "--no-config", "-c", script], capture_output=True, text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert expected in [row.split("\t")[0] for row in result.stdout.splitlines()], (result.stdout, result.stderr)


@pytest.mark.skipif(not shutil.which("zsh"), reason="no zsh")
@pytest.mark.parametrize("program", ["wsqueue-publish", "wsqueue-server"])
def test_zsh_takes_the_completion(installed, program, tmp_path):
    # Completing needs a terminal; that it loads, and that its option specifications are well formed, does not.
    function = "_" + program.replace("-", "_")
    script = (
        "autoload -U compinit; compinit -D; source $1; "
        f"whence -w {function}; print -l ${{_comps[{program}]}}; functions {function} >/dev/null")
    result = subprocess.run(
        ["zsh", "-f", "-c", script, "zsh", installed / f"share/zsh/site-functions/_{program}"],
        capture_output=True, text=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert (result.stderr, result.stdout.split()) == ("", [f"{function}:", "function", function])


def test_the_unit_names_what_is_installed(installed):
    text = (installed / "lib/systemd/system/wsqueue-server.service").read_text()
    assert "ExecStart=/usr/bin/wsqueue-server -c /etc/wsqueue/server.conf" in text
