"""WebKitGTK's small browser on a screen that nobody sees, by W3C WebDriver."""

import base64
import contextlib
import glob
import http.client
import itertools
import json
import os
import shutil
import subprocess
import tempfile

from . import browser
from .ports import free_port
from .waiting import eventually

KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011", "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
}
SCREEN = (1400, 1000)


def find():
    if not (shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        return None
    return next(iter(sorted(glob.glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser"), reverse=True)), None)


class Browser:
    """A driver, the browser that it started, and a screen."""

    name = "webkit"

    def __init__(self, dark=False):
        self.resources = contextlib.ExitStack()
        self.is_dark = dark
        self.other = None
        try:
            self._start(dark)
        except BaseException:
            self.resources.close()
            raise

    def _start(self, dark):
        home = self.resources.enter_context(
            tempfile.TemporaryDirectory(prefix="wsqueue-browser-", ignore_cleanup_errors=True))
        environment = {
            "PATH": "/usr/bin:/bin", "HOME": home, "XDG_RUNTIME_DIR": home, "DISPLAY": self._screen(),
            "NO_AT_BRIDGE": "1", "GSETTINGS_BACKEND": "memory",
        }
        if os.geteuid() == 0:
            environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        port = free_port()
        self.process = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"], env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.resources.callback(self._end)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        eventually(self._is_there, "the driver answers")
        options = {"binary": find(), "args": ["--automation", *(["--dark-mode"] if dark else [])]}
        answer = self.request(
            "POST", "/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
        self.session = f"/session/{answer['sessionId']}"
        self.resources.callback(lambda: self.request("DELETE", self.session))
        # With its last window the session would end.
        self.base = self.current = self.command("GET", "window")
        self.command("POST", "timeouts", {"script": 60_000, "pageLoad": 60_000})

    def _screen(self):
        read, write = os.pipe()
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "{}x{}x24".format(*SCREEN), "-nolisten", "tcp"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        self.resources.callback(lambda: (screen.terminate(), screen.wait(20)))
        with open(read, encoding="ascii") as file:
            number = file.readline().strip()
        assert number, "Xvfb did not start"
        return f":{number}"

    def _end(self):
        self.process.terminate()
        self.process.wait(20)

    def _is_there(self):
        with contextlib.suppress(OSError):
            return self.request("GET", "/status") is not None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.resources.close()

    def open(self, url, dark=False, **look):
        if dark != self.is_dark:
            # A browser is dark as a whole.
            self.other = self.other or self.resources.enter_context(Browser(dark))
            return self.other.open(url, dark, **look)
        return Page(self, url, **look)

    def request(self, method, path, body=None):
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body))
            answer = self.connection.getresponse()
            value = json.loads(answer.read())["value"]
        except OSError:
            # The next request begins anew.
            self.connection.close()
            raise
        if answer.status != 200 and value["error"] == "unknown error":
            raise browser.Replaced(value)
        assert answer.status == 200, value
        return value

    def command(self, method, path, body=None):
        return self.request(method, f"{self.session}/{path}", body if method == "GET" else body or {})

    def focus(self, window):
        """Later commands are for this window."""
        if self.current != window:
            self.command("POST", "window", {"handle": window})
            self.current = window


class Page(browser.Page):
    """A window."""

    engine = "webkit"

    def __init__(self, parent, url, width=1200, height=800, forced_colors=False):
        super().__init__()
        if forced_colors:
            self.require("forced_colors")
        self.browser = parent
        parent.focus(parent.base)
        self.window = parent.command("POST", "window/new", {"type": "window"})["handle"]
        self.complaints = []
        self.numbers = itertools.count(1)
        # Without a window manager that window has the keyboard which is under the pointer, in the middle of the screen.
        corner = {"x": max(0, (SCREEN[0] - width) // 2), "y": max(0, (SCREEN[1] - height) // 2)}
        self.command("POST", "window/rect", {**corner, "width": width, "height": height})
        self.go(url)

    def close(self):
        self.command("DELETE", "window")
        self.browser.current = None

    def command(self, method, path, body=None):
        self.browser.focus(self.window)
        return self.browser.command(method, path, body)

    def _navigate(self, url):
        self.command("POST", "url", {"url": url})

    def _evaluate(self, code):
        # The driver waits in vain for a promise of a page that is replaced meanwhile: it is asked again and again. The
        # code is in the script's own text, because the policy of a page may forbid to evaluate one.
        number = next(self.numbers)
        self._execute(
            f"const box = window.evaluated = {{ number: {number} }}; {code}.then("
            "(value) => { box.value = value ?? null; }, (error) => { box.error = `${error}\\n${error?.stack}`; });")

        def answer():
            box = self._execute("return window.evaluated ?? null")
            if not box or box["number"] != number:
                raise browser.Replaced(code)
            return box if len(box) > 1 else None

        result = eventually(answer, code, timeout=60)
        assert "error" not in result, result["error"]
        return result["value"]

    # The driver never hears of a script in a page that is put into the browser's cache: it is told where to go.
    def back(self):
        self.command("POST", "back")

    def reload(self):
        self.command("POST", "refresh")

    def _execute(self, script):
        return self.command("POST", "execute/sync", {"script": script, "args": []})

    def _screenshot(self):
        return base64.b64decode(self.command("GET", "screenshot"))

    def press(self, key):
        """A key, as a person presses it."""
        value = KEYS.get(key, key)
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self.command("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def accessible(self):
        """Role and name of each part that may have them, as assistive technology is told."""
        parts = "a[href], button, input, textarea, summary, section, main, h1, h2, ol, ul, table, [role], [aria-label]"
        parts = f":is({parts}):not([hidden], [hidden] *)"
        found = self.command("POST", "elements", {"using": "css selector", "value": parts})
        numbers = [number for one in found for number in one.values()]
        return [
            tuple(self.command("GET", f"element/{number}/{what}") for what in ("computedrole", "computedlabel"))
            for number in numbers]

    @contextlib.contextmanager
    def offline(self):
        self.require("offline")
        yield
