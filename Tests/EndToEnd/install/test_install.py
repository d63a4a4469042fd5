"""scripts/install, the manual pages and the completions."""

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
    assert len(names) == 21 and all((tmp_path / name).stat().st_size > 0 for name in names)
    install(binaries, tmp_path, "--uninstall")
    assert list(tmp_path.iterdir()) == []


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
