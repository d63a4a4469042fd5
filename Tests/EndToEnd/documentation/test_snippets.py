"""What README and the manual show in PHP and Python publishes what it says, as it stands there."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from support.files import published
from support.places import EXAMPLES, MANUAL, ROOT

PAGES = [ROOT / "README.md", MANUAL / "Publishing.md"]
ORDER = ("order.created", {"id": 7, "customer": "Bob"})


def snippet(path, language):
    [text] = re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.M | re.S)
    return text


@pytest.fixture
def place(tmp_path):
    """A directory as the snippets see it: with a queue, and the examples."""
    (tmp_path / "queue").mkdir()
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


def run(place, *command, **environment):
    result = subprocess.run(
        [str(word) for word in command], cwd=place, env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr


def names_and_payloads(place):
    return [(event["event"], event["payload"]) for event in published(place / "queue")]


@pytest.mark.skipif(not shutil.which("php"), reason="no PHP")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_snippet_of_php(place, path):
    (place / "snippet.php").write_text("<?php\n" + snippet(path, "php"))
    run(place, "php", "snippet.php")
    assert names_and_payloads(place) == [ORDER]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_snippet_of_python(place, path):
    (place / "snippet.py").write_text(snippet(path, "python"))
    run(place, sys.executable, "snippet.py", PYTHONPATH=str(EXAMPLES / "python"))
    assert names_and_payloads(place) == [ORDER]
