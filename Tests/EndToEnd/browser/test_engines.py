"""What the other tests take for granted of the browsers that they run in."""

import pathlib
import re

import pytest

from support.browser import ELSEWHERE, ENGINES, IN_ONE_ENGINE, LACKS
from support.pages import serving

TESTS = pathlib.Path(__file__).parents[1]


@pytest.fixture
def host():
    with serving({"/": "<title>one</title><input id=field>text", "/two": "<title>two</title>"}) as address:
        yield address


def test_what_is_not_tried_in_all_engines_is_one_short_list():
    assert len(LACKS) + len(ELSEWHERE) <= 10
    assert all(ELSEWHERE.values())
    assert all(engine in ENGINES and reason for (engine, _), reason in LACKS.items())


def test_what_is_tried_in_one_engine_is_named():
    takes_one = re.compile(r"^def \w+\((?:[^)]*\W)?browser\W", re.MULTILINE)
    assert IN_ONE_ENGINE == {
        str(path.relative_to(TESTS)) for path in TESTS.glob("*/test_*.py") if takes_one.search(path.read_text())}


def test_an_expression_is_awaited_and_comes_as_json(engine, host):
    with engine.open(host + "/") as page:
        assert page.evaluate("Promise.resolve([1, null, 'ä', { b: true }])") == [1, None, "ä", {"b": True}]
        assert page.evaluate("undefined") is None
        with pytest.raises(AssertionError, match="what is wrong"):
            page.evaluate("Promise.reject(new Error('what is wrong'))")


def test_a_page_goes_reloads_and_comes_back(engine, host):
    with engine.open(host + "/") as page:
        page.run("window.mark = 1")
        page.reload()
        assert page.evaluate("window.mark ?? document.title") == "one"
        page.go(host + "/two")
        assert page.evaluate("document.title") == "two"
        page.back()
        page.wait_for("document.title === 'one'")


def test_pages_are_beside_each_other(engine, host):
    with engine.open(host + "/") as one, engine.open(host + "/two", width=600) as two:
        assert (one.evaluate("document.title"), two.evaluate("document.title")) == ("one", "two")
        assert (one.evaluate("innerWidth"), two.evaluate("innerWidth")) == (1200, 600)
        assert one.text() == "text"


def test_keys_are_pressed(engine, host):
    with engine.open(host + "/") as page:
        for key in ("Tab", "a", "b"):
            page.press(key)
        assert page.evaluate("[document.activeElement.id, field.value]") == ["field", "ab"]


def test_a_picture_is_taken(engine, host, tmp_path):
    with engine.open(host + "/") as page:
        page.screenshot(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_happens_in_a_browser_that_sleeps(engine, host):
    with engine.open(host + "/") as page:
        page.run("window.waited = 0; setInterval(() => waited++, 10)")
        page.wait_for("waited > 2")
        before = page.evaluate("(waited = 0, Date.now())")
        with page.asleep(), serving({}):
            pass
        page.wait_for("waited > 2")
        assert page.evaluate("Date.now()") > before
