"""Ten thousand clients."""

import resource

import pytest

from support.crowd import Crowd

COUNT = 10_000


@pytest.mark.timeout(240)
@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < COUNT + 1_000, reason="the hard descriptor limit is too low")
@pytest.mark.alone
def test_ten_thousand_clients_are_held_and_an_event_reaches_all(server, publish, is_measured):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        before = server.memory()
        with Crowd(server, COUNT, timeout=120) as crowd:
            after = server.memory()
            publish("order.created", "id:=7")
            messages = set()

            def handle(_, message):
                messages.add(message)
                return True

            crowd.receive(handle, timeout=60)
            assert len(messages) == 1 and b'"payload":{"id":7}' in messages.pop()
            server.wait_for("event.sent", clients=COUNT)
            kilobytes = (after["Pss"] - before["Pss"]) / COUNT
            print(f"{kilobytes:.2f} KB for each idle connection (Pss {before['Pss']} -> {after['Pss']} kB)")
            assert kilobytes < 4 or not is_measured
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_descriptor_limit_is_raised_to_the_hard_limit_and_said(server):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with open(f"/proc/{server.pid}/limits", encoding="utf-8") as file:
        limits = next(line for line in file if line.startswith("Max open files")).split()
    assert limits[3] == limits[4] == str(hard)
    assert str(hard) in "\n".join(" ".join(line.values()) for line in server.lines)
