<?php
// A page that shows what there is, and then what happens. It asks for the cursor before it reads what it shows: whatever
// changes after that comes as an event, even if the browser needs minutes to open the page.

$here = getenv('WSQUEUE_SERVER') ?: 'http://127.0.0.1:8081';    // as this script reaches the server
$there = getenv('WSQUEUE_PUBLIC') ?: $here;                     // as browsers do

$cursor = @file_get_contents("$here/cursor", false, stream_context_create(['http' => ['timeout' => 0.5]]));
$orders = json_decode(@file_get_contents(__DIR__ . '/orders.json') ?: '[]', true);    // from the database, in real life

$json = fn ($value) => json_encode($value, JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES);
?>
<!doctype html>
<meta charset="utf-8">
<title>Orders</title>
<ul id="orders">
<?php foreach ($orders as $order): ?>
  <li><?= htmlspecialchars($order['customer']) ?></li>
<?php endforeach ?>
</ul>
<script src="<?= htmlspecialchars("$there/wsqueue.js") ?>"></script>
<script>
  // Without a cursor, because the server was away, it begins with what comes now.
  const queue = new WSQueue(<?= $json($there) ?>, { since: <?= $json($cursor ?: null) ?> ?? undefined, store: null });
  queue.on("order.created", (order) => {
    const item = document.createElement("li");
    item.textContent = order.customer;
    document.getElementById("orders").append(item);
  });
  queue.on("gap", () => location.reload());
</script>
