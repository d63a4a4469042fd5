<?php
// In the place of fast-api's class of this name: the application stays as it is, and loads this file instead.

namespace FASTAPI\WebSocket;

class WebSocketServer
{
    private static ?self $instance = null;
    private static int $last = 0;
    private array $options = ['--host', '127.0.0.1', '--port', '8080', '--dir', 'queue'];

    public static function getInstance(mixed $app = null): self
    {
        return self::$instance ??= new self();
    }

    /** Queues one event; false when it is not in the queue. */
    public static function queueEvent(string $queuePath, string $event, mixed $payload = null): bool
    {
        // Later than the last one even when the clock was set back: the time in the name is the order.
        [$fraction, $seconds] = explode(' ', microtime());
        self::$last = max(self::$last + 1, (int) $seconds * 1_000_000_000 + (int) substr($fraction, 2, 8) * 10);
        $name = sprintf('%019d-%d-1-%s', self::$last, getmypid(), bin2hex(random_bytes(4)));
        $text = json_encode([
            'event' => $event, 'payload' => $payload, 'timestamp' => time(), 'queued_at' => microtime(true),
        ]);
        if ($text === false || (!is_dir($queuePath) && !@mkdir($queuePath, 0755, true) && !is_dir($queuePath))) {
            return false;
        }
        // Hidden until it is whole: the server never sees half of it.
        $hidden = "$queuePath/.$name.tmp";
        $isQueued = @file_put_contents($hidden, $text) === strlen($text)
            && @chmod($hidden, 0644) && @rename($hidden, "$queuePath/$name.json");
        return $isQueued || (@unlink($hidden) && false);
    }

    public function host(string $host): self { $this->options[1] = $host; return $this; }
    public function port(int $port): self { $this->options[3] = (string) $port; return $this; }
    public function eventQueue(string $path): self { $this->options[5] = $path; return $this; }

    /** Pages may connect at any path; what ran here for each of them belongs into the page, or into the application. */
    public function on(string $path, callable $handler): self { return $this; }

    /** Becomes wsqueue-server, in this process: whoever supervised it goes on doing so. Options may come by WSQUEUE_*. */
    public function start(): void
    {
        if (!is_dir($this->options[5])) {
            @mkdir($this->options[5], 0755, true);
        }
        pcntl_exec('/usr/bin/env', ['wsqueue-server', ...$this->options]);
        throw new \RuntimeException('cannot start wsqueue-server: is it installed?');
    }
}
