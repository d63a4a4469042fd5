"""How far a measurement is, for who watches it."""

import sys
import time

BEGIN = time.monotonic()


def progress(text):
    """On a terminal only, in place of what was said last; an empty text clears the line."""
    if sys.stderr.isatty():
        minutes, seconds = divmod(int(time.monotonic() - BEGIN), 60)
        print(f"\r\033[K{minutes}:{seconds:02} {text}" if text else "\r\033[K", end="", file=sys.stderr, flush=True)
