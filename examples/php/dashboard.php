<?php
// A dashboard that is right before the browser has run anything: the server is asked how things stand, and what the page
// shows is made here. It hands over where that stands, so that whatever changes after it comes as an event.
//
//   wsqueue-publish -c jobs -k job:42 job.progress pct:=57
//   wsqueue-publish -c jobs -k job:42 --clear job.done

$here = getenv('WSQUEUE_SERVER') ?: 'http://127.0.0.1:8081';    // as this script reaches the server
$there = getenv('WSQUEUE_PUBLIC') ?: $here;                     // as browsers do

$answer = @file_get_contents("$here/state?channels=jobs", false, stream_context_create(['http' => ['timeout' => 2]]));
$state = json_decode($answer ?: '', true) ?? ['events' => []];    // no JSON: the server is away, or has broken off
$jobs = array_filter($state['events'], fn ($event) => $event['event'] === 'job.progress');

$text = fn ($value) => htmlspecialchars((string) $value);
$json = fn ($value) => json_encode($value, JSON_HEX_TAG | JSON_HEX_AMP | JSON_UNESCAPED_SLASHES);
header('Cache-Control: no-store');
?>
<!doctype html>
<meta charset="utf-8">
<title>Jobs</title>
<ul id="jobs">
<?php foreach ($jobs as ['key' => $key, 'payload' => $job]): ?>
  <li id="<?= $text($key) ?>"><?= $text("$key: {$job['pct']} %") ?></li>
<?php endforeach ?>
</ul>
<script src="<?= $text("$there/wsqueue.js") ?>"></script>
<script>
  const jobs = document.getElementById("jobs");
  const row = (key) => document.getElementById(key) ?? jobs.appendChild(Object.assign(document.createElement("li"), { id: key }));
  const queue = new WSQueue(<?= $json($there) ?>, {
    channels: ["jobs"], since: <?= $json($state['cursor'] ?? null) ?> ?? undefined, store: null });
  queue.on("job.progress", ({ pct }, { key }) => { row(key).textContent = `${key}: ${pct} %`; });
  queue.on("job.done", (payload, { key }) => document.getElementById(key)?.remove());
  // Away for too long: the page is made anew, with how things stand then.
  queue.on("gap", () => location.reload());
</script>
