"""Publishes events to wsqueue-server by putting files into its queue directory. Needs nothing but Python 3.8.

    queue = wsqueue.Publisher()                                  # of WSQUEUE_DIR
    queue.publish("order.created", {"id": 7}, channel="orders")

No connection is made: publishing works with the server down, and the events wait. A Publisher holds nothing open; use
it from any thread and after a fork. Where a call raises nothing is published: ``Refused`` (a ValueError) for what the
server would refuse, ``PublishError`` (an OSError) for a directory that cannot be written.
"""

import collections
import difflib
import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
import sys
import threading
import time

__all__ = ["Delivery", "NotHeld", "PublishError", "Publisher", "Receipt", "Refused", "check", "publish"]
__version__ = "0.2.0"

LIMIT = 1_048_576  # bytes of an event that the server takes
BATCH_LIMIT = 67_108_864  # bytes of a batch
FARTHEST = 366 * 86_400  # seconds that an event may wait for its time

Receipt = collections.namedtuple("Receipt", "id path is_new")
Receipt.__doc__ = """What was published: its id, its file, whether this call wrote it (one of its id may have waited).

The events of a batch have ``<id>/<line>``."""
Delivery = collections.namedtuple("Delivery", "state reason", defaults=[""])
Delivery.__doc__ = "What became of an event: 'sent', 'refused' (with a reason), 'queued', or 'no server'."


class Refused(ValueError):
    """An event that the server would refuse, or a member that it does not know."""


class NotHeld(LookupError):
    """Nothing is held, or waits for its time, under the word that was given."""


class PublishError(OSError):
    """The queue directory could not be used: ``errno``, ``filename`` (the directory), and ``advice``, the next step."""

    def __init__(self, error, step, directory):
        super().__init__(error.errno, error.strerror, directory)
        self.step = step
        ours = f"user {os.geteuid()}"
        self.advice = {
            errno.ENOENT: "create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)",
            errno.ENOTDIR: "name the directory that wsqueue-server reads (WSQUEUE_DIR)",
            errno.EACCES: f"let {ours} create files there (usermod -aG GROUP, ls -ld DIR), or run as one who may",
            errno.EROFS: "its file system is mounted read-only: mount it read-write, or move the queue",
            errno.ENAMETOOLONG: "its file system takes no name so long: give the event a shorter id",
            errno.EFBIG: "nothing was published: raise the limit for files (ulimit -f), then publish again",
            errno.EMFILE: "nothing was published: publish again later", errno.ENFILE: "publish again later",
        }.get(errno.EACCES if error.errno == errno.EPERM else error.errno,
              "nothing was published: make room, look at the disk (df, df -i, quota, dmesg), then publish again")

    def __str__(self):
        return f"cannot {self.step} in the queue directory {self.filename}: {self.strerror}; {self.advice}"


# What a member may be


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and -2**63 <= value < 2**63


def _is_label(value):
    if not isinstance(value, str) or re.search("[\0-\x1f\x7f-\x9f\ud800-\udfff]", value):
        return False
    return 0 < len(value.encode()) < 256


def _is_user(value):
    return _is_integer(value) or _is_label(value)


def _is_channel(value):
    return isinstance(value, str) and re.fullmatch(r"[\w.:-]{1,255}", value, re.ASCII) is not None


def _is_time(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -2**63 <= value < 2**63


def _list(check, least=0, alone=True, most=1024):
    def passes(value):
        if isinstance(value, (list, tuple)):
            return least <= len(value) <= most and all(map(check, value))
        return alone and check(value)
    return passes


MEMBERS = {
    "id": _is_user, "channel": _list(_is_channel, 1, True, LIMIT), "channels": _list(_is_channel, 1, True, LIMIT),
    "recipients": _list(_is_user, alone=False), "except": _list(_is_integer), "except_users": _list(_is_user),
    "key": _is_user, "clear": lambda value: isinstance(value, bool), "timestamp": _is_time, "queued_at": _is_time,
    "expires_at": _is_time, "traceparent": lambda value: isinstance(value, str),
}


def check(event, members):
    """Raises ``Refused`` for what the server would refuse, and for members that it does not know."""
    if not _is_label(event):
        raise Refused("'event' has to be a text of 1 to 255 bytes without control characters")
    for name, value in members.items():
        if name not in MEMBERS:
            near = difflib.get_close_matches(re.sub("[-_]", "", name.lower()), [*MEMBERS, "event", "payload"], 1, 0.6)
            raise Refused(f"'{name}' is no member of an event" + (f"; is '{near[0]}' meant?" if near else ""))
        if value is not None and not MEMBERS[name](value):
            raise Refused(f"'{name}' is not as it should be: {str(value)[:80]!r}")
    if members.get("key") is None and members.get("clear"):
        raise Refused("'clear' wants a 'key'")
    if members.get("key") is not None and (
            members.get("recipients") is not None or members.get("except") not in (None, [], ())
            or members.get("except_users") not in (None, [], ())):
        raise Refused("'key' cannot stand beside 'recipients', 'except' and 'except_users'")


# Names


class _Names:
    """Names of this process, each later than the one before: a clock set back must not turn their order round."""

    def __init__(self):
        self.last = self.count = 0
        self._renew()
        # A thread that held the lock does not live in the child.
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self):
        self.lock = threading.Lock()

    def next(self, due=None):
        with self.lock:
            self.count += 1
            if due is None:
                due = self.last = max(self.last + 1, time.time_ns())
            else:
                due += self.count
            return f"{due:019d}-{os.getpid()}-{self.count}-{secrets.token_hex(4)}"


_names = _Names()
_WORD = re.compile(r"(.+)\.([a-z0-5]{16})", re.DOTALL)
_OURS = re.compile(r"(at-)?\d{19}-\d+-\d+-[\w.:@+=,]+", re.ASCII)


def _named(id):
    """The name of the event with an id of its own."""
    safe = re.sub(rb"[^A-Za-z0-9._:@+=,-]", lambda byte: b"%%%02x" % ord(byte[0]), str(id).encode()).decode()
    return f"id-{safe}" if len(safe) <= 197 else f"id%{hashlib.sha1(str(id).encode()).hexdigest()}"


class Publisher:
    """Publishes into a queue directory: the given one, that of WSQUEUE_DIR, or where wsqueue-publish would.

    ``encode`` makes JSON (a str or bytes) of a payload, such as ``functools.partial(json.dumps, cls=YourEncoder)``;
    with ``sync`` an event survives a power cut too; ``mode`` is that of the files, which the server must read.
    """

    def __init__(self, directory=None, *, encode=None, sync=False, mode=0o644):
        self.directory = os.fspath(directory) if directory is not None else _default_directory()
        self.encode, self.sync, self.mode = encode, sync, mode

    def publish(self, event, payload=None, **members):
        """Publishes an event; ``members`` are further ones, such as ``channel="orders"`` (``except_`` is ``except``).

        An event whose id is that of one that still waits is not written again. Gives a ``Receipt``.
        """
        return self._publish(event, payload, members)

    def batch(self, events):
        """Publishes several, each a dict of "event", "payload" and other members: clients get all or none, in order."""
        lines = []
        for number, event in enumerate(events, 1):
            members = dict(event)
            try:
                text = self._text(members.pop("event", None), members.pop("payload", None), members)
            except Refused as error:
                raise Refused(f"event {number} of the batch: {error}") from None
            lines.append(text.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
        if sum(map(len, lines)) > BATCH_LIMIT:
            raise Refused(f"the batch is larger than the {BATCH_LIMIT} bytes that the server takes: publish parts")
        if not lines:
            return None
        stem = _names.next()
        self._store(b"".join(lines), f"{stem}.jsonl")
        return self._receipt(stem, f"{stem}.jsonl", True)

    def at(self, when, event, payload=None, **members):
        """Publishes an event that is not sent before a time, a datetime or Unix seconds; it waits in the queue."""
        due = int((when.timestamp() if hasattr(when, "timestamp") else when) * 1e9)
        if due > time.time_ns() + FARTHEST * 10**9:
            raise Refused("an event may wait for a year at most: publish it nearer to its time")
        return self._publish(event, payload, members, max(0, due))

    def in_(self, seconds, event, payload=None, **members):
        """Publishes an event that is sent so many seconds, or a timedelta, from now."""
        seconds = seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds
        return self.at(time.time() + seconds, event, payload, **members)

    def cancel(self, id):
        """Takes back an event that waits for its time."""
        id = str(id)
        names = [f"at-{_named(id)}.json"] + [f"{id}.json"] * (id.startswith("at-") and _OURS.fullmatch(id) is not None)
        self._remove(names, f"no event waits for its time under the id {id!r}")

    def hold(self, event, payload=None, **members):
        """Writes an event that no server sees until it is released, and gives the word for that: before a commit."""
        id = members.get("id")
        stem = _names.next() if id is None else _named(id)
        # It is to have the id that is told now, and its file gets another name when it is released.
        text = self._text(event, payload, {**members, "id": stem if id is None else id})
        random = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz012345") for _ in range(16))
        self._store(text + b"\n", f".held-{stem}.{random}.json")
        return f"{stem if id is None else id}.{random}"

    def release(self, word):
        """Publishes what is held under a word, by one rename: after a commit. Gives a ``Receipt``."""
        id, held = self._held(word)
        stem = _names.next()
        try:
            os.utime(self._path(held), ns=(int(stem[:19]),) * 2)
            name = f"{_named(id)}.json"
            state = self._reveal(held, name) if held.startswith(".held-id") else "other"
            if state == "ours":
                os.unlink(self._path(held))
            elif state == "other":
                name = f"{stem}.json"
                os.rename(self._path(held), self._path(name))
            self._sync_names()
        except OSError as error:
            raise PublishError(error, "release the event", self.directory) from None
        return self._receipt(id, name, state != "ours")

    def abort(self, word):
        """Removes what is held under a word: after a rollback."""
        self._remove([self._held(word)[1]], f"no event is held under {word!r}")

    def wait(self, receipt, seconds=5):
        """Waits until the server has sent what was published and deleted its file; gives a ``Delivery``.

        A queue that no server holds for a second is not waited for. Who may not look into ``.failed`` and comes after a
        refusal is told "sent".
        """
        name = os.path.basename(receipt.path)
        start = served = time.monotonic()
        pause = 0.0005
        try:
            file = os.open(self._path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            refused = os.path.lexists(self._path(".failed", name))
            return Delivery("refused", self._why(name)) if refused else Delivery("sent")
        except OSError as error:
            raise PublishError(error, f"wait for the event, which is queued as {name},", self.directory) from None
        try:
            while os.path.lexists(self._path(name)):
                now = time.monotonic()
                is_served = _is_served(self.directory) is not False
                served = now if is_served else served
                if now - start >= seconds or now - served > 1:
                    return Delivery("queued" if is_served else "no server")
                time.sleep(max(0, min(pause, start + seconds - now)))
                pause = min(2 * pause, 0.02)
            return Delivery("sent") if os.fstat(file).st_nlink == 0 else Delivery("refused", self._why(name))
        finally:
            os.close(file)

    def _publish(self, event, payload, members, due=None):
        prefix = "" if due is None else "at-"
        text = self._text(event, payload, members, due) + b"\n"
        id, name = members.get("id"), None
        if id is not None:
            for name in (f"{_named(id)}.json", f"at-{_named(id)}.json"):
                if self._owner(name) == os.geteuid():
                    return self._receipt(str(id), name, False)
            name = f"{prefix}{_named(id)}.json"
            is_new = self._store(text, name, int(_names.next()[:19]) if due is None else due)
            if is_new is not None:
                return self._receipt(str(id), name, is_new)
        stem = _names.next() if due is None else "at-" + _names.next(due)
        self._store(text, f"{stem}.json")
        return self._receipt(stem if id is None else str(id), f"{stem}.json", True)

    def _text(self, event, payload, members, due=None):
        members = {name[:-1] if name == "except_" else name: value for name, value in members.items()}
        check(event, members)
        try:
            text = (self.encode or _encode)(payload)
        except (TypeError, ValueError, RecursionError) as error:
            raise Refused(f"the payload cannot be encoded as JSON: {error}") from error
        text = text.encode() if isinstance(text, str) else bytes(text)
        if self.encode:
            _check_json(text)
        now = time.time_ns() if due is None else due
        head = {"timestamp": now // 10**9, "queued_at": now / 10**9}
        rest = json.dumps({**head, **{name: value for name, value in members.items() if value is not None}})
        text = b'{"event":' + json.dumps(event).encode() + b',"payload":' + text + b"," + rest[1:].encode()
        if len(text) >= LIMIT:
            raise Refused(f"the event is larger than the {LIMIT} bytes that the server takes: publish a reference")
        if text.count(b"[") + text.count(b"{") > 512 and _depth(text) > 512:
            raise Refused("more than 512 arrays and objects inside each other")
        return text

    def _store(self, text, name, modified=None):
        """Writes a hidden file and gives it its name. With a time, which it gets, the name may be taken.

        False when it is taken by an event of ours, None when by another user's; nothing is left then.
        """
        hidden, step = f".{_names.next()}.json.tmp", "create a file"
        path = self._path(hidden)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(path, flags, 0o600), "wb", buffering=0) as file:
                step = "write the event"
                while text:
                    text = text[file.write(text):]
                os.fchmod(file.fileno(), self.mode)  # Whatever the umask is, the server must be able to read it.
                if modified is not None:
                    os.utime(file.fileno(), ns=(modified, modified))
                if self.sync:
                    os.fdatasync(file.fileno())
            step = "name the event"
            if modified is None:
                os.rename(path, self._path(name))
                state = "new"
            else:
                state = self._reveal(hidden, name)
                if state != "new":
                    os.unlink(path)
        except BaseException as error:
            try:
                os.unlink(path)
            except OSError:
                pass
            if isinstance(error, OSError):
                raise PublishError(error, step, self.directory) from None
            raise
        self._sync_names()
        return {"new": True, "ours": False, "other": None}[state]

    def _reveal(self, hidden, name):
        """Gives a file its name unless that is taken: "new", or who has it, "ours" or "other"."""
        try:
            os.link(self._path(hidden), self._path(name))
        except FileExistsError:
            owner = self._owner(name)
            if owner is None:
                os.rename(self._path(hidden), self._path(name))
                return "new"
            return "ours" if owner == os.geteuid() else "other"
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
                raise
            # A file system without links.
            if os.path.lexists(self._path(name)):
                return "ours" if self._owner(name) == os.geteuid() else "other"
            os.rename(self._path(hidden), self._path(name))
            return "new"
        os.unlink(self._path(hidden))
        return "new"

    def _sync_names(self):
        if not self.sync:
            return
        try:
            directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return  # A drop box that only takes.
        try:
            os.fsync(directory)
        except OSError as error:
            step = "sync the event, which is queued and not to be published again,"
            raise PublishError(error, step, self.directory) from None
        finally:
            os.close(directory)

    def _held(self, word):
        match = _WORD.fullmatch(word)
        if match:
            id, random = match.groups()
            for stem in (_named(id), id):
                name = f".held-{stem}.{random}.json"
                if (stem != id or _OURS.fullmatch(id)) and os.path.lexists(self._path(name)):
                    return id, name
        raise NotHeld(f"no event is held under {word!r} in the queue directory {self.directory}: it was released or "
                      "aborted before, or held in another queue; give the word that hold() gave")

    def _remove(self, names, message):
        for name in names:
            try:
                return os.unlink(self._path(name))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise PublishError(error, "remove the event", self.directory) from None
        raise NotHeld(f"{message} in the queue directory {self.directory}")

    def _owner(self, name):
        try:
            status = os.lstat(self._path(name))
        except OSError:
            return None
        # What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and status.st_uid == os.geteuid():
            return None
        return status.st_uid if stat.S_ISREG(status.st_mode) else -1

    def _why(self, name):
        try:
            with open(self._path(".failed", f"{name}.why"), encoding="utf-8", errors="replace") as file:
                return file.readline().strip()
        except OSError:
            return ""

    def _path(self, *names):
        return os.path.join(self.directory, *names)

    def _receipt(self, id, name, is_new):
        return Receipt(id, self._path(name), is_new)


def publish(directory, event, payload=None, **members):
    """Publishes one event into a directory and gives its id: ``Publisher(directory).publish(…).id``."""
    return Publisher(directory).publish(event, payload, **members).id


def _encode(payload):
    return json.dumps(payload, allow_nan=False)


def _check_json(text):
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")
    try:
        json.loads(text.decode(), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Refused(f"the encoder gave no JSON: {error}") from None


def _depth(text):
    depth = most = 0
    for byte in re.sub(rb'"(?:[^"\\]|\\.)*"|[^\[\]{}]+', b"", text):
        depth += 1 if byte in b"[{" else -1
        most = max(most, depth)
    return most


def _is_served(directory):
    """Whether a server holds the queue; None where that cannot be told."""
    try:
        trusted = (0, os.geteuid(), os.stat(directory).st_uid)
        fifo = os.open(os.path.join(directory, ".server"), os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.ENOENT):
            return None
        try:
            # A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
            return None if time.time() - os.lstat(os.path.join(directory, ".address")).st_mtime < 10 else False
        except OSError:
            return False
    try:
        status = os.fstat(fifo)
        return True if stat.S_ISFIFO(status.st_mode) and status.st_uid in trusted else None
    finally:
        os.close(fifo)


def _default_directory():
    """./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists."""
    named = os.environ.get("WSQUEUE_DIR")
    installed = "/var/spool/wsqueue"
    if named or not os.path.isdir(installed):
        return named or "queue"
    try:
        owners = {os.lstat("queue").st_uid, os.stat("queue").st_uid}
    except OSError:
        return installed
    return "queue" if owners <= {0, os.geteuid()} and _is_served("queue") else installed


if __name__ == "__main__":
    # wsqueue.py DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
    publish(sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:4]), **json.loads((sys.argv[4:5] or ["{}"])[0]))
