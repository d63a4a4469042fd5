"""Chromium, headless, by its DevTools protocol."""

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile

from websockets.sync.client import connect

from . import browser, waiting

NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {
    "Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowUp": 38, "ArrowDown": 40, " ": 32,
}
# What it says where the document goes while it is asked about it.
REPLACED = ("context", "Inspected target navigated", "Not attached to an active page")


def find():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser process with a profile of its own."""

    name = "chromium"

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="wsqueue-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [
                find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
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

    def open(self, url, **look):
        return Page(self, url, **look)


class Page(browser.Page):
    """A tab."""

    engine = "chromium"

    def __init__(self, parent, url, width=1200, height=800, dark=False, forced_colors=False):
        super().__init__()
        # A browser that stands still does not answer pings.
        self.connection = self.resources.enter_context(connect(parent.address, max_size=None, ping_interval=None))
        self.number = 0
        self.session = None
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        features = {
            "prefers-color-scheme": "dark" if dark else "light", "forced-colors": "active" if forced_colors else "none",
        }
        self.command(
            "Emulation.setEmulatedMedia", features=[{"name": name, "value": features[name]} for name in features])
        self.complaints = []
        self.command("Log.enable")
        self.command("Runtime.enable")
        self.command("Page.enable")
        self.go(url)

    def close(self):
        self.command("Page.close")

    def command(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.connection.send(json.dumps(request))
        while True:
            answer = json.loads(self.connection.recv(timeout=20 * waiting.patience))
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(answer["params"])
            if answer.get("id") == self.number:
                if any(words in answer.get("error", {}).get("message", "") for words in REPLACED):
                    raise browser.Replaced(answer)
                assert "error" not in answer, answer
                return answer["result"]

    def _navigate(self, url):
        self.command("Page.navigate", url=url)

    def _evaluate(self, code):
        result = self.command("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def _screenshot(self):
        return base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])

    def press(self, key):
        """A key, as a person presses it."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        self.command(
            "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=key, windowsVirtualKeyCode=code,
            **text)
        self.command("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def accessible(self):
        """Role and name of each part, as assistive technology is told."""
        return [
            (node["role"]["value"], node.get("name", {}).get("value") or "")
            for node in self.command("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]

    @contextlib.contextmanager
    def asleep(self):
        """The page is frozen."""
        self.command("Page.setWebLifecycleState", state="frozen")
        yield
        self.command("Page.setWebLifecycleState", state="active")

    @contextlib.contextmanager
    def offline(self):
        """There is no network."""
        with_network = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.command("Network.enable")
        self.command("Network.emulateNetworkConditions", **{**with_network, "offline": True})
        yield
        self.command("Network.emulateNetworkConditions", **with_network)
