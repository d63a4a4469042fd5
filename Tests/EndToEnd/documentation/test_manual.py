"""README and the pages of the manual: nothing that they name is missing."""

import re

import pytest

from support.places import MANUAL, ROOT

FRONT = MANUAL / "WSQueueServer.md"
PAGES = sorted(set(MANUAL.glob("*.md")) - {FRONT})


def links(path):
    """What a page links to beside it: in the text, below it, and in HTML."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    found = re.findall(r"\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)|(?:src|srcset)=\"([^\"]+)\"", text, re.M)
    return [link for groups in found for link in groups if link and "://" not in link]


@pytest.mark.parametrize("path", [ROOT / "README.md", FRONT, *PAGES], ids=lambda path: path.stem)
def test_every_link_leads_to_a_file(path):
    assert [link for link in links(path) if not (path.parent / link).exists()] == []


def test_every_page_is_named_in_readme_and_on_the_front_page():
    assert len(PAGES) >= 10
    for path in (ROOT / "README.md", FRONT):
        named = {(path.parent / link).resolve() for link in links(path)}
        assert set(PAGES) - named == set(), path
