<?php
// Receives events from wsqueue-server, by Server-Sent Events, and goes on where it was. Needs nothing but PHP 8.1.
//
//   $receiver = new WSQueue\Receiver('http://127.0.0.1:8081', channels: ['orders'], cursorFile: 'orders.cursor');
//   foreach ($receiver as $event) {
//       handle($event['event'], $event['payload']);
//   }
//
// It comes back by itself from lost networks and restarts, gets what it missed in the meantime, and gives nothing
// twice. An event counts as handled when the loop asks for the next one; then the cursor moves, in the file too. A
// program that is killed while it handles an event gets that one again: one that writes to a database can keep
// $event['cursor'] in the same transaction, and begin with since. What can no longer be had is a gap, and never silent:
// $onGap is called, or a Gap is thrown. For command lines and workers; a web page has wsqueue.js.

namespace WSQueue;

/** Events are lost: they were too many, or too old, for the server's history. Load what is shown anew. */
final class Gap extends \RuntimeException
{
    public function __construct(public readonly array $told)
    {
        parent::__construct(sprintf('events were lost between %s and %s (%s)',
            $told['from'] ?? '?', $told['to'] ?? '?', $told['reason'] ?? '?'));
    }
}

/** The server refuses the connection, or a channel; trying again does not help. */
final class Denied extends \RuntimeException
{
    public function __construct(string $message, public readonly string $reason)
    {
        parent::__construct($message);
    }
}

/** Iterates over events for ever: arrays as the server sends them, with 'cursor' and 'is_state'. */
final class Receiver implements \IteratorAggregate
{
    private ?string $cursor = null;
    /** @var array<string, true> what came since the cursor and has none of its own */
    private array $given = [];
    private int $failures = 0;

    /**
     * @param list<string> $channels
     * @param list<string> $events only these names, or globs
     * @param string|\Closure|null $token a JWT, or what gives one for each connection
     * @param ?string $since where to begin without a cursor: a cursor, 'all', 'latest', an age such as '10m'; else now
     * @param bool $state the newest event of each key first
     * @param ?\Closure $onGap called with a Gap where events are lost
     * @param ?\Closure $onState called with true before the state, and false after it: keys not named between have none
     * @param ?\Closure $onRetry called with a reason and the seconds until the next connection
     * @param int $timeout seconds after which a network that says nothing is left
     */
    public function __construct(
        private readonly string $url, private readonly array $channels = [], private readonly array $events = [],
        private readonly string|\Closure|null $token = null, private readonly ?string $since = null,
        private readonly bool $state = false, private readonly ?string $cursorFile = null,
        private readonly ?\Closure $onGap = null, private readonly ?\Closure $onState = null,
        private readonly ?\Closure $onRetry = null, private readonly int $timeout = 60)
    {
        if ($cursorFile !== null && is_file($cursorFile)) {
            $this->cursor = trim((string) file_get_contents($cursorFile)) ?: null;
        }
    }

    /** Where it stands. */
    public function cursor(): ?string
    {
        return $this->cursor;
    }

    public function getIterator(): \Generator
    {
        while (true) {
            [$reason, $least] = ['the connection has ended', 0];
            error_clear_last();
            $answer = @fopen($this->address(), 'r', false, stream_context_create(['http' => [
                'header' => $this->headers(), 'timeout' => $this->timeout, 'ignore_errors' => true,
                'protocol_version' => 1.1, 'follow_location' => 0,
            ]]));
            $status = (int) substr($http_response_header[0] ?? '', 9, 3);
            if ($answer === false) {
                $reason = error_get_last()['message'] ?? 'no connection';
            } elseif ($status === 200) {
                // No `yield from`: its keys begin anew with each connection.
                foreach ($this->messages($answer) as $event) {
                    yield $event;
                }
                fclose($answer);
            } else {
                $reason = "$this->url answers $status: " . trim((string) stream_get_contents($answer, 4096));
                $mayPass = in_array($status, [408, 425, 429], true) || $status >= 500
                    || $status === 401 && $this->token instanceof \Closure && $this->failures === 0;
                if (!$mayPass) {
                    throw new Denied($reason, (string) $status);
                }
                $waits = preg_grep('/^Retry-After: \d+$/i', $http_response_header);
                $least = $waits ? (int) substr(reset($waits), 12) : 0;
            }
            $http_response_header = [];
            $this->failures += 1;
            // At a random moment of a growing time, so that not all come back at once.
            $most = min(20, 0.25 * 2 ** min($this->failures, 10));
            $seconds = max($least, random_int(0, (int) ($most * 1000)) / 1000);
            if ($this->onRetry) {
                ($this->onRetry)($reason, $seconds);
            }
            usleep((int) ($seconds * 1e6));
        }
    }

    private function address(): string
    {
        $query = array_filter([
            'channels' => implode(',', $this->channels), 'events' => implode(',', $this->events),
            'state' => $this->state ? '1' : '', 'since' => $this->cursor === null ? (string) $this->since : '',
        ], 'strlen');
        return rtrim($this->url, '/') . '/events?' . http_build_query($query);
    }

    private function headers(): array
    {
        $token = $this->token instanceof \Closure ? ($this->token)() : $this->token;
        return [
            'Accept: text/event-stream', ...($this->cursor === null ? [] : ["Last-Event-ID: $this->cursor"]),
            ...($token ? ["Authorization: Bearer $token"] : []),
        ];
    }

    /** @param resource $answer */
    private function messages($answer): \Generator
    {
        [$data, $cursor, $isState] = [[], null, false];
        // Where nothing comes in time, PHP gives what there is of a line.
        while (($line = fgets($answer)) !== false && str_ends_with($line, "\n")) {
            $line = rtrim($line, "\r\n");
            [$name, $value] = explode(':', "$line:", 2);
            $value = substr($value, str_starts_with($value, ' ') ? 1 : 0, -1);
            if ($name === 'data') {
                $data[] = $value;
            } elseif ($name === 'id') {
                $cursor = $value;
            } elseif ($line === '') {
                if ($data) {
                    $message = json_decode(implode("\n", $data), true, 1024, JSON_THROW_ON_ERROR);
                    if (($message['action'] ?? null) === 'state') {
                        $isState = isset($message['begin']);
                    }
                    if ($this->isEvent($message, $isState)) {
                        yield $message + ['cursor' => $cursor, 'is_state' => $isState];
                    }
                    if (isset($message['event'], $message['seq']) && !$isState) {
                        $this->given["{$message['seq']} {$message['id']}"] = true;
                    }
                    if (($message['code'] ?? null) === 'token_expired') {
                        return;
                    }
                }
                if ($cursor !== null) {
                    $this->move($cursor);
                }
                [$data, $cursor] = [[], null];
            }
        }
    }

    /** Whether a message is an event that has not been given; hears all else that the server says. */
    private function isEvent(array $message, bool $isState): bool
    {
        $this->failures = 0;
        $action = $message['action'] ?? null;
        if ($action === 'state' && $this->onState) {
            ($this->onState)($isState);
        } elseif ($action === 'resumed' && empty($message['complete']) && empty($message['healed'])) {
            $gap = new Gap($message['gap'] ?? []);
            $this->onGap ? ($this->onGap)($gap) : throw $gap;
        } elseif ($action === 'error'
            && !(($message['code'] ?? null) === 'token_expired' && $this->token instanceof \Closure)) {
            throw new Denied($message['error'] ?? 'refused', $message['code'] ?? '');
        }
        // What has no cursor of its own is sent again, when the connection is lost before the end of it.
        return $action === null && isset($message['event'])
            && ($isState || !isset($this->given[($message['seq'] ?? '') . ' ' . ($message['id'] ?? '')]));
    }

    private function move(string $cursor): void
    {
        $this->cursor = $cursor;
        $this->given = [];
        if ($this->cursorFile !== null) {
            if (@file_put_contents("$this->cursorFile.new", "$cursor\n") === false
                || !@rename("$this->cursorFile.new", $this->cursorFile)) {
                $reason = error_get_last()['message'] ?? 'the disk is full';
                throw new \RuntimeException("cannot write $this->cursorFile: $reason; let this user write there");
            }
        }
    }
}

if (realpath($argv[0] ?? '') === __FILE__) {
    // php wsqueue_receive.php URL [CHANNEL]...: a line of JSON for each event
    foreach (new Receiver($argv[1], array_slice($argv, 2), since: getenv('SINCE') ?: null) as $event) {
        echo json_encode($event, JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION), "\n";
    }
}
