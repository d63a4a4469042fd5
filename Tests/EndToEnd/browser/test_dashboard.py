"""examples/dashboard as it is: right at once, and again after whatever has happened meanwhile."""

import json
import subprocess

from support.files import name_of, place, waiting
from support.pages import serving
from support.places import EXAMPLES
from support.waiting import eventually

LINES = "[...document.querySelectorAll('#jobs li')].map((item) => item.textContent).sort()"


def publish(binaries, queue, *words):
    subprocess.run([binaries / "wsqueue-publish", "-d", queue, "-c", "jobs", "-w5s", *words], check=True)


def shows(page, *lines):
    eventually(lambda: page.evaluate(LINES) == list(lines), lambda: page.evaluate(LINES))


def test_the_dashboard_is_right_after_a_kill_a_trimmed_journal_and_a_reload(start, memory_queue, browser, binaries):
    options = ["--journal-size", "64K", "--journal-age", "2s"]
    server = start(*options, directory=memory_queue)
    publish(binaries, memory_queue, "-k", "job:1", "job.progress", "pct:=10")
    publish(binaries, memory_queue, "-k", "job:2", "job.progress", "pct:=20")
    text = (EXAMPLES / "dashboard" / "index.html").read_text().replace("127.0.0.1:8081", f"127.0.0.1:{server.port}")
    with serving({"/": text}) as host, browser.open(host + "/") as page:
        shows(page, "job:1: 10 %", "job:2: 20 %")
        publish(binaries, memory_queue, "-k", "job:1", "job.progress", "pct:=11")
        shows(page, "job:1: 11 %", "job:2: 20 %")
        server.process.kill()
        server.exit_status()
        # While nobody is there one job ends and another begins, and the history is pushed out.
        for words in (["-k", "job:2", "--clear", "job.done"], ["-k", "job:3", "job.progress", "pct:=1"]):
            subprocess.run(
                [binaries / "wsqueue-publish", "-d", memory_queue, "-c", "jobs", *words], check=True)
        server = start(*options, directory=memory_queue, listen=f"127.0.0.1:{server.port}")
        line = json.dumps({"event": "line", "channel": "logs", "payload": "x" * 200})
        for batch in range(8):
            place(memory_queue, name_of(batch) + "l", f"{line}\n" * 100)
            eventually(lambda: not waiting(memory_queue), "they are sent")
        server.wait_for("journal.trim")
        shows(page, "job:1: 11 %", "job:3: 1 %")
        page.go(host + "/?again")
        shows(page, "job:1: 11 %", "job:3: 1 %")
        assert page.evaluate("queue.counters.gaps") == 0
