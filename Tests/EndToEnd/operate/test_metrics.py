"""The numbers for Prometheus: their form, who may read them, and that each moves with what it counts."""

import json
import os
import signal
import time

import pytest

from support.client import Client
from support.files import name_of, place, waiting
from support.http import exchange
from support.metrics import Metrics, scrape
from support.speaking import Speaking
from support.stream import Stream
from support.tokens import make_token, soon, write_secrets
from support.waiting import eventually

# API: what dashboards and alarms are made of.
NAMES = {
    "wsqueue_events_total": "counter", "wsqueue_event_bytes_total": "counter", "wsqueue_deliveries_total": "counter",
    "wsqueue_wait_seconds": "histogram", "wsqueue_send_seconds": "histogram", "wsqueue_queue_files": "gauge",
    "wsqueue_queue_oldest_seconds": "gauge", "wsqueue_queue_failed_files": "gauge",
    "wsqueue_queue_free_bytes": "gauge", "wsqueue_clients": "gauge", "wsqueue_clients_total": "counter",
    "wsqueue_client_closes_total": "counter", "wsqueue_client_buffer_bytes": "gauge",
    "wsqueue_resumes_total": "counter", "wsqueue_replayed_events_total": "counter", "wsqueue_journal_bytes": "gauge",
    "wsqueue_unsure_gaps_total": "counter", "wsqueue_keys": "gauge", "wsqueue_keys_bytes": "gauge",
    "wsqueue_keys_refused_total": "counter",
    "wsqueue_inotify_overflows_total": "counter", "wsqueue_scans_total": "counter",
    "wsqueue_auth_failures_total": "counter", "wsqueue_log_suppressed_total": "counter",
    "wsqueue_build_info": "gauge", "process_cpu_seconds_total": "counter", "process_resident_memory_bytes": "gauge",
    "process_virtual_memory_bytes": "gauge", "process_open_fds": "gauge", "process_max_fds": "gauge",
    "process_start_time_seconds": "gauge",
}
EVENT = '{"event":"n"}'


def reaches(server, wanted, name, /, **labels):
    """Waits until a number is there."""
    eventually(
        lambda: Metrics(server)(name, **labels) == wanted,
        lambda: f"{name} {labels} is {Metrics(server)(name, **labels)}, not {wanted}")


def moves(server, name, /, by=1, **labels):
    """A function that waits until a number has moved by so much."""
    before = Metrics(server)(name, **labels)
    return lambda: reaches(server, before + by, name, **labels)


def test_the_names_and_kinds_are_those_that_are_promised(server):
    answer = scrape(server)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    kinds = [line.split(" ")[2:] for line in answer.body.decode().splitlines() if line.startswith("# TYPE")]
    assert dict(kinds) == NAMES and len(kinds) == len(NAMES)
    assert all(family.documentation for family in Metrics(server).families)


def test_operators_on_this_machine_and_admins_may_read_them(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    assert scrape(server).status == 200
    assert scrape(server, host="evil.example").status == 403
    far = "X-Forwarded-For: 192.0.2.1"
    assert scrape(server, far).status == 403
    assert scrape(server, far, f"Authorization: Bearer {make_token(role='user')}").status == 403
    assert scrape(server, far, f"Authorization: Bearer {make_token(role='admin')}").status == 200
    assert exchange(server, b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status == 405


def test_what_becomes_of_events_is_counted(start, queue):
    server = start()
    place(queue, name_of(1), EVENT)
    place(queue, name_of(2), '{"event":"n","id":"a"}')
    reaches(server, 2, "wsqueue_events_total", result="sent")
    place(queue, name_of(3), '{"event":"n","id":"a"}')
    reaches(server, 1, "wsqueue_events_total", result="duplicate")
    place(queue, name_of(4), '{"event":"n","expires_at":1}')
    reaches(server, 1, "wsqueue_events_total", result="expired")
    place(queue, name_of(5), "no event")
    reaches(server, 1, "wsqueue_events_total", result="rejected")
    reaches(server, 1, "wsqueue_queue_failed_files")
    place(queue, "1795231800-batch.jsonl", f"{EVENT}\n{EVENT}\n{EVENT}\n")
    reaches(server, 5, "wsqueue_events_total", result="sent")
    numbers = Metrics(server)
    assert numbers("wsqueue_wait_seconds_count") == 5 and numbers("wsqueue_wait_seconds_sum") > 0
    # A client gets what one without a frame's header and mask would count.
    assert 5 * 60 < numbers("wsqueue_event_bytes_total") < 5 * 120
    assert numbers("wsqueue_journal_bytes") > 5 * 60
    assert numbers("wsqueue_queue_free_bytes") > 0
    assert numbers("wsqueue_deliveries_total") == numbers("wsqueue_send_seconds_count") == 0


def test_files_that_wait_for_a_client_are_counted_as_held_once(start, queue):
    server = start("--hold-without-clients")
    for number in range(3):
        place(queue, f"170000000{number}_65532d4a1b2c3.json", EVENT)
        reaches(server, number + 1, "wsqueue_events_total", result="held")
    numbers = Metrics(server)
    assert numbers("wsqueue_queue_files") == 3
    assert numbers("wsqueue_queue_oldest_seconds") == pytest.approx(time.time() - 1_700_000_000, abs=60)
    with Client(server) as client:
        client.receive(3)
        reaches(server, 0, "wsqueue_queue_files")
    numbers = Metrics(server)
    assert (numbers("wsqueue_events_total", result="held"), numbers("wsqueue_queue_oldest_seconds")) == (3, 0)
    reaches(server, 0, "wsqueue_clients", transport="websocket")
    place(queue, name_of(9), EVENT)
    reaches(server, 4, "wsqueue_events_total", result="held")


@pytest.mark.parametrize("threads", ["1", "3"])
def test_deliveries_are_counted_for_those_an_event_is_for(start, queue, threads):
    server = start("--threads", threads)
    with Client(server), Speaking(server, "/?channels=a"), Speaking(server, "/", "a", "b"), Stream(server) as stream:
        reaches(server, 3, "wsqueue_clients", transport="websocket")
        reaches(server, 1, "wsqueue_clients", transport="sse")
        for number, (event, receivers) in enumerate([
            ({}, 4), ({"channel": "a"}, 2), ({"channels": ["a", "b"]}, 2), ({"channel": "none"}, 0), ({}, 4),
        ]):
            check = moves(server, "wsqueue_deliveries_total", by=receivers)
            sent = moves(server, "wsqueue_events_total", result="sent")
            place(queue, name_of(number), json.dumps({"event": "n"} | event))
            sent()
            check()
        stream.receive(2)
        reaches(server, 5, "wsqueue_send_seconds_count")
        assert 0 < Metrics(server)("wsqueue_send_seconds_sum") < 60
    # Whole passes come to the same.
    with Client(server) as client, Speaking(server, "/?channels=a"):
        eventually(lambda: Metrics(server)("wsqueue_clients", transport="websocket") == 2, "the others are gone")
        check = moves(server, "wsqueue_deliveries_total", by=50 * 2 + 50)
        batch = "".join(f'{EVENT}\n{{"event":"n","channel":"a"}}\n' for _ in range(50))
        place(queue, "1795231800-batch.jsonl", batch)
        client.receive(50)
        check()


def test_clients_are_counted_as_they_come_and_by_the_code_they_go_with(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)), "--message-size", "1K")
    with Client(server) as client:
        client.send(8, (1000).to_bytes(2, "big"))
        client.receive_until_end()
    reaches(server, 1, "wsqueue_client_closes_total", code="1000")
    with Client(server) as client:
        client.send(1, b"x" * 2_000)
        client.receive_until_end()
    reaches(server, 1, "wsqueue_client_closes_total", code="1009")
    with Client(server):
        pass
    reaches(server, 1, "wsqueue_client_closes_total", code="1006")
    with Client(server, f"/?token={make_token(exp=soon(1))}") as client:
        client.receive_until_end()
    reaches(server, 1, "wsqueue_client_closes_total", code="4001")
    with Stream(server):
        reaches(server, 1, "wsqueue_clients", transport="sse")
    reaches(server, 0, "wsqueue_clients", transport="sse")
    reaches(server, 5, "wsqueue_clients_total")


def test_what_clients_are_owed_and_those_that_are_too_slow_are_told(start, queue):
    server = start("--behind-size", "4M", "--behind-age", "1s")
    with Client(server, receive_buffer=4_096):
        event = json.dumps({"event": "n", "payload": "x" * 100_000})
        for number in range(20):
            place(queue, name_of(number), event)
        eventually(lambda: Metrics(server)("wsqueue_client_buffer_bytes") > 100_000, "it is behind")
        assert Metrics(server)("wsqueue_send_seconds_count") < 20
        for number in range(20, 100):
            place(queue, name_of(number), event)
        server.wait_for("client.slow")
    reaches(server, 1, "wsqueue_client_closes_total", code="4008")
    reaches(server, 0, "wsqueue_client_buffer_bytes")
    # Nobody is waited for any more.
    reaches(server, 100, "wsqueue_events_total", result="sent")
    eventually(lambda: Metrics(server)("wsqueue_send_seconds_count") >= 1, "the first ones are with the kernel")


def test_clients_that_come_back_are_counted_with_what_they_get(start, queue):
    server = start("--journal-events", "8")
    epoch = server.wait_for("journal.open")["epoch"]
    for number in range(5):
        place(queue, name_of(number), EVENT)
    reaches(server, 5, "wsqueue_events_total", result="sent")
    with Client(server, f"/?since={epoch}:2") as client:
        client.receive(3)
        reaches(server, 1, "wsqueue_resumes_total", result="complete")
        reaches(server, 3, "wsqueue_replayed_events_total")
    with Client(server, "/?since=other:2"):
        reaches(server, 1, "wsqueue_resumes_total", result="gap")


def test_tokens_that_are_refused_are_counted_by_reason(start, queue):
    server = start("--jwt-secret-file", str(write_secrets(queue)))
    for token, reason in [
        (make_token(exp=1), "expired"), (make_token(secret="another secret of many more than 32 bytes"), "signature"),
        ("x.y.z", "malformed"), (make_token(nbf=soon(900)), "not_yet_valid"), (make_token(exp="soon"), "claim"),
    ]:
        check = moves(server, "wsqueue_auth_failures_total", reason=reason)
        assert exchange(server, f"GET /events?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).status == 401
        check()
    with Speaking(server) as client:
        check = moves(server, "wsqueue_auth_failures_total", reason="malformed")
        assert client.ask("authenticate", token="no token")["code"] == "invalid_token"
        check()


def test_tokens_for_a_server_without_secrets_and_for_publishing_are_counted(start, queue):
    tokens = queue.parent / "tokens"
    tokens.write_text("a token of sixteen bytes\n")
    server = start("--publish-token-file", str(tokens))
    assert exchange(server, b"GET /events?token=x.y.z HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 401
    reaches(server, 1, "wsqueue_auth_failures_total", reason="no_secrets")
    publish = b"POST /publish HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\nContent-Length: 0\r\n\r\n"
    assert exchange(server, publish).status == 401
    reaches(server, 1, "wsqueue_auth_failures_total", reason="publish_token")


def test_listings_are_counted_by_their_cause_and_lost_notices_too(start, queue):
    server = start()
    assert Metrics(server)("wsqueue_scans_total", cause="start") == 1
    overflow = moves(server, "wsqueue_inotify_overflows_total")
    scan = moves(server, "wsqueue_scans_total", cause="overflow")
    # The kernel keeps so many notices for a server that does not read them.
    with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as file:
        limit = int(file.read())
    server.signal(signal.SIGSTOP)
    eventually(lambda: server.state() == "T", "it is stopped")
    where = os.open(queue, os.O_RDONLY)
    os.close(os.open("odd", os.O_CREAT | os.O_WRONLY, dir_fd=where))
    for number in range(limit + 100):
        # Two names by turns: equal notices in a row would be one.
        os.rename(("odd", "even")[number % 2], ("even", "odd")[number % 2], src_dir_fd=where, dst_dir_fd=where)
    os.close(where)
    server.signal(signal.SIGCONT)
    overflow()
    scan()
    place(queue, name_of(1), EVENT)
    reaches(server, 1, "wsqueue_events_total", result="sent")


def test_lines_that_are_summed_up_or_folded_are_counted(start, queue):
    server = start()
    place(queue, "1795231800-batch.jsonl", f"{EVENT}\n" * 300)
    reaches(server, 300, "wsqueue_events_total", result="sent")
    eventually(lambda: len(server.logged("event.sent")) >= 50, "the lines are written")
    assert 200 <= Metrics(server)("wsqueue_log_suppressed_total") <= 250
    before = Metrics(server)("wsqueue_log_suppressed_total")
    for number in range(120):
        place(queue, f"{number}.txt", "foreign")
    eventually(lambda: Metrics(server)("wsqueue_log_suppressed_total") > before, "lines are folded")
    eventually(
        lambda: server.times("queue.foreign") == 120, lambda: server.log)


def test_the_process_tells_what_it_uses(server):
    numbers = Metrics(server)
    assert numbers("process_resident_memory_bytes") == pytest.approx(server.memory()["VmRSS"] * 1_024, rel=0.5)
    assert numbers("process_virtual_memory_bytes") > numbers("process_resident_memory_bytes")
    assert 10 < numbers("process_open_fds") <= len(os.listdir(f"/proc/{server.pid}/fd")) + 2
    assert numbers("process_max_fds") >= 256
    assert numbers("process_start_time_seconds") == pytest.approx(time.time(), abs=60)
    before = numbers("process_cpu_seconds_total")
    with Client(server) as client:
        for number in range(50):
            place(server.queue, name_of(number), EVENT)
        client.receive(50)
    assert Metrics(server)("process_cpu_seconds_total") > before > 0
    assert [labels for name, *labels in numbers.samples if name == "wsqueue_build_info"][0][1][0] == "version"
    eventually(lambda: waiting(server.queue) == [], "the queue is empty")
