"""Publishes from Django when the transaction is committed, with Django's own encoder.

    # settings.py; the directory that wsqueue-server reads
    WSQUEUE_DIR = "/var/spool/wsqueue"

    # anywhere: in views, signals, tasks, management commands
    from wsqueue_django import publish
    with transaction.atomic():
        order = Order.objects.create(customer=customer, total=total)
        publish("order.created", {"id": order.pk, "total": order.total, "at": order.created}, channel="orders")

    # or what a model's rows become, whatever saves and deletes them
    from wsqueue_django import publishes
    @publishes("order", channel="orders", payload=lambda order: {"id": order.pk, "total": order.total})
    class Order(models.Model): ...

Publishing works with the server down: a file is put into the directory, and no connection is made. An event is checked
and encoded at once, so what is wrong with it raises inside the transaction; it is published after the commit, and not
at all where the transaction, or the savepoint around the call, is rolled back; without a transaction at once. Several
that belong together are one batch: ``publish_all([{"event": …, "payload": …}, …])``.

A process that is killed in the instant between commit and publishing has committed and published nothing. Where that
must not be, keep ``publisher().hold``'s word in a row of the same transaction, and release what is there at start.
"""

import functools
import json

import wsqueue
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models.signals import post_delete, post_save


class _Encoded:
    """A payload as it was when the event was made: the object may change before the commit."""

    def __init__(self, payload):
        self.text = json.dumps(payload, cls=DjangoJSONEncoder, allow_nan=False)


def publisher():
    """The publisher of the directory that the settings name: for ``at``, ``in_``, ``hold`` and ``wait``."""
    return _publisher(getattr(settings, "WSQUEUE_DIR", None), getattr(settings, "WSQUEUE_SYNC", False))


@functools.lru_cache(maxsize=None)
def _publisher(directory, sync):
    def encode(payload):
        return (payload if isinstance(payload, _Encoded) else _Encoded(payload)).text
    return wsqueue.Publisher(directory, encode=encode, sync=sync)


def publish(event, payload=None, *, using=None, **members):
    """Publishes an event when the transaction (of the database ``using``) is committed."""
    publish_all([{"event": event, "payload": payload, **members}], using=using)


def publish_all(events, *, using=None):
    """Publishes events when the transaction is committed: clients get all of them or none, in this order."""
    queue, encoded = publisher(), []
    for event in events:
        members = {"except" if name == "except_" else name: value for name, value in event.items()}
        try:
            members["payload"] = _Encoded(members.get("payload"))
        except (TypeError, ValueError) as error:
            raise wsqueue.Refused(f"the payload cannot be encoded as JSON: {error}") from error
        wsqueue.check(members.get("event"), {
            name: value for name, value in members.items() if name not in ("event", "payload")})
        encoded.append(members)
    if len(encoded) == 1:
        [members] = encoded
        event, payload = members.pop("event"), members.pop("payload")
        transaction.on_commit(lambda: queue.publish(event, payload, **members), using=using)
    else:
        transaction.on_commit(lambda: queue.batch(encoded), using=using)


def publishes(name, *, payload, key=True, **members):
    """Decorates a model: each row is the state of a key, ``<name>:<pk>``, from ``<name>.saved`` to ``….deleted``."""
    def decorate(model):
        def saved(sender, instance, using, created, raw=False, **_):
            if not raw:  # Fixtures are no news.
                publish(f"{name}.saved", payload(instance), using=using, key=f"{name}:{instance.pk}" if key else None,
                        **members)

        def deleted(sender, instance, using, **_):
            publish(f"{name}.deleted", {"id": instance.pk}, using=using, key=f"{name}:{instance.pk}" if key else None,
                    clear=True if key else None, **members)
        post_save.connect(saved, sender=model, weak=False)
        post_delete.connect(deleted, sender=model, weak=False)
        return model
    return decorate
