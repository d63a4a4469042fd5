<?php
// Spiral's broadcasting on a queue directory. In app/config/broadcasting.php:
//   'default' => 'wsqueue',
//   'connections' => ['wsqueue' => ['driver' => \App\Broadcasting\WSQueueBroadcast::class, 'directory' => '/var/spool/wsqueue']],

namespace App\Broadcasting;

use Spiral\Broadcasting\BroadcastInterface;
use Spiral\Broadcasting\Exception\BroadcastException;

final class WSQueueBroadcast implements BroadcastInterface
{
    private int $last = 0;

    public function __construct(private readonly string $directory, private readonly string $event = 'broadcast')
    {
        if (strlen($event) > 255 || !preg_match('/^[^\p{Cc}]+$/Du', $event)) {
            throw new BroadcastException('the event has to be 1 to 255 bytes of UTF-8 without control characters');
        }
    }

    /** Each message goes to all topics; several are one batch, which arrives whole or not at all. */
    public function publish(iterable|string|\Stringable $topics, iterable|string $messages): void
    {
        $members = ['event' => $this->event, 'channels' => $this->topics($topics)];
        $lines = [];
        foreach (is_iterable($messages) ? $messages : [$messages] as $message) {
            $payload = $this->payload((string) $message);
            $lines[] = substr(json_encode($members, JSON_THROW_ON_ERROR), 0, -1) . ',"payload":' . $payload . '}';
        }
        if ($lines !== []) {
            $this->write(implode("\n", $lines), count($lines) === 1 ? 'json' : 'jsonl');
        }
    }

    /** What is JSON goes on as it is, on one line; any other text becomes a JSON string. */
    private function payload(string $message): string
    {
        json_decode($message);
        if (json_last_error() === JSON_ERROR_NONE) {
            return strtr($message, "\r\n", '  ');
        }
        $text = json_encode($message, JSON_UNESCAPED_UNICODE);
        return $text !== false ? $text : throw new BroadcastException('a message is not UTF-8');
    }

    /** @return list<string> */
    private function topics(iterable|string|\Stringable $topics): array
    {
        $names = [];
        foreach (is_iterable($topics) ? $topics : [$topics] as $topic) {
            $names[] = $name = (string) $topic;
            if (!preg_match('/^[A-Za-z0-9._:-]{1,255}$/D', $name)) {
                throw new BroadcastException("$name is no name of a channel: 1 to 255 of A-Z a-z 0-9 . _ - :");
            }
        }
        // An event without channels would go to everybody.
        return $names ?: throw new BroadcastException('a message needs a topic');
    }

    private function write(string $text, string $suffix): void
    {
        // Later than the last one even when the clock was set back: the time in the name is the order.
        [$fraction, $seconds] = explode(' ', microtime());
        $this->last = max($this->last + 1, (int) $seconds * 1_000_000_000 + (int) substr($fraction, 2, 8) * 10);
        $name = sprintf('%019d-%d-1-%s', $this->last, getmypid(), bin2hex(random_bytes(4)));
        $hidden = "$this->directory/.$name.tmp";
        if (@file_put_contents($hidden, $text) !== strlen($text)
            || !@chmod($hidden, 0644) || !@rename($hidden, "$this->directory/$name.$suffix")) {
            $reason = error_get_last()['message'] ?? 'the disk is full';
            @unlink($hidden);
            throw new BroadcastException("cannot publish in $this->directory: $reason");
        }
    }
}
