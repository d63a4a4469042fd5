"""Firefox, headless, by WebDriver BiDi, which it speaks itself."""

import base64
import contextlib
import itertools
import json
import pathlib
import shutil
import subprocess
import tempfile

from websockets.sync.client import connect

from . import browser, waiting

# Nothing of the first start, no updates, and nothing that is asked of its maker.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.discovery.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processPrelaunch.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # Without a network there is none here either.
    "network.disable-localhost-when-offline": True,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.cosmeticAnimations.enabled": False,
    "toolkit.telemetry.enabled": False,
}
KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011", "ArrowUp": "\ue013",
    "ArrowDown": "\ue015",
}

# The tree of the tab that shows a page, when it is whole.
ACCESSIBLE = """(async () => {
  const service = Cc["@mozilla.org/accessibilityService;1"].getService(Ci.nsIAccessibilityService);
  const { gBrowser } = Services.wm.getMostRecentWindow("navigator:browser");
  const shown = gBrowser.browsers.findLast((one) => one.currentURI.spec === {url});
  gBrowser.selectedTab = gBrowser.getTabForBrowser(shown);
  const found = [];
  const walk = (node) => {
    found.push([service.getStringRole(node.role), node.name ?? ""]);
    for (let child = node.firstChild; child; child = child.nextSibling) walk(child);
  };
  for (let attempt = 0; attempt < 200 && found.length < 20; attempt++) {
    await new Promise((done) => setTimeout(done, 20));
    found.length = 0;
    const frame = service.getAccessibleFor(shown);
    if (frame?.firstChild) walk(frame.firstChild);
  }
  return JSON.stringify(found);
})()"""


def find():
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Browser:
    """One browser process with a profile of its own, and the connection to it."""

    name = "firefox"

    def __init__(self):
        self.resources = contextlib.ExitStack()
        self.profile = tempfile.TemporaryDirectory(prefix="wsqueue-browser-", ignore_cleanup_errors=True)
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(PREFERENCES[name])});\n" for name in PREFERENCES)
        pathlib.Path(self.profile.name, "user.js").write_text("".join(lines))
        self.process = subprocess.Popen(
            [
                find(), "--headless", "--no-remote", "--profile", self.profile.name, "--remote-debugging-port", "0",
                # The preferences that stand for the system's settings are not a page's.
                "--remote-allow-system-access",
            ],
            env={"PATH": "/usr/bin:/bin", "HOME": self.profile.name, "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if b"WebDriver BiDi listening on " in line:
                address = line.split()[-1].decode()
                break
        else:
            raise AssertionError("the browser did not start")
        self.connection = self.resources.enter_context(
            connect(address + "/session", max_size=None, ping_interval=None))
        self.numbers = itertools.count(1)
        self.pages = {}
        self.command("session.new", capabilities={"alwaysMatch": {}})
        self.command("session.subscribe", events=["log.entryAdded"])
        self.chrome = self.command("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"][0]["context"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.resources.close()
        self.process.terminate()
        self.process.communicate(timeout=20)
        self.profile.cleanup()

    def open(self, url, **look):
        return Page(self, url, **look)

    def command(self, method, **parameters):
        number = next(self.numbers)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.connection.recv(timeout=30 * waiting.patience))
            if answer.get("method") == "log.entryAdded":
                page = self.pages.get(answer["params"]["source"].get("context"))
                # Not what the page itself says on the console.
                if page and answer["params"]["type"] == "javascript":
                    page.complaints.append(answer["params"])
            if answer.get("id") == number:
                if answer["type"] == "error" and answer["error"] in ("no such frame", "unknown error", "no such node"):
                    raise browser.Replaced(answer)
                assert answer["type"] == "success", answer
                return answer["result"]

    def evaluate(self, context, code):
        result = self.command("script.evaluate", expression=code, awaitPromise=True, target={"context": context})
        assert result["type"] == "success", result
        return result["result"].get("value")

    def system(self, code):
        """Runs what the browser's own windows may."""
        return self.evaluate(self.chrome, code)


class Page(browser.Page):
    """A tab."""

    engine = "firefox"

    def __init__(self, parent, url, width=1200, height=800, dark=False, forced_colors=False):
        super().__init__()
        self.browser = parent
        parent.system(
            f"Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', {0 if dark else 1});"
            f"Services.prefs.setIntPref('browser.display.document_color_use', {2 if forced_colors else 0})")
        self.context = parent.command("browsingContext.create", type="tab")["context"]
        parent.pages[self.context] = self
        self.complaints = []
        self.command("browsingContext.setViewport", viewport={"width": width, "height": height})
        self.go(url)

    def close(self):
        self.command("browsingContext.close")
        del self.browser.pages[self.context]

    def command(self, method, **parameters):
        return self.browser.command(method, context=self.context, **parameters)

    def _navigate(self, url):
        self.command("browsingContext.navigate", url=url, wait="complete")

    def _evaluate(self, code):
        return self.browser.evaluate(self.context, code)

    def _screenshot(self):
        return base64.b64decode(self.command("browsingContext.captureScreenshot")["data"])

    def press(self, key):
        """A key, as a person presses it."""
        value = KEYS.get(key, key)
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self.command("input.performActions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def accessible(self):
        """Role and name of each part, as assistive technology is told."""
        return json.loads(self.browser.system(ACCESSIBLE.replace("{url}", json.dumps(self.evaluate("location.href")))))

    @contextlib.contextmanager
    def offline(self):
        """There is no network."""
        self.browser.system("Services.io.offline = true")
        try:
            yield
        finally:
            self.browser.system("Services.io.offline = false")
