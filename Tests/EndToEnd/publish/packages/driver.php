<?php
// Calls the installed package as each line of standard input says, and answers by a line: see ../test_packages.py.
require 'vendor/autoload.php';

use WSQueue\{NotHeld, PublishError, Publisher, Receipt, Refused};

$plain = new Publisher();
$coded = new Publisher(encode: fn ($payload) => $payload['raw']);
$told = fn (?Receipt $receipt) => $receipt === null ? null
    : ['id' => $receipt->id, 'path' => $receipt->path, 'is_new' => $receipt->isNew];

while (($line = fgets(STDIN)) !== false) {
    $given = json_decode($line, true, 2000, flags: JSON_THROW_ON_ERROR);
    $queue = empty($given['encoded']) ? $plain : $coded;
    $event = [$given['event'] ?? '', $given['payload'] ?? null, $given['members'] ?? []];
    try {
        $said = ['is' => match ($given['call']) {
            'publish' => $told($queue->publish(...$event)),
            'batch' => $told($queue->batch($given['events'])),
            'at' => $told($queue->at($given['when'], ...$event)),
            'in' => $told($queue->in($given['when'], ...$event)),
            'hold' => $queue->hold(...$event),
            'release' => $told($queue->release($given['word'])),
            'wait' => (array) $queue->wait(new Receipt(...array_values($given['receipt'])), $given['seconds']),
            default => $queue->{$given['call']}($given['word']),
        }];
    } catch (Refused | NotHeld | PublishError $error) {
        $said = ['error' => basename(strtr($error::class, '\\', '/')), 'says' => $error->getMessage()];
    }
    echo json_encode($said, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
