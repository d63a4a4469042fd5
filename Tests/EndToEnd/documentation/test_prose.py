"""README and the manual's pages: how long README is, and how long their sentences are."""

import re

import pytest

from support.places import MANUAL, PUBLISHERS_MANUAL, ROOT

README = ROOT / "README.md"
PAGES = [README, *sorted(MANUAL.glob("*.md")), *sorted(PUBLISHERS_MANUAL.glob("*.md"))]
LONGEST = 30


def paragraphs(text):
    """What is read as running text: paragraphs, headings and items of lists; each without what marks it."""
    text = re.sub(r"^```.*?^```|^<(picture|details)>.*?^</\1>|<!--.*?-->", "", text, flags=re.M | re.S)
    # Definitions of links, rows of tables, HTML.
    text = re.sub(r"^(\[[^]]+\]: |\||<).*$", "", text, flags=re.M)
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:- |\d+\. |#))", text)
    return [" ".join(re.sub(r"^\s*(?:- |\d+\. |#+ )", "", block).split()) for block in blocks if block.strip()]


def sentences(text):
    """The sentences of a page. A piece of code is one word, and a link is its text."""
    for paragraph in paragraphs(text):
        paragraph = re.sub(r"(`+).+?\1", "Code", paragraph)
        paragraph = re.sub(r"!?\[([^]]*)\](?:\([^)]*\)|\[[^]]*\])", r"\1", paragraph)
        yield from re.split(r"(?<=[.!?])[\")*]*\s+(?=[^a-z])", paragraph)


def words(sentence):
    return len(re.findall(r"\S*\w\S*", sentence))


@pytest.mark.parametrize("text, expected", [
    ("One. Two words?\n\n```sh\nno word. Here.\n```\nThree\nin all.", ["One.", "Two words?", "Three in all."]),
    ("# Head\n- an `item of code`\n  goes on\n- [a link](to.md)\n", ["Head", "an Code goes on", "a link"]),
    ("| a | b |\n| --- | --- |\n<img alt=\"much. To say\">\n[to]: there.md\n\n0.2.0 is e.g. this",
     ["0.2.0 is e.g. this"]),
])
def test_sentences_are_found(text, expected):
    assert list(sentences(text)) == expected


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_sentence_is_too_long_to_be_read_aloud(path):
    assert [one for one in sentences(path.read_text()) if words(one) > LONGEST] == []


def test_readme_is_read_in_a_few_minutes():
    assert 8 << 10 <= len(README.read_bytes()) <= 12 << 10
