"""A Django site of one file: its orders are published when they are committed."""

import datetime
import decimal
import json
import sys
import uuid

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, INSTALLED_APPS=[],
    WSQUEUE_DIR=sys.argv[1], USE_TZ=True)
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.utils.translation import gettext_lazy  # noqa: E402
import wsqueue  # noqa: E402
from wsqueue_django import publish, publish_all, publisher, publishes  # noqa: E402


@publishes("order", channel="orders", payload=lambda order: {"id": order.pk, "total": order.total})
class Order(models.Model):
    total = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        app_label = "shop"


with connection.schema_editor() as editor:
    editor.create_model(Order)

publish("at.once")
values = [1]
with transaction.atomic():
    publish("types", {
        "decimal": decimal.Decimal("12.50"), "uuid": uuid.UUID(int=7), "text": gettext_lazy("Zoë"), "list": values,
        "time": datetime.datetime(2026, 11, 30, 8, tzinfo=datetime.timezone.utc)})
    values.append("later")
    publish_all([{"event": "one", "channel": "orders"}, {"event": "two", "payload": 2}])
    print(json.dumps("inside"))
    try:
        with transaction.atomic():
            publish("of.a.savepoint")
            raise KeyError
    except KeyError:
        pass
try:
    with transaction.atomic():
        publish("rolled.back")
        Order.objects.create(total="1.00")
        raise KeyError
except KeyError:
    pass
for wrong in (lambda: publish("a", chanel="x"), lambda: publish("a", object()), lambda: publish("a", float("nan"))):
    try:
        with transaction.atomic():
            wrong()
    except wsqueue.Refused as error:
        print(json.dumps(str(error)))
order = Order.objects.create(total="12.50")
order.total = "13.00"
order.save()
order.delete()
publisher().in_(600, "tea", {"total": decimal.Decimal("1.5")})
