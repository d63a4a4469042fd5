"""A headless Chromium, driven by its own protocol (DevTools) over a WebSocket."""

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile

from websockets.sync.client import connect

from .waiting import eventually

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser():
    """The path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser process with a profile of its own."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="wsqueue-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [
                find_browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0",
                f"--user-data-dir={self.profile.name}", "about:blank",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if line.startswith(b"DevTools listening on "):
                self.address = line.split()[-1].decode()
                break
        else:
            raise AssertionError("the browser did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=20)
        self.profile.cleanup()

    def open(self, url, **size):
        return Page(self.address, url, **size)


class Page:
    """A tab."""

    def __init__(self, browser, url, width=1200, height=800, dark=False):
        self.resources = contextlib.ExitStack()
        self.connection = self.resources.enter_context(connect(browser, max_size=None))
        self.number = 0
        self.session = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])
        self.complaints = []
        self.command("Log.enable")
        self.command("Runtime.enable")
        self.command("Page.enable")
        self.go(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.command("Page.close")
        self.resources.close()

    def command(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.connection.send(json.dumps(request))
        while True:
            answer = json.loads(self.connection.recv(timeout=20))
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(answer["params"])
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def go(self, url):
        """Loads another page."""
        here = self.evaluate("location.href")
        self.command("Page.navigate", url=url)
        self.wait_for(f"location.href !== {json.dumps(here)} && document.readyState === 'complete'")

    def evaluate(self, expression):
        """The value of a JavaScript expression; a promise is awaited."""
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, expression, timeout=10.0):
        """The first true value of an expression."""
        return eventually(lambda: self.evaluate(expression), lambda: f"{expression}: {self.text()}", timeout)

    def text(self):
        return self.evaluate("document.body.innerText")

    def screenshot(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"]))
