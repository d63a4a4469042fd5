<?php
// Publishes as the PHP original does: in place, named by microtime and uniqid.
// original.php DIRECTORY WRITER COUNT DELAY: each write pauses DELAY microseconds between its halves.
// Prints the names: two processes may choose the same one in the same microsecond, and then overwrite each other.
[, $directory, $writer, $count, $delay] = $argv;
for ($n = 0; $n < (int) $count; $n++) {
    $file = $directory . '/' . microtime(true) . '_' . uniqid() . '.json';
    echo basename($file), "\n";
    $text = json_encode([
        'event' => 'order_status_changed',
        'payload' => ['writer' => (int) $writer, 'n' => $n],
        'timestamp' => time(),
        'queued_at' => microtime(true),
    ]);
    if ((int) $delay === 0) {
        file_put_contents($file, $text);
        continue;
    }
    $half = intdiv(strlen($text), 2);
    $stream = fopen($file, 'w');
    fwrite($stream, substr($text, 0, $half));
    usleep((int) $delay);
    fwrite($stream, substr($text, $half));
    fclose($stream);
}
