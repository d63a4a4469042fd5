"""What the server says to a person at a terminal, and to no log."""

import pytest

from support.ports import free_port
from support.screen import Screen


@pytest.mark.parametrize("address, page", [
    ("127.0.0.1:PORT", "http://127.0.0.1:PORT/"), ("0.0.0.0:PORT", "http://localhost:PORT/"),
    ("unix:QUEUE.sock", "curl --unix-socket QUEUE.sock http://localhost/"),
])
def test_the_pages_address_is_said_at_the_start(binaries, queue, address, page):
    port = str(free_port())
    address, page = (text.replace("PORT", port).replace("QUEUE", str(queue)) for text in (address, page))
    with Screen(binaries / "wsqueue-server", "-d", queue, "-l", address) as screen:
        screen.wait_for(lambda text: f"The page: {page}\r\n" in text)
        screen.process.terminate()
        assert screen.end() == 0


def test_where_there_is_none_none_is_said(binaries, queue):
    with Screen(binaries / "wsqueue-server", "-d", queue, "-l", "127.0.0.1:0", "--page", "off") as screen:
        screen.wait_for(lambda text: "ev=server.ready" in text)
        screen.process.terminate()
        assert screen.end() == 0 and "The page" not in screen.text


def test_it_is_said_on_no_terminal_but_in_no_log(server):
    server.wait_for("server.ready")
    assert server.terminate() == 0
    assert b"The page" not in server.raw_log
