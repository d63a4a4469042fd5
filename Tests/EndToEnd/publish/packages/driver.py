"""Calls the installed package as each line of standard input says, and answers by a line: see ../test_packages.py."""

import json
import sys

import wsqueue

plain = wsqueue.Publisher()
coded = wsqueue.Publisher(encode=lambda payload: payload["raw"])


def answer(call, encoded=False, event=None, payload=None, members=None, **rest):
    queue = coded if encoded else plain
    words = (event, payload)
    members = members or {}
    if call == "publish":
        return queue.publish(*words, **members)._asdict()
    if call == "batch":
        receipt = queue.batch(rest["events"])
        return receipt and receipt._asdict()
    if call in ("at", "in"):
        return (queue.at if call == "at" else queue.in_)(rest["when"], *words, **members)._asdict()
    if call == "hold":
        return queue.hold(*words, **members)
    if call == "release":
        return queue.release(rest["word"])._asdict()
    if call in ("abort", "cancel"):
        return getattr(queue, call)(rest["word"])
    return queue.wait(wsqueue.Receipt(**rest["receipt"]), rest["seconds"])._asdict()


for line in sys.stdin:
    try:
        said = {"is": answer(**json.loads(line))}
    except (wsqueue.Refused, wsqueue.NotHeld, wsqueue.PublishError) as error:
        said = {"error": type(error).__name__, "says": str(error)}
    print(json.dumps(said), flush=True)
