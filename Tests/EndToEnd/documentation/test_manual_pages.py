"""The manual pages: without a warning, and complete, by the code that they are about."""

import functools
import re
import shutil

import pytest

from support.manual import PAGES, commands, formatted, options, said
from support.places import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("man"), reason="no man")
SOURCES = ROOT / "Sources"


@functools.cache
def page(binaries, name):
    text, warnings = formatted(binaries, name)
    assert warnings == "" and len(text.splitlines()) > 30, warnings
    # What is hyphenated or broken over a line is one word, or two with one blank between.
    return " ".join(re.sub(r"-\n\s+", "-", text).split())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_formatted_without_a_warning_and_names_the_others(binaries, name):
    text = page(binaries, name)
    # Of the publisher's page only what one needs beside it: it is in the small program itself.
    others = set(PAGES) - {name} if name != "wsqueue-publish(1)" else {"wsqueue-server(8)", "wsqueue(7)"}
    assert all(other in text.split(" SEE ALSO ")[1] for other in others), text[-300:]
    assert not re.search(r"\]\((http|\.\.|[A-Z]\w+\.md)", text) and "```" not in text


def test_every_option_is_in_the_page_of_its_program(binaries):
    publisher = page(binaries, "wsqueue-publish(1)")
    assert [one for one in options(said(binaries, "wsqueue-publish", "--help", "all"))
            if f"--{one}" not in publisher] == []
    server = page(binaries, "wsqueue-server(8)")
    named = set(options(said(binaries, "wsqueue-server", "--help", "all")))
    for name in commands(binaries):
        named |= set(options(said(binaries, "wsqueue-server", name, "--help", "all")))
        assert f"wsqueue-server {name}" in server or name == "run", name
    for heading in ("CAPACITY", "SECURITY", "BACKUP AND MOVE"):
        assert f" {heading} " in server, heading
    assert [one for one in named if f"--{one}" not in server] == []


def test_every_key_of_the_configuration_is_in_its_page(binaries):
    text = page(binaries, "wsqueue.conf(5)")
    keys = re.findall(r"^#? ?([a-z-]+) = ", said(binaries, "wsqueue-server", "check"), re.M)
    assert len(keys) > 30
    named = set(options(said(binaries, "wsqueue-server", "--help", "all")))
    for key in named - {"config", "set", "man", "help", "version"}:
        assert f"{key} = " in text and f"WSQUEUE_{key.upper().replace('-', '_')}" in text, key
    assert "/etc/wsqueue/server.conf" in text and "# a comment" in text


def test_every_name_of_the_log_and_every_metric_is_in_the_servers_page(binaries):
    text = page(binaries, "wsqueue-server(8)")
    names, metrics = set(), set()
    for path in SOURCES.rglob("*.swift"):
        source = path.read_text()
        names |= set(re.findall(r'LogLine\(\s*(?:\.?\w[\w.? :]*,)?\s*"([a-z.]+)"', source))
        metrics |= set(re.findall(r'"(wsqueue_[a-z_]+)[" ({]', source))
    assert len(names) > 50 and len(metrics) > 20
    # Of a histogram and of counters the page has the name that they are asked by.
    missing = [one for one in metrics if re.sub("_(bucket|sum|count)$", "", one) not in text]
    assert [one for one in names if one not in text] == [] and missing == []


def test_actions_errors_and_routes_are_in_the_page_of_the_protocol(binaries):
    text = page(binaries, "wsqueue-protocol(7)")
    [actions] = re.findall(r"enum ClientAction.*?case ([a-z, ]+)\n", (
        SOURCES / "WSQueueWire/Client/ClientCommand.swift").read_text(), re.S)
    assert len(actions.split(", ")) >= 8
    for word in [*actions.split(", "), "/events", "/state", "POST /publish", "/channels", "POST /disconnect", "since",
                 "wsqueue.v1", "Last-Event-ID", "heartbeat=app", "as=payload", "presence.join", "rate_limited", "4505",
                 "retry_ms=", "healed", "RFC 3339", "wsqueue.gap", "poll=1"]:
        assert word in text, word


def test_claims_and_conditions_are_in_the_page_of_rules(binaries):
    text = page(binaries, "wsqueue-rules(5)")
    for word in ["sub", "role", "channels", "exp", "nbf", "aud", "info", "HS256", "anyone", "none", "authenticated",
                 "claim", "ask", "durable", "default", "patterns", "connect", "greeting", "from", "http:2", "client:42",
                 "4501"]:
        assert re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text), word


def test_members_and_names_are_in_the_page_of_the_format(binaries):
    text = page(binaries, "wsqueue(7)")
    source = (SOURCES / "WSQueueCore/EventMember.swift").read_text()
    members = re.findall(r'case \w+ = "([a-z_]+)"', source)
    members += re.findall(r"    case ([a-z, ]+)\n", source)[0].split(", ")
    assert len(members) > 12
    for word in {*members,
                 ".held-", "at-", ".failed/", ".control", "rename", "fsync", ".jsonl", "is not lost", "id%",
                 "renameat2", "ENXIO"}:
        assert word in text, word
