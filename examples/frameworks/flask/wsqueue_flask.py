"""Publishes from Flask: at once, or when the request has gone well, with the application's own JSON provider.

    queue = WSQueue(app)                    # or WSQueue() and queue.init_app(app)
    app.config["WSQUEUE_DIR"] = "/var/spool/wsqueue"      # the directory that wsqueue-server reads

    @app.post("/orders")
    def create():
        order = orders.create(request.json)
        queue.later("order.created", {"id": order.id, "total": order.total}, channel="orders")
        database.commit()
        return {"id": order.id}, 201

Publishing works with the server down: a file is put into the directory, and no connection is made. What was given to
``later`` is checked and encoded at once, so what is wrong with it raises in the view. It is published, as one batch,
when the view has answered with less than 400: clients get all of it or none, in order. ``publish``, ``batch``, ``at``,
``in_``, ``hold`` and the other calls of ``wsqueue.Publisher`` publish at once, with and without a request.

A page that listens: ``wsqueue.js`` as the server gives it, or an ``EventSource`` (examples/browser). ``X-Connection`` in
a request, the ``connectionId`` of the page's own client, keeps what it caused from coming back to it.
"""

import wsqueue
from flask import current_app, g, request


class WSQueue:
    """The extension; its publisher is that of the current application."""

    def __init__(self, app=None):
        if app is not None:
            self.init_app(app)

    def init_app(self, app):
        """Adds it to an application: ``app.extensions["wsqueue"]``."""
        app.extensions["wsqueue"] = self
        app.config.setdefault("WSQUEUE_DIR", None)
        app.config.setdefault("WSQUEUE_SYNC", False)
        app.after_request(self._publish_later)

    @property
    def publisher(self):
        """The publisher of the current application, whose JSON provider encodes the payloads."""
        config = current_app.config
        return wsqueue.Publisher(config["WSQUEUE_DIR"], encode=self._encode, sync=config["WSQUEUE_SYNC"])

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.publisher, name)

    def later(self, event, payload=None, **members):
        """Publishes an event when the request has been answered with less than 400."""
        members = {"except" if name == "except_" else name: value for name, value in members.items()}
        connection = request.headers.get("X-Connection", type=int)
        if connection is not None and "key" not in members:
            members.setdefault("except", connection)
        wsqueue.check(event, members)
        try:
            payload = _Encoded(self._encode(payload))
        except (TypeError, ValueError) as error:
            raise wsqueue.Refused(f"the payload cannot be encoded as JSON: {error}") from error
        if "wsqueue_later" not in g:
            g.wsqueue_later = []
        g.wsqueue_later.append({"event": event, "payload": payload, **members})

    def _publish_later(self, response):
        events = g.pop("wsqueue_later", [])
        if response.status_code < 400:
            if len(events) == 1:
                [members] = events
                self.publisher.publish(members.pop("event"), members.pop("payload"), **members)
            else:
                self.publisher.batch(events)
        return response

    @staticmethod
    def _encode(payload):
        return payload.text if isinstance(payload, _Encoded) else current_app.json.dumps(payload)


class _Encoded:
    """A payload as it was when the event was made."""

    def __init__(self, text):
        self.text = text
