"""A Flask site of one file, and requests to it."""

import datetime
import decimal
import json
import sys

import flask
import wsqueue
from wsqueue_flask import WSQueue

app = flask.Flask("site")
queue = WSQueue(app)
app.config["WSQUEUE_DIR"] = sys.argv[1]


@app.post("/orders/<int:status>")
def create(status):
    order = {"total": decimal.Decimal("12.50"), "day": datetime.date(2026, 11, 30)}
    queue.later("order.created", order, channel="orders")
    if flask.request.args.get("more"):
        queue.later("order.counted", 1)
    if status == 500:
        raise KeyError
    return {"status": status}, status


@app.get("/now")
def now():
    return {"id": queue.publish("now", {"n": 1}).id}


@app.get("/wrong")
def wrong():
    queue.later("a", chanel="orders")


client = app.test_client()
for path, headers in (("/orders/201", {"X-Connection": "18"}), ("/orders/409", {}), ("/orders/500", {}),
                      ("/orders/200?more=1", {})):
    print(json.dumps(client.post(path, headers=headers).status_code))
print(json.dumps(client.get("/now").status_code))
app.testing = True
try:
    client.get("/wrong")
except wsqueue.Refused as error:
    print(json.dumps(str(error)))
with app.app_context():
    queue.batch([{"event": "outside", "payload": decimal.Decimal("1.5")}])
