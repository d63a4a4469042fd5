<?php
// A service that gets a BroadcastInterface and publishes as it always did. spiral_publish.php DIRECTORY WHAT
require getenv('MIGRATION') . '/spiral/interfaces.php';
require getenv('MIGRATION') . '/spiral/WSQueueBroadcast.php';

use Spiral\Broadcasting\BroadcastInterface;
use Spiral\Broadcasting\Exception\BroadcastException;

final class User implements Stringable
{
    public function __construct(private readonly int $id)
    {
    }

    public function __toString(): string
    {
        return "user.$this->id";
    }
}

function publish(BroadcastInterface $broadcast, string $what): void
{
    match ($what) {
        'json' => $broadcast->publish('news', '{"price": 12.50, "big": 12345678901234567890}'),
        'text' => $broadcast->publish('news', 'hello "world"'),
        'object' => $broadcast->publish(new User(7), "{\n  \"a\": 1\r\n}"),
        'several' => $broadcast->publish(['news', new User(7)], ['{"n":1}', "{\n\"n\":2}", 'three']),
        'iterator' => $broadcast->publish(new ArrayIterator(['news']), new ArrayIterator(['1', '2'])),
        'no messages' => $broadcast->publish('news', []),
        'no topics' => $broadcast->publish([], '1'),
        'bad topic' => $broadcast->publish('user/7', '1'),
        'bad text' => $broadcast->publish('news', "\xFF"),
    };
}

try {
    publish(new \App\Broadcasting\WSQueueBroadcast(directory: $argv[1]), $argv[2]);
} catch (BroadcastException $exception) {
    echo $exception->getMessage();
}
