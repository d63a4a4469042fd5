"""The examples, run as they are."""

import http.server
import pathlib
import shutil
import subprocess
import sys
import threading

import pytest

from support.files import waiting
from support.waiting import eventually

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
WAYS = {
    "shell": ["sh", str(EXAMPLES / "shell/publish.sh")],
    "python": [sys.executable, str(EXAMPLES / "python/wsqueue.py")],
    "php": ["php", str(EXAMPLES / "php/wsqueue.php")],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_example_publishes_an_event_that_arrives(client, queue, way):
    if not shutil.which(WAYS[way][0]):
        pytest.skip(f"no {way}")
    subprocess.run([*WAYS[way], str(queue), "order.created", '{"id":7,"customer":"Zoë"}'], check=True, timeout=20)
    [event] = client.receive_events()
    assert (event["event"], event["payload"]) == ("order.created", {"id": 7, "customer": "Zoë"})
    eventually(lambda: waiting(queue) == [], "the file is deleted")
    assert [path.name for path in queue.iterdir() if path.name not in (".lock", ".journal")] == []


@pytest.mark.parametrize("way", WAYS)
def test_an_example_says_when_it_cannot_publish(tmp_path, way):
    if not shutil.which(WAYS[way][0]):
        pytest.skip(f"no {way}")
    result = subprocess.run([*WAYS[way], str(tmp_path / "nowhere"), "order.created"], capture_output=True, timeout=20)
    assert result.returncode != 0 and (result.stderr or result.stdout)


class Pages(http.server.SimpleHTTPRequestHandler):
    """Serves the browser example with the address of the server under test in place of the usual one."""

    def do_GET(self):
        text = (EXAMPLES / "browser/index.html").read_text().replace("ws://127.0.0.1:8081/", self.server.address)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_the_browser_example_shows_an_event_and_reconnects(start, queue, publish, browser):
    first = start()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as pages:
        pages.address = first.address
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        with browser.open(f"http://127.0.0.1:{pages.server_port}/") as page:
            first.wait_for("client.open")
            publish("order.created", "id:=7")
            page.wait_for("document.body.textContent.includes('order.created {\"id\":7}')")
            assert first.terminate() == 0
            second = start(listen=f"127.0.0.1:{first.port}")
            second.wait_for("client.open", timeout=20)
            publish("again")
            page.wait_for("document.body.textContent.includes('again null')")
        pages.shutdown()


def test_the_readme_shows_the_examples_as_they_are():
    readme = (EXAMPLES.parent / "README.md").read_text()
    assert (EXAMPLES / "browser/index.html").read_text().strip() in readme
