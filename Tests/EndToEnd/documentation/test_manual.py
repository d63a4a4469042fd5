"""README, the pages of the manual and those beside them: nothing that they name is missing."""

import re
import subprocess

import pytest

from support.places import MANUAL, PUBLISHERS_MANUAL, ROOT

FRONT = MANUAL / "WSQueueServer.md"
PAGES = sorted(set(MANUAL.glob("*.md")) - {FRONT})
PUBLISHERS = sorted(PUBLISHERS_MANUAL.glob("*.md"))
# What a host of sources shows of a project.
FOLDER = ROOT / ".github"
PROJECT = sorted(FOLDER.glob("*.md"))
# Pages of the host of sources, beside these.
ELSEWHERE = {"../../../security/advisories/new"}


def links(path):
    """What a page links to beside it: in the text, below it, and in HTML."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)|(?:src|srcset)=\"([^\"]+)\"", text, re.M)
    return [link for groups in found for link in groups if link and "://" not in link and link not in ELSEWHERE]


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", FRONT, *PAGES, *PUBLISHERS, *PROJECT], ids=lambda path: path.stem)
def test_every_link_leads_to_a_file(path):
    assert [link for link in links(path) if not (path.parent / link).exists()] == []


def test_every_page_is_named_in_readme_and_on_the_front_page():
    assert len(PAGES) >= 18
    for path in (ROOT / "README.md", FRONT):
        named = {(path.parent / link).resolve() for link in links(path)}
        assert {*PAGES, PUBLISHERS_MANUAL / "SpoolFormat.md"} - named == set(), path


def output(binaries, program, *options):
    return subprocess.run([binaries / program, *options], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("path", PROJECT, ids=lambda path: path.stem)
def test_every_option_and_script_that_a_page_of_the_project_names_is_there(binaries, path):
    programs = [output(binaries, program, "--help", "all") for program in ("wsqueue-server", "wsqueue-publish")]
    scripts = [file.read_text() for file in (ROOT / "scripts").iterdir() if file.is_file()]
    text = path.read_text()
    for option in set(re.findall(r"`(?:[^`]* )?(--[a-z][a-z-]*)", text)) - {"--version"}:
        assert any(re.search(rf"{option}\b", known) for known in (programs + scripts)), option
    for script in set(re.findall(r"\bscripts/[a-z.-]*[a-z]", text)):
        assert (ROOT / script).exists(), script


def test_the_newest_version_of_the_change_log_is_that_of_both_programs(binaries):
    newest = re.search(r"^## (\S+)$", (FOLDER / "CHANGELOG.md").read_text(), re.M)[1]
    for program in ("wsqueue-server", "wsqueue-publish"):
        assert output(binaries, program, "--version") == f"{program} {newest}\n"
