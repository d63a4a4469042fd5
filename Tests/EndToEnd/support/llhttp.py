"""The requests of llhttp's test suite, as its own runner reads them."""

import re

from .places import TESTS

REQUESTS = TESTS / "WSQueueWireTests/Corpora/http-llhttp/test/request"
CASE = re.compile(r"^#+ (?P<title>.*?)$|^```http\n(?P<request>.*?)^```$|^```log\n(?P<log>.*?)^```$", re.M | re.S)


def cases():
    """(title, bytes, whether llhttp refuses its head) of each request."""
    for path in sorted(REQUESTS.glob("*.md")):
        title = request = None
        for found in CASE.finditer(path.read_text(encoding="utf-8")):
            if found["title"] is not None:
                title = found["title"]
            elif found["request"] is not None:
                request = found["request"]
            elif request is not None:
                head = found["log"].partition(" headers complete")[0]
                yield f"{path.name}: {title}", unescape(request), " error code=" in head
                request = None


def unescape(text):
    """A backslash at the end of a line joins it to the next; all other lines end in CR LF."""
    text = text.removesuffix("\n").replace("\\\n", "").replace("\n", "\r\n")
    for escape, character in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f"), ("\\xff", "\udcff")):
        text = text.replace(escape, character)
    return text.encode("utf-8", "surrogateescape")
