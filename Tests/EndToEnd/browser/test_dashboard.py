"""The dashboards of README and examples as they are: right at once, and again after whatever has happened meanwhile."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from support.files import name_of, place, waiting
from support.pages import serving
from support.places import EXAMPLES, ROOT
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


def push_out(server, queue, numbers):
    """Lines of others that take all the room of the history."""
    line = json.dumps({"event": "line", "channel": "logs", "payload": "x" * 200})
    before = len(server.logged("journal.trim"))
    while len(server.logged("journal.trim")) == before:
        place(queue, name_of(next(numbers)) + "l", f"{line}\n" * 100)
        eventually(lambda: not waiting(queue), "they are sent")


def of_readme(kind):
    """The block of the README that the dashboard is copied from."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    [block] = [block for block in blocks if "job.done" in block]
    return block


def test_the_dashboard_of_the_readme_is_right_after_a_kill_a_days_sleep_and_a_trimmed_journal(
        start, memory_queue, browser, binaries):
    """Copied and pasted: the page, and the commands of the shell."""
    options, numbers = ["--journal-size", "64K", "--journal-age", "1s"], iter(range(1_000))
    progress, done = of_readme("sh").splitlines()
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "WSQUEUE_DIR": str(memory_queue)}

    def paste(command):
        subprocess.run(["sh", "-c", command], check=True, env=environment)

    def begin(*listen):
        return start(*options, directory=memory_queue, **({"listen": listen[0]} if listen else {}))
    server = begin()
    address = f"127.0.0.1:{server.port}"
    paste(progress)
    eventually(lambda: not waiting(memory_queue), "it is sent")
    text = of_readme("html").replace("127.0.0.1:8081", address)
    with serving({"/": text}) as host, browser.open(host + "/") as page:
        shows(page, "job:42: 57 %")
        paste(progress.replace("57", "58"))
        shows(page, "job:42: 58 %")
        # Killed, and something happens while it is not there.
        server.process.kill()
        server.exit_status()
        paste(progress.replace("42", "43").replace("57", "1"))
        server = begin(address)
        shows(page, "job:42: 58 %", "job:43: 1 %")
        # Asleep for longer than anything is kept.
        with page.asleep():
            server.process.kill()
            server.exit_status()
            server = begin(address)
            paste(done)
            paste(progress.replace("42", "44").replace("57", "2"))
            eventually(lambda: not waiting(memory_queue), "they are sent")
            slept = time.monotonic() + 1
            eventually(lambda: time.monotonic() > slept, "all is too old")
            push_out(server, memory_queue, numbers)
        shows(page, "job:43: 1 %", "job:44: 2 %")
        # The history is trimmed while the connection is there, and while it is not.
        push_out(server, memory_queue, numbers)
        server.process.kill()
        server.exit_status()
        paste(done.replace("42", "43"))
        server = begin(address)
        push_out(server, memory_queue, numbers)
        shows(page, "job:44: 2 %")
        page.go(host + "/?again")
        shows(page, "job:44: 2 %")
        paste(done.replace("42", "44"))
        shows(page)


def made(name, server):
    """What PHP makes of a page now."""
    address = f"http://127.0.0.1:{server.port}"
    return subprocess.run(
        ["php", str(EXAMPLES / "php" / name)], env={**os.environ, "WSQUEUE_SERVER": address}, check=True,
        capture_output=True, text=True, timeout=20).stdout


@pytest.mark.skipif(not shutil.which("php"), reason="no PHP")
def test_the_dashboard_by_php_is_right_before_its_script_has_run(start, memory_queue, browser, binaries):
    options = ["--journal-size", "64K"]
    server = start(*options, directory=memory_queue)
    publish(binaries, memory_queue, "-k", "job:<1>", "job.progress", "pct:=10")
    publish(binaries, memory_queue, "-k", "job:2", "job.progress", "pct:=20")
    publish(binaries, memory_queue, "-k", "job:2", "--clear", "job.done")
    pages = {"/": made("dashboard.php", server)}
    assert re.findall("<li id=.*</li>", pages["/"]) == ['<li id="job:&lt;1&gt;">job:&lt;1&gt;: 10 %</li>']
    # Between its making and its showing.
    publish(binaries, memory_queue, "-k", "job:3", "job.progress", "pct:=30")
    with serving(pages) as host, browser.open(host + "/") as page:
        shows(page, "job:3: 30 %", "job:<1>: 10 %")
        # From now on the page is made when it is asked for: at a gap it is, once.
        pages["/"] = lambda: made("dashboard.php", server)
        server.process.kill()
        server.exit_status()
        for words in (["-k", "job:<1>", "--clear", "job.done"], ["-k", "job:4", "job.progress", "pct:=40"]):
            subprocess.run([binaries / "wsqueue-publish", "-d", memory_queue, "-c", "jobs", *words], check=True)
        server = start(*options, directory=memory_queue, listen=f"127.0.0.1:{server.port}")
        push_out(server, memory_queue, iter(range(1_000)))
        shows(page, "job:3: 30 %", "job:4: 40 %")


@pytest.mark.skipif(not shutil.which("php"), reason="no PHP")
def test_a_page_that_is_made_while_no_server_is_there_has_nothing_to_show(start, memory_queue):
    server = start(directory=memory_queue)
    server.terminate()
    text = made("dashboard.php", server)
    assert "<li" not in text and "since: null ?? undefined" in text and "Warning" not in text


def test_an_order_list_heals_its_gap(start, memory_queue, browser, binaries):
    def change(key, *words):
        subprocess.run(
            [binaries / "wsqueue-publish", "-d", memory_queue, "-c", "orders", "-k", key, *words], check=True)
    server = start("--journal-size", "64K", directory=memory_queue)
    change("order:7", "order.changed", "customer=<Bob>", "status=new")
    change("order:8", "order.changed", "customer=Zoë", "status=new")
    text = (EXAMPLES / "browser/orders.html").read_text().replace("127.0.0.1:8081", f"127.0.0.1:{server.port}")
    orders = "[...document.querySelectorAll('#orders li')].map((item) => item.textContent)"
    with serving({"/": text}) as host, browser.open(host + "/") as page:
        def lists(*lines):
            eventually(lambda: page.evaluate(orders) == list(lines), lambda: page.evaluate(orders))
        lists("order:7: <Bob>, new", "order:8: Zoë, new")
        page.run("window.stays = 1")
        server.process.kill()
        server.exit_status()
        change("order:7", "order.changed", "customer=<Bob>", "status=paid")
        change("order:8", "--clear", "order.closed")
        change("order:9", "order.changed", "customer=Eve", "status=new")
        server = start("--journal-size", "64K", directory=memory_queue, listen=f"127.0.0.1:{server.port}")
        push_out(server, memory_queue, iter(range(1_000)))
        lists("order:7: <Bob>, paid", "order:9: Eve, new")
        assert page.evaluate("[window.stays, document.getElementById('lost').hidden, queue.counters.gaps]") == [
            1, True, 0]


def test_the_progress_of_a_cron_job_is_seen_and_ends_with_it(start, memory_queue, browser, binaries, tmp_path):
    server = start(directory=memory_queue)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    tool = tmp_path / "tool"
    tool.write_text(f'#!/bin/sh\nread line <{gate}\ntest "$line" = go\n')
    tool.chmod(0o755)
    text = (EXAMPLES / "dashboard/index.html").read_text().replace("127.0.0.1:8081", f"127.0.0.1:{server.port}")
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "WSQUEUE_DIR": str(memory_queue)}
    command = [EXAMPLES / "cron/progress.sh", "thumbs", tool, "a", "b", "c", "d"]
    for words, status in ((["go"] * 4, 0), (["go", "stop"], 1)):
        with subprocess.Popen(command, env=environment) as process:
            eventually(lambda: not waiting(memory_queue), "it is sent")
            with serving({"/": text}) as host, browser.open(host + "/") as page:
                for number, word in enumerate(words):
                    shows(page, f"job:thumbs: {25 * number} %")
                    gate.write_text(f"{word}\n")
                shows(page)
        assert process.returncode == status
    server.wait_for("event.sent", event="job.done")
