<?php
// Publishes events from PHP: write under a name that begins with a dot, then rename. Nothing to install.

/** Queues one event for wsqueue-server and gives its id; $members are further ones, such as ['channel' => 'orders']. */
function wsqueue_publish(string $directory, string $event, mixed $payload = null, array $members = []): string
{
    static $last = 0;
    // Always later than the last one: a clock set back must not turn this process's order round.
    [$fraction, $seconds] = explode(' ', microtime());
    $last = max($last + 1, (int) $seconds * 1_000_000_000 + (int) substr($fraction, 2, 8) * 10);
    $name = sprintf('%019d-%d-1-%s', $last, getmypid(), bin2hex(random_bytes(4)));
    $text = json_encode(
        ['event' => $event, 'payload' => $payload, 'timestamp' => time()] + $members,
        JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES,
    );
    $hidden = "$directory/.$name.tmp";
    if (@file_put_contents($hidden, $text) !== strlen($text)
        || !@chmod($hidden, 0644) || !@rename($hidden, "$directory/$name.json")) {
        $reason = error_get_last()['message'] ?? 'the disk is full';
        @unlink($hidden);
        throw new RuntimeException("cannot publish $event in $directory: $reason");
    }
    return $name;
}

if (realpath($argv[0] ?? '') === __FILE__) {
    wsqueue_publish($argv[1], $argv[2], isset($argv[3]) ? json_decode($argv[3], flags: JSON_THROW_ON_ERROR) : null);
}
