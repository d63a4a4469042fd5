"""Web browsers, each driven by the protocol it brings: what their pages have in common.

`ENGINES` are the three that a test gets by the fixture `engine`. Each has one process for all tests, with a profile of
its own, and each page is a tab or window. What an engine cannot do is in `LACKS`, and nowhere else.
"""

import contextlib
import importlib
import json
import os
import signal

import pytest

from .waiting import eventually

ENGINES = ("chromium", "firefox", "webkit")

# What tests ask for and an engine lacks, with the reason: the tests that ask are skipped in that engine.
LACKS = {
    ("webkit", "offline"): "WebKitGTK's driver cannot take the network away",
    ("webkit", "forced_colors"): "WebKitGTK knows no forced colours",
    ("webkit", "complaints"): "W3C WebDriver tells nothing of the console",
    ("webkit", "short frames"): "MiniBrowser's are over 100 ms in a flood without this client, too (scripts/frames)",
    ("firefox", "short frames"): "up to 117 ms without this client, too, and its driver's click waits outside the page",
}

# What of the client and the page is not tried in all three engines, with the reason. With what they lack ten at most.
ELSEWHERE = {
    "half a minute and more": "a page without a browser has a clock that the test moves (wsqueue.test.mjs)",
    "HTTP 426, 431 and 502": "this server gives them to no page that has its client; played in wsqueue.test.mjs",
    "the live page through kills and disturbances": "ten seconds each, in Chromium; the client's are in all engines",
    "dashboards, examples, older pages, plain browsers": "what of the client they stand on is tried in all engines",
    "Node, Deno, npm, TypeScript": "no browsers",
}

# Where tests have one engine, Chromium, by the fixture `browser`; each is one of those above.
IN_ONE_ENGINE = {
    "browser/test_dashboard.py", "browser/test_page.py", "delivery/test_first_event.py",
    "documentation/test_examples.py", "http/test_sse.py", "migration/test_migration.py",
    "migration/test_older_pages.py", "publish/test_frameworks.py",
}


class Replaced(Exception):
    """The page went away while an expression was evaluated in it."""


def find(engine):
    """The path of an engine's program, or `None`."""
    return _module(engine).find()


def launch(engine, **how):
    """A browser of that engine."""
    return _module(engine).Browser(**how)


def _module(engine):
    return importlib.import_module(f"support.browser_{engine}")


def require(engine, ability):
    """Skips a test that asks for what the engine lacks."""
    reason = LACKS.get((engine, ability))
    if reason:
        pytest.skip(f"{engine}: {reason}")


class Page:
    """A tab. What each engine does by its own protocol: `_evaluate`, `_navigate`, `_screenshot`, `press`, `close`."""

    engine = ""

    def __init__(self):
        self.resources = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.close()
        finally:
            self.resources.close()

    def evaluate(self, expression):
        """The value of one JavaScript expression, as JSON has it; a promise is awaited."""
        # In a function, because not all engines give the value of statements; a name that it declares would be lost.
        result = self._evaluate(f"(async () => JSON.stringify(await ({expression}\n)))()")
        return None if result is None else json.loads(result)

    def run(self, statements):
        """Runs JavaScript statements."""
        self._evaluate(f"(async () => {{ {statements}\n }})()")

    def wait_for(self, expression, timeout=10.0):
        """The first true value of an expression."""
        return eventually(
            lambda: self._now(expression), lambda: f"{self.engine}: {expression}: {self._now(TEXT)}", timeout)

    def _now(self, expression):
        try:
            return self.evaluate(expression)
        except Replaced:
            return None

    def text(self):
        return self.evaluate(TEXT)

    def go(self, url):
        """Loads another page."""
        self.leaving(lambda: self._navigate(url))

    def reload(self):
        self.leaving(lambda: self.run("setTimeout(() => location.reload())"))

    def back(self):
        """To the page before, out of the browser's cache or loaded anew; the test waits for what it expects there."""
        self.run("setTimeout(() => history.back())")

    def leaving(self, navigate):
        """Waits until another document is there, whole."""
        self.run("window.isLeft = true")
        navigate()
        self.wait_for("!window.isLeft && document.readyState === 'complete'")

    @contextlib.contextmanager
    def asleep(self):
        """The page stands still; where an engine cannot do that to a page, all of the browser does."""
        with asleep(self.browser.process.pid):
            yield

    def screenshot(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._screenshot())

    def require(self, ability):
        require(self.engine, ability)


TEXT = "document.body?.innerText"


@contextlib.contextmanager
def asleep(root):
    """All processes of a browser stand still, as on a laptop that is closed."""
    stopped = []
    try:
        # Parents first, so that none begins another meanwhile; what began before its parent stood still is found later.
        while new := [one for one in _family(root) if one not in stopped]:
            for one in new:
                stopped.append(one)
                _signal(one, signal.SIGSTOP)
        yield
    finally:
        for one in reversed(stopped):
            _signal(one, signal.SIGCONT)


def _signal(process, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def _family(root):
    """A process and all that descend from it, parents first."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            children.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    family = [root]
    for one in family:
        family += children.get(one, [])
    return family
