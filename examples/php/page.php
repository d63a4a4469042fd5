<?php
// A page that shows what there is, and then what happens. It asks for the cursor before it reads what it shows: whatever
// changes after that comes as an event, even if the browser needs minutes to open the page. Nothing may keep the page: out
// of a cache it would show what was, and begin where events are no longer kept.
header('Cache-Control: no-store');

$here = getenv('WSQUEUE_SERVER') ?: 'http://127.0.0.1:8081';    // as this script reaches the server
$there = getenv('WSQUEUE_PUBLIC') ?: $here;                     // as browsers do

$cursor = @file_get_contents("$here/cursor", false, stream_context_create(['http' => ['timeout' => 0.5]]));
$orders = json_decode(@file_get_contents(__DIR__ . '/orders.json') ?: '[]', true);    // from the database, in real life

// What the page shows, by itself: what the script below loads again when events are lost.
if (isset($_GET['orders'])) {
    header('Content-Type: application/json');
    exit(json_encode($orders));
}

$json = fn ($value) => json_encode($value, JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES);
?>
<!doctype html>
<meta charset="utf-8">
<title>Orders</title>
<ul id="orders"><?php foreach ($orders as $order): ?><li><?= htmlspecialchars($order['customer']) ?></li><?php endforeach ?></ul>
<script src="<?= htmlspecialchars("$there/wsqueue.js") ?>"></script>
<script>
  const list = document.getElementById("orders");
  const item = (order) => Object.assign(document.createElement("li"), { textContent: order.customer });
  // Without a cursor, because the server was away, the list is loaded once more as soon as it is back.
  const queue = new WSQueue(<?= $json($there) ?>, {
    since: <?= $json($cursor ?: null) ?> ?? undefined,
    store: null,
    load: async () => list.replaceChildren(...(await (await fetch("?orders")).json()).map(item)),
  });
  queue.on("order.created", (order) => list.append(item(order)));
</script>
