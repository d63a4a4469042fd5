"""The packages of examples/, each installed by its own tool from its folder without a network, and then called."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from support.files import place, published, waiting
from support.golang import GO, build_go
from support.places import EXAMPLES, ROOT
from support.stream import Stream
from support.waiting import eventually

DRIVERS = pathlib.Path(__file__).parent / "packages"
# What a package is, beside its code.
MANIFESTS = {
    "python": {"pyproject.toml"}, "node": {"package.json", "wsqueue.d.mts"}, "ruby": {"wsqueue-publish.gemspec"},
    "go": {"go.mod", "wsqueue.go", "check.go", "queue.go"}, "php": {"composer.json"}, "perl": {"Makefile.PL"},
}
NAMES = {case["id"]: case["file"] for case in json.loads((ROOT / "Tests/Vectors/names.json").read_text())}


def run(*command, where, **environment):
    command = [str(word) for word in command]
    result = subprocess.run(
        command, cwd=where, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=240)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program}")


# Each installs a copy of the package below a place, and gives the command that runs its driver and what it needs.


def python(package, place):
    run(sys.executable, "-m", "venv", "--without-pip", place / "venv", where=place)
    if subprocess.run([sys.executable, "-c", "import setuptools.build_meta, pip"], capture_output=True).returncode:
        pytest.skip("no setuptools")
    [site] = (place / "venv/lib").glob("python3*/site-packages")
    run(sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", "-q",
        "--target", site, package, where=place)
    return [place / "venv/bin/python", "driver.py"], {}


def node(package, place):
    needs("node", "npm")
    environment = {"npm_config_cache": str(place / "cache"), "npm_config_offline": "true"}
    [tarball] = json.loads(run("npm", "pack", "--json", package, where=place, **environment))
    (place / "package.json").write_text('{"private": true}')
    run("npm", "install", "--no-audit", "--no-fund", place / tarball["filename"], where=place, **environment)
    assert {file["path"] for file in tarball["files"]} == {"package.json", "wsqueue.mjs", "wsqueue.d.mts"}
    return ["node", "driver.mjs"], {}


def go(package, place):
    needs("go")
    run("go", "vet", ".", where=package, **GO)
    assert run("gofmt", "-l", ".", where=package) == ""
    return [build_go(place / "driver.go", package)], {}


def ruby(package, place):
    needs("ruby", "gem")
    home = {"GEM_HOME": str(place / "gems"), "GEM_PATH": str(place / "gems")}
    run("gem", "build", "-o", place / "package.gem", "wsqueue-publish.gemspec", where=package, **home)
    run("gem", "install", "--local", "--no-document", place / "package.gem", where=place, **home)
    return ["ruby", "-w", "driver.rb"], home


def php(package, place):
    needs("php", "composer")
    (place / "composer.json").write_text(json.dumps({
        "repositories": [
            {"packagist.org": False}, {"type": "path", "url": str(package), "options": {"symlink": False}}],
        "require": {"wsqueue/publish": "*"}}))
    run("composer", "install", "--no-interaction", "--quiet", where=place, COMPOSER_HOME=str(place / "home"),
        COMPOSER_ALLOW_SUPERUSER="1", COMPOSER_DISABLE_NETWORK="1")
    return ["php", "driver.php"], {}


def perl(package, place):
    needs("perl", "make")
    base = place / "perl"
    run("perl", "Makefile.PL", f"INSTALL_BASE={base}", "NO_PACKLIST=1", "NO_PERLLOCAL=1", where=package)
    run("make", "-s", "install", where=package)
    return ["perl", "driver.pl"], {"PERL5LIB": str(base / "lib/perl5")}


WAYS = {"python": python, "node": node, "go": go, "ruby": ruby, "php": php, "perl": perl}


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Installs packages, each once in this process."""
    made = {}

    def install(language):
        if language not in made:
            place = tmp_path_factory.mktemp(language)
            package = place / "package"
            shutil.copytree(EXAMPLES / language, package)
            for driver in DRIVERS.glob("driver.*"):
                if driver.suffix != ".go" or language == "go":
                    shutil.copy(driver, place)
            made[language] = place, *WAYS[language](package, place)
            # Nothing of the folder is needed any more: what runs is what was installed.
            shutil.rmtree(package)
        return made[language]
    return install


class Caller:
    """A process with the installed package, which does what it is told."""

    def __init__(self, place, command, environment, directory):
        environment = {**os.environ, **environment, "WSQUEUE_DIR": str(directory), "PYTHONPATH": ""}
        self.process = subprocess.Popen(
            command, cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words, **rest):
        self.begin(*words, **rest)
        return self.end()

    def begin(self, call, event=None, payload=None, members=None, **rest):
        given = {"call": call, "event": event or "", "payload": payload, "members": members or {}, **rest}
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        assert line, "the driver has ended"
        return json.loads(line)

    def has_open(self, path):
        """Whether it waits with the file open."""
        files = pathlib.Path(f"/proc/{self.process.pid}/fd")
        return any(os.path.realpath(file) == str(path) for file in files.iterdir())

    def __call__(self, *words, **rest):
        said = self.ask(*words, **rest)
        assert "error" not in said, said
        return said["is"]

    def refused(self, kind, *words, **rest):
        """What it says where it must raise an error of a kind."""
        said = self.ask(*words, **rest)
        assert said.get("error") == kind, said
        return said["says"]


@pytest.fixture
def caller(installed):
    made = []

    def start(language, directory):
        made.append(Caller(*installed(language), directory))
        return made[-1]
    yield start
    for one in made:
        one.process.stdin.close()
        one.process.stdout.close()
        one.process.wait(20)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(f"package {name}")) for name in WAYS])
def package(request, caller, queue):
    """The installed package of a language, on the queue."""
    one = caller(request.param, queue)
    one.language, one.start = request.param, lambda directory: caller(request.param, directory)
    return one


def test_manifests_have_the_version_of_the_program(publish):
    version = publish("--version").stdout.split()[1]
    said = {
        "python": re.search(r'__version__ = "(.+)"', (EXAMPLES / "python/wsqueue.py").read_text())[1],
        "node": json.loads((EXAMPLES / "node/package.json").read_text())["version"],
        "ruby": re.search(r'VERSION = "(.+)"', (EXAMPLES / "ruby/wsqueue.rb").read_text())[1],
        "php": json.loads((EXAMPLES / "php/composer.json").read_text())["version"],
        "perl": re.search(r"VERSION = '(.+)'", (EXAMPLES / "perl/WSQueue.pm").read_text())[1],
    }
    assert said == dict.fromkeys(said, version)
    assert all(names <= set(os.listdir(EXAMPLES / language)) for language, names in MANIFESTS.items())


TYPES = """
import { Publisher, publish, Refused, type Receipt } from "wsqueue-publish";
const queue = new Publisher("queue", { encode: (payload) => JSON.stringify(payload), sync: true });
const receipt: Receipt = queue.publish("a", { n: 1 }, { channel: "orders", except: [18n] });
const text: string | undefined = queue.batch([{ event: "a", payload: 1, key: "k" }])?.id;
const word: string = queue.hold("a");
queue.wait(receipt, 2).then(({ state }) => state === "sent");
// @ts-expect-error
queue.publish("a", 1, { chanel: "orders" });
// @ts-expect-error
queue.at("soon", "a");
export const used = [text, word, publish("queue", "a"), new Refused("why"), queue.in(5, "a").isNew];
"""


@pytest.mark.skipif(not shutil.which("tsc"), reason="no tsc")
def test_the_types_of_node_are_those_of_the_package(installed):
    place, *_ = installed("node")
    (place / "use.mts").write_text(TYPES)
    # Only what is wrong is said, and what is not marked as wrong here must not be.
    run("tsc", "--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "use.mts", where=place)


# Eight children, forked while threads publish, and these threads: each publishes ten.
MANY = {
    "python": """
import os, threading, wsqueue
queue = wsqueue.Publisher()
def ten(who):
    for n in range(10): queue.publish("n", [who, n])
def go_on():
    while not is_over.is_set(): wsqueue._names.next()
is_over = threading.Event()
threads = [threading.Thread(target=ten, args=(f"t{n}",)) for n in range(4)] + [threading.Thread(target=go_on)]
for one in threads: one.start()
for child in range(8):
    if os.fork() == 0:
        ten(f"c{child}")
        os._exit(0)
is_over.set()
for one in threads: one.join()
for child in range(8): assert os.wait()[1] == 0
""",
    "node": """
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { Publisher } from "wsqueue-publish";
if (isMainThread) for (let n = 0; n < 4; n += 1) new Worker(new URL(import.meta.url), { workerData: n });
const queue = new Publisher();
for (let n = 0; n < 10; n += 1) queue.publish("n", [isMainThread ? "main" : `w${workerData}`, n]);
""",
    "go": """package main

import (
\t"sync"
\t"wsqueue"
)

func main() {
\tqueue := wsqueue.New("")
\tvar all sync.WaitGroup
\tfor who := 0; who < 8; who++ {
\t\tall.Add(1)
\t\tgo func(who int) {
\t\t\tdefer all.Done()
\t\t\tfor n := 0; n < 10; n++ {
\t\t\t\tif _, err := queue.Publish(wsqueue.Event{Event: "n", Payload: []any{who, n}}); err != nil {
\t\t\t\t\tpanic(err)
\t\t\t\t}
\t\t\t}
\t\t}(who)
\t}
\tall.Wait()
}
""",
    "ruby": """
require "wsqueue"
queue = WSQueue::Publisher.new
ten = ->(who) { 10.times { |n| queue.publish("n", [who, n]) } }
threads = 4.times.map { |n| Thread.new { ten.("t#{n}") } }
8.times { |n| fork { ten.("c#{n}") } }
threads.each(&:join)
Process.waitall.each { |_, status| status.success? or raise "a child has failed" }
""",
    "php": """<?php
require 'vendor/autoload.php';
$queue = new WSQueue\\Publisher();
$ten = function ($who) use ($queue) { for ($n = 0; $n < 10; $n++) { $queue->publish('n', [$who, $n]); } };
$queue->publish('n', ['first', 0]);
$children = function_exists('pcntl_fork') ? 8 : 0;
for ($child = 0; $child < $children; $child++) {
    if (pcntl_fork() === 0) { $ten("c$child"); exit(0); }
}
$ten('main');
while ($children-- > 0) { pcntl_wait($status); }
""",
    "perl": """
use WSQueue;
my $queue = WSQueue->new;
sub ten { my $who = shift; $queue->publish('n', [$who, $_]) for 0 .. 9 }
$queue->publish('n', ['first', 0]);
for my $child (1 .. 8) { if (!fork) { ten("c$child"); exit 0 } }
ten('main');
1 while wait != -1;
""",
}


@pytest.mark.parametrize(
    "language", [pytest.param(name, marks=pytest.mark.xdist_group(f"package {name}")) for name in MANY])
def test_threads_and_children_have_names_of_their_own(installed, queue, language):
    place, command, environment = installed(language)
    program = place / {"python": "many.py", "node": "many.mjs", "go": "many/many.go", "ruby": "many.rb",
                       "php": "many.php", "perl": "many.pl"}[language]
    program.parent.mkdir(exist_ok=True)
    program.write_text(MANY[language])
    run(*([build_go(program)] if language == "go" else [*command[:-1], program]), where=place, WSQUEUE_DIR=str(queue),
        **environment)
    events, names = published(queue), waiting(queue)
    # Each publisher's are in the order in which it published them.
    heads = {"node": 5, "go": 8, "php": 10, "perl": 10}
    numbers = {}
    for event in events:
        numbers.setdefault(event["payload"][0], []).append(event["payload"][1])
    assert set(map(tuple, numbers.values())) <= {(0,), tuple(range(10))}
    assert len(numbers) == heads.get(language, 12) and len({name.partition("-")[2] for name in names}) == len(names)


def test_an_event_is_published_without_a_server(package, queue):
    before = time.time_ns()
    receipt = package("publish", "order.created", {"id": 7, "name": "Zoë </b>"}, {"channel": "orders", "key": None})
    assert receipt["is_new"] and waiting(queue) == [f"{receipt['id']}.json"]
    assert pathlib.Path(receipt["path"]) == queue / f"{receipt['id']}.json"
    assert re.fullmatch(r"\d{19}-\d+-\d+-[0-9a-f]{8}", receipt["id"])
    assert before - 10**6 <= int(receipt["id"][:19]) <= time.time_ns()
    [event] = published(queue)
    assert event.pop("timestamp") in (int(before / 1e9), int(time.time()))
    assert before / 1e9 - 0.001 <= event.pop("queued_at") <= time.time()
    assert event == {"event": "order.created", "payload": {"id": 7, "name": "Zoë </b>"}, "channel": "orders"}
    assert os.stat(receipt["path"]).st_mode & 0o7777 == 0o644
    assert [name for name in os.listdir(queue) if name.startswith(".")] == []


def test_an_id_is_published_once(package, queue):
    for id, name in NAMES.items():
        first = package("publish", "a", 1, {"id": id})
        again = package("publish", "a", 2, {"id": id})
        assert (first["id"], first["is_new"], pathlib.Path(first["path"]).name) == (id, True, name)
        assert (again["id"], again["is_new"], again["path"]) == (id, False, first["path"])
    assert {(event["id"], event["payload"]) for event in published(queue)} == {(id, 1) for id in NAMES}
    assert [name for name in os.listdir(queue) if name.startswith(".")] == []


def test_what_a_killed_publisher_has_left_of_an_id_is_no_event(package, queue):
    first = package("publish", "a", 1, {"id": "one"})
    os.link(first["path"], queue / ".half.json.tmp")
    again = package("publish", "a", 2, {"id": "one"})
    assert again["is_new"] and again["path"] == first["path"] and os.stat(again["path"]).st_nlink == 1
    assert [(event["id"], event["payload"]) for event in published(queue)] == [("one", 2)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_an_id_of_another_user_is_another_events(package, queue):
    place(queue, "id-x.json", '{"event":"theirs"}')
    os.chown(queue / "id-x.json", 12345, 12345)
    receipt = package("publish", "ours", None, {"id": "x"})
    assert receipt["is_new"] and re.fullmatch(r"\d{19}-.*", pathlib.Path(receipt["path"]).name)
    assert sorted(event["event"] for event in published(queue)) == ["ours", "theirs"]
    assert {event.get("id") for event in published(queue)} == {"x", None}


def test_events_come_in_the_order_of_the_calls(package, start):
    times = []
    for number in range(12):
        # Names of ids say the opposite order.
        receipt = package("publish", "n", number, {"id": f"n{99 - number}"} if number % 3 else {})
        name = pathlib.Path(receipt["path"]).name
        times.append(os.stat(receipt["path"]).st_mtime_ns if name.startswith("id-") else int(name[:19]))
    assert times == sorted(set(times))
    with Stream(start(), "/events?since=all") as stream:
        assert [event["payload"] for event in stream.receive_events(12)] == list(range(12))


def test_a_batch_is_one_file(package, queue):
    receipt = package("batch", events=[
        {"event": "a", "payload": {"text": "one\ntwo"}, "channel": "orders"}, {"event": "b", "id": "b-1"},
        {"event": "c"}])
    assert waiting(queue) == [f"{receipt['id']}.jsonl"]
    events = published(queue)
    assert [event["event"] for event in events] == ["a", "b", "c"]
    assert (events[0]["payload"], events[0]["channel"], events[1]["id"]) == ({"text": "one\ntwo"}, "orders", "b-1")
    says = package.refused("Refused", "batch", events=[{"event": "a"}, {"event": "b", "chanel": "x"}])
    assert "event 2" in says and "'channel'" in says
    assert package("batch", events=[]) is None
    assert len(os.listdir(queue)) == 1


def test_an_event_waits_for_its_time_and_can_be_taken_back(package, queue):
    now = time.time()
    at = package("at", "tea", {"n": 1}, {"id": "tea"}, when=now + 600)
    later = package("in", "tea", {"n": 2}, when=300.5)
    assert pathlib.Path(at["path"]).name == "at-id-tea.json"
    # Not before it; languages that set times in whole seconds round up.
    assert now + 600 - 0.001 <= os.stat(at["path"]).st_mtime <= now + 601
    assert re.fullmatch(r"at-\d{19}-\d+-\d+-[0-9a-f]{8}", later["id"])
    assert now + 300.4 <= int(later["id"][3:22]) / 1e9 <= time.time() + 300.6
    due = {event["payload"]["n"]: event["timestamp"] for event in published(queue)}
    assert due == {1: int(now + 600), 2: pytest.approx(now + 300.5, abs=1.5)}
    assert not package("publish", "tea", None, {"id": "tea"})["is_new"]
    package("cancel", word="tea")
    package("cancel", word=later["id"])
    assert os.listdir(queue) == []
    assert str(queue) in package.refused("NotHeld", "cancel", word="tea") or package.language == "go"
    assert "year" in package.refused("Refused", "at", "tea", when=now + 400 * 86_400)


def test_what_is_held_is_published_by_its_word_alone(package, queue, publish):
    word = package("hold", "order.created", {"id": 7}, {"channel": "orders"})
    named = package("hold", "order.created", {"id": 8}, {"id": "x/8"})
    assert re.fullmatch(r"\d{19}-\d+-\d+-[0-9a-f]{8}\.[a-z0-5]{16}", word)
    assert re.fullmatch(r"x/8\.[a-z0-5]{16}", named)
    assert waiting(queue) == [] and len(os.listdir(queue)) == 2
    for wrong in (word[:-1] + "9", word.rpartition(".")[0], "", "../x." + "a" * 16):
        package.refused("NotHeld", "release", word=wrong)
    receipt = package("release", word=word)
    assert receipt["id"] == word.rpartition(".")[0] and os.path.exists(receipt["path"])
    assert pathlib.Path(package("release", word=named)["path"]).name == "id-x%2f8.json"
    assert {event["id"] for event in published(queue)} == {receipt["id"], "x/8"}
    package.refused("NotHeld", "release", word=word)
    package("abort", word=package("hold", "a"))
    assert [name for name in os.listdir(queue) if name.startswith(".")] == []
    # The command understands the word, and the package the command's.
    publish("--release", package("hold", "a"))
    package("release", word=publish("--hold", "b").stdout.strip())
    assert [event["event"] for event in published(queue)][-2:] in (["a", "b"], ["b", "a"]) or len(waiting(queue)) == 4


def test_what_becomes_of_an_event_is_told(package, queue, start, tmp_path):
    assert package("wait", receipt=package("publish", "a"), seconds=20) == {"state": "no server", "reason": ""}
    rules = tmp_path / "publishers.json"
    rules.write_text('[{"from": "*", "event": "a"}]')
    server = start("--publishers", str(rules))
    eventually(lambda: waiting(queue) == [], "the first one is sent")
    assert package("wait", receipt=package("publish", "a"), seconds=20) == {"state": "sent", "reason": ""}
    later = package("in", "a", when=600)
    assert package("wait", receipt=later, seconds=0.01) == {"state": "queued", "reason": ""}
    # One that is refused while it is waited for, and one that was refused before.
    server.signal(signal.SIGSTOP)
    refused = package("publish", "b")
    package.begin("wait", receipt=refused, seconds=60)
    eventually(lambda: package.has_open(refused["path"]), "it is waited for")
    server.signal(signal.SIGCONT)
    told = package.end()["is"]
    assert told["state"] == "refused" and told["reason"], told
    assert package("wait", receipt=refused, seconds=60) == told


def test_an_encoder_makes_the_payloads_bytes(package, queue):
    receipt = package("publish", "a", {"raw": '{"total": 12.50,\n "n":1e400}'}, encoded=True)
    assert '"payload":{"total": 12.50,\n "n":1e400}' in pathlib.Path(receipt["path"]).read_text()
    receipt = package("batch", events=[{"event": "a", "payload": {"raw": "[1,\n2.0]"}}], encoded=True)
    assert '"payload":[1, 2.0]' in pathlib.Path(receipt["path"]).read_text()
    for wrong in ("nul", "", "[1] 2", '{"a":1', "NaN"):
        package.refused("Refused", "publish", "a", {"raw": wrong}, encoded=True)
    assert len(waiting(queue)) == 2


def test_what_is_too_large_or_too_deep_is_refused(package, queue):
    assert "1048576" in package.refused("Refused", "publish", "a", "x" * 1_048_576)
    deep = None
    for _ in range(513):
        deep = [deep]
    package.refused("Refused", "publish", "a", deep)
    assert os.listdir(queue) == []


def test_errors_name_the_directory_the_reason_and_the_next_step(package, queue):
    nowhere = package.start(queue / "nowhere")
    says = nowhere.refused("PublishError", "publish", "a")
    assert str(queue / "nowhere") in says and "no such file" in says.lower() and "WSQUEUE_DIR" in says
    assert "'channel'" in package.refused("Refused", "publish", "a", None, {"chanel": "x"})
    shutil.rmtree(queue)
    for words in (["batch"], ["hold", "a"], ["in", "a"], ["publish", "a", None, {"id": "x"}]):
        assert str(queue) in package.refused("PublishError", *words, events=[{"event": "a"}], when=1)
    queue.mkdir()


def test_the_queue_that_is_named_by_no_one_is_that_of_the_caller(installed, package, queue):
    place, command, environment = installed(package.language)
    own = place / "queue"
    own.mkdir(exist_ok=True)
    environment = {**os.environ, **environment, "PYTHONPATH": ""}
    environment.pop("WSQUEUE_DIR", None)
    if os.path.isdir("/var/spool/wsqueue"):
        pytest.skip("the package is installed here")
    line = json.dumps({"call": "publish", "event": "a", "members": {}})
    subprocess.run(
        command, cwd=place, env=environment, input=line, capture_output=True, text=True, check=True, timeout=60)
    assert len(waiting(own)) == 1
    shutil.rmtree(own)
