<?php
// Publishes events to wsqueue-server by putting files into its queue directory. Needs nothing but PHP 8.1.
//
//   $queue = new WSQueue\Publisher();                                  // of WSQUEUE_DIR
//   $queue->publish('order.created', ['id' => 7], ['channel' => 'orders']);
//   wsqueue_publish('queue', 'order.created', ['id' => 7]);            // the same in one line
//
// No connection is made: publishing works with the server down, and the events wait. Where a call throws nothing is
// published: Refused for what the server would refuse, PublishError for a directory that cannot be written.

namespace WSQueue {

const VERSION = '0.2.0';
const LIMIT = 1_048_576;            // bytes of an event that the server takes
const BATCH_LIMIT = 67_108_864;     // bytes of a batch
const FARTHEST = 366 * 86_400;      // seconds that an event may wait for its time

/** An event that the server would refuse, or a member that it does not know. */
final class Refused extends \InvalidArgumentException
{
}

/** Nothing is held, or waits for its time, under the word that was given. */
final class NotHeld extends \OutOfBoundsException
{
}

/** The queue directory could not be used: what failed, why, and the next step. */
final class PublishError extends \RuntimeException
{
    public readonly string $advice;

    public function __construct(public readonly string $directory, string $step, string $reason)
    {
        $this->advice = match (true) {
            !is_dir($directory) => 'create it, or name the directory that wsqueue-server reads (WSQUEUE_DIR)',
            str_contains($reason, 'denied') || str_contains($reason, 'not permitted') => 'let user '
                . (function_exists('posix_geteuid') ? posix_geteuid() : get_current_user())
                . ' create files there (ls -ld, usermod -aG GROUP), or run as one who may',
            str_contains($reason, 'Read-only') => 'mount its file system read-write, or move the queue',
            str_contains($reason, 'too long') => 'give the event a shorter id',
            str_contains($reason, 'too large') => 'raise the limit for files (ulimit -f), then publish again',
            default => 'nothing was published: make room, look at the disk (df, df -i, dmesg), then publish again',
        };
        parent::__construct("cannot $step in the queue directory $directory: $reason; $this->advice");
    }
}

/** What was published: its id, its file, and whether this call wrote it (one of its id may have waited). */
final class Receipt
{
    public function __construct(
        public readonly string $id, public readonly string $path, public readonly bool $isNew = true)
    {
    }
}

/** What became of an event: 'sent', 'refused' (with a reason), 'queued', or 'no server'. */
final class Delivery
{
    public function __construct(public readonly string $state, public readonly string $reason = '')
    {
    }
}

/** Publishes into a queue directory: the given one, that of WSQUEUE_DIR, or where wsqueue-publish would. */
final class Publisher
{
    private const OURS = '/^(at-)?\d{19}-\d+-\d+-[A-Za-z0-9_.:@+=,]+$/D';
    // Of this process: names are each later than the one before, also when the clock is set back.
    private static int $last = 0;
    private static int $count = 0;
    private static int $previous = 0;
    public readonly string $directory;
    private readonly ?\Closure $encode;

    /**
     * @param callable|null $encode makes JSON of a payload, instead of json_encode
     * @param bool $sync whether an event survives a power cut, too
     * @param int $mode of the files, which the server must be able to read
     */
    public function __construct(
        ?string $directory = null, ?callable $encode = null, private readonly bool $sync = false,
        private readonly int $mode = 0644)
    {
        $this->directory = $directory ?? self::defaultDirectory();
        $this->encode = $encode === null ? null : $encode(...);
    }

    /** Publishes an event; $members are further ones. One whose id is that of one that still waits is not written. */
    public function publish(string $event, mixed $payload = null, array $members = []): Receipt
    {
        return $this->put($event, $payload, $members, null);
    }

    /**
     * Publishes several, of which clients get all or none, in this order; null without any.
     *
     * @param iterable<array{event: string, payload?: mixed}> $events with further members
     */
    public function batch(iterable $events): ?Receipt
    {
        $text = '';
        foreach ($events as $index => $event) {
            $members = array_diff_key($event, ['event' => 0, 'payload' => 0]);
            try {
                $line = $this->text($event['event'] ?? '', $event['payload'] ?? null, $members);
            } catch (Refused $error) {
                throw new Refused('event ' . ($index + 1) . " of the batch: {$error->getMessage()}", 0, $error);
            }
            $text .= strtr($line, "\r\n", '  ') . "\n";
        }
        if (strlen($text) > BATCH_LIMIT) {
            throw new Refused('the batch is larger than the ' . BATCH_LIMIT . ' bytes that the server takes');
        }
        if ($text === '') {
            return null;
        }
        $stem = self::nextName();
        $this->store($text, "$stem.jsonl");
        return $this->receipt($stem, "$stem.jsonl");
    }

    /** Publishes an event that is not sent before a time, Unix seconds or a date; it waits in the queue. */
    public function at(
        int|float|\DateTimeInterface $when, string $event, mixed $payload = null, array $members = []): Receipt
    {
        $when = $when instanceof \DateTimeInterface ? (float) $when->format('U.u') : $when;
        if ($when > microtime(true) + FARTHEST) {
            throw new Refused('an event may wait for a year at most: publish it nearer to its time');
        }
        return $this->put($event, $payload, $members, max(0, (int) ($when * 1e6)) * 1000);
    }

    /** Publishes an event that is sent so many seconds from now. */
    public function in(int|float $seconds, string $event, mixed $payload = null, array $members = []): Receipt
    {
        return $this->at(microtime(true) + $seconds, $event, $payload, $members);
    }

    /** Takes back an event that waits for its time. */
    public function cancel(int|string $id): void
    {
        $names = ['at-' . self::named($id) . '.json'];
        if (str_starts_with((string) $id, 'at-') && preg_match(self::OURS, $id)) {
            $names[] = "$id.json";
        }
        $this->remove($names, "no event waits for its time under the id '$id'");
    }

    /** Writes an event that no server sees until it is released, and gives the word for that: before a commit. */
    public function hold(string $event, mixed $payload = null, array $members = []): string
    {
        $stem = isset($members['id']) ? self::named($members['id']) : self::nextName();
        // It is to have the id that is told now, and its file gets another name when it is released.
        $id = $members['id'] ?? $stem;
        $random = '';
        foreach (str_split(random_bytes(16)) as $byte) {
            $random .= 'abcdefghijklmnopqrstuvwxyz012345'[ord($byte) & 31];
        }
        $text = $this->text($event, $payload, ['id' => $id] + $members);
        $this->store("$text\n", ".held-$stem.$random.json");
        return "$id.$random";
    }

    /** Publishes what is held under a word, by one rename: after a commit. */
    public function release(string $word): Receipt
    {
        [$id, $held] = $this->held($word);
        [$stem, $name, $state] = [self::nextName(), self::named($id) . '.json', 'other'];
        // PHP sets a time in whole seconds, which are too coarse for an order: a copy of this moment is put there.
        if (str_starts_with($held, '.held-id')) {
            $text = @file_get_contents($this->path($held));
            $state = $text === false ? $this->fail('release the event') : $this->store($text, $name, true);
        }
        if ($state === 'other') {
            $name = "$stem.json";
            @rename($this->path($held), $this->path($name)) || $this->fail('release the event');
            $this->syncNames();
        } else {
            @unlink($this->path($held));
        }
        return $this->receipt($id, $name, $state !== 'ours');
    }

    /** Removes what is held under a word: after a rollback. */
    public function abort(string $word): void
    {
        $this->remove([$this->held($word)[1]], "no event is held under '$word'");
    }

    /**
     * Waits until the server has sent what was published and deleted its file. A queue that no server holds for a
     * second is not waited for. Who may not look into .failed and comes after a refusal is told 'sent'.
     */
    public function wait(Receipt $receipt, float $seconds = 5): Delivery
    {
        $name = basename($receipt->path);
        $refused = fn () => new Delivery('refused', trim(@file_get_contents($this->path(".failed/$name.why")) ?: ''));
        $file = @fopen($this->path($name), 'rne');
        if ($file === false) {
            if ($this->isThere($name)) {
                $this->fail("wait for the event, which is queued as $name,");
            }
            return $this->isThere(".failed/$name") ? $refused() : new Delivery('sent');
        }
        $start = $served = microtime(true);
        for ($pause = 500; $this->isThere($name); $pause = min(2 * $pause, 20_000)) {
            $isServed = self::isServed($this->directory) !== false;
            $now = microtime(true);
            $served = $isServed ? $now : $served;
            if ($now - $start >= $seconds || $now - $served > 1) {
                return new Delivery($isServed ? 'queued' : 'no server');
            }
            usleep($pause);
        }
        return fstat($file)['nlink'] === 0 ? new Delivery('sent') : $refused();
    }

    /** Throws Refused for what the server would refuse, and for members that it does not know. */
    public static function check(string $event, array $members): void
    {
        $label = fn ($value) => is_string($value) && strlen($value) < 256
            && preg_match('/^[^\p{Cc}]+$/Du', $value) === 1;
        $user = fn ($value) => is_int($value) || $label($value);
        $channel = fn ($value) => is_string($value) && preg_match('/^[A-Za-z0-9._:-]{1,255}$/D', $value) === 1;
        $list = fn ($check, $least = 0, $alone = true, $most = 1024) => fn ($value) => is_array($value)
            ? array_is_list($value) && count($value) >= $least && count($value) <= $most
                && array_filter($value, $check) === $value
            : $alone && $check($value);
        $time = fn ($value) => is_int($value) || is_float($value) && abs($value) < 2 ** 63;
        $checks = [
            'id' => $user, 'channel' => $list($channel, 1, true, PHP_INT_MAX),
            'channels' => $list($channel, 1, true, PHP_INT_MAX), 'recipients' => $list($user, 0, false),
            'except' => $list('is_int'), 'except_users' => $list($user), 'key' => $user, 'clear' => 'is_bool',
            'timestamp' => $time, 'queued_at' => $time, 'expires_at' => $time, 'traceparent' => 'is_string',
        ];
        if (!$label($event)) {
            throw new Refused("'event' has to be a text of 1 to 255 bytes without control characters");
        }
        foreach ($members as $name => $value) {
            if (!isset($checks[$name])) {
                $near = [];
                foreach ([...array_keys($checks), 'event', 'payload'] as $member) {
                    similar_text(str_replace(['_', '-'], '', strtolower($name)), $member, $near[$member]);
                }
                arsort($near);
                $meant = max($near) > 60 ? "; is '" . key($near) . "' meant?" : '';
                throw new Refused("'$name' is no member of an event$meant");
            }
            if ($value !== null && !$checks[$name]($value)) {
                throw new Refused("'$name' is not as it should be");
            }
        }
        $isSome = isset($members['recipients']) || !empty($members['except']) || !empty($members['except_users'])
            || ($members['except'] ?? null) === 0 || ($members['except_users'] ?? null) === 0;
        if (!isset($members['key']) ? !empty($members['clear']) : $isSome) {
            throw new Refused(
                "'clear' wants a 'key', which cannot stand beside 'recipients', 'except' and 'except_users'");
        }
    }

    private function put(string $event, mixed $payload, array $members, ?int $due): Receipt
    {
        $text = $this->text($event, $payload, $members, $due) . "\n";
        $id = $members['id'] ?? null;
        if ($id !== null) {
            $names = [self::named($id) . '.json', 'at-' . self::named($id) . '.json'];
            foreach ($names as $name) {
                if ($this->owner($name) === self::user()) {
                    return $this->receipt((string) $id, $name, false);
                }
            }
            $name = $names[$due === null ? 0 : 1];
            $state = $this->store($text, $name, true, $due);
            if ($state !== 'other') {
                return $this->receipt((string) $id, $name, $state === 'new');
            }
        }
        $stem = self::nextName($due);
        $this->store($text, "$stem.json");
        return $this->receipt((string) ($id ?? $stem), "$stem.json");
    }

    private function text(string $event, mixed $payload, array $members, ?int $due = null): string
    {
        self::check($event, $members);
        $how = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;
        try {
            $json = $this->encode ? ($this->encode)($payload) : json_encode($payload, $how, 511);
            if ($this->encode) {
                json_decode($json, depth: 512, flags: JSON_THROW_ON_ERROR);
            }
        } catch (\JsonException | \TypeError $error) {
            throw new Refused("the payload cannot be encoded as JSON: {$error->getMessage()}", 0, $error);
        }
        $now = $due === null ? microtime(true) : $due / 1e9;
        $members = array_filter($members, fn ($value) => $value !== null);
        $rest = json_encode($members + ['timestamp' => (int) $now, 'queued_at' => round($now, 6)], $how);
        $text = '{"event":' . json_encode($event, $how) . ',"payload":' . $json . ',' . substr($rest, 1);
        if (strlen($text) >= LIMIT) {
            throw new Refused('the event is larger than the ' . LIMIT . ' bytes that the server takes');
        }
        return $text;
    }

    /** Writes a hidden file, gives it its name; $once where that may be taken: 'new', or by whom, 'ours', 'other'. */
    private function store(string $text, string $name, bool $once = false, ?int $due = null): string
    {
        $hidden = '.' . self::nextName() . '.json.tmp';
        $path = $this->path($hidden);
        $step = 'create a file';
        if ($once) {
            // Its time is the order, as the kernel sets it: in steps of up to 10 ms, and PHP can set none but seconds.
            usleep(max(0, min(10_000, intdiv(self::$previous - (int) (microtime(true) * 1e9), 1000) + 10_000)));
        }
        try {
            error_clear_last();
            $file = @fopen($path, 'xe') ?: $this->fail($step);
            $step = 'write the event';
            // Whatever the umask is, the server must be able to read it, and nobody else who may not.
            $isWritten = @chmod($path, $this->mode) && @fwrite($file, $text) === strlen($text) && @fflush($file)
                && (!$this->sync || @fdatasync($file)) && @fclose($file)
                // In whole seconds, as PHP can: later than asked, never earlier.
                && ($due === null || !$once || @touch($path, intdiv($due + 999_999_999, 1_000_000_000)));
            $isWritten || $this->fail($step);
            $state = $once ? $this->reveal($hidden, $name) : (@rename($path, $this->path($name)) ? 'new' : 'failed');
            $state !== 'failed' || $this->fail('name the event');
        } catch (PublishError $error) {
            @unlink($path);
            throw $error;
        }
        if ($state !== 'new') {
            @unlink($path);
        }
        self::$previous = self::$last;
        $this->syncNames();
        return $state;
    }

    private function reveal(string $hidden, string $name): string
    {
        if (@link($this->path($hidden), $this->path($name))) {
            return @unlink($this->path($hidden)) ? 'new' : 'failed';
        }
        $owner = $this->owner($name);
        if ($owner !== null) {
            return $owner === self::user() ? 'ours' : 'other';
        }
        // A file system without links, or half an event.
        return @rename($this->path($hidden), $this->path($name)) ? 'new' : 'failed';
    }

    private function syncNames(): void
    {
        // A drop box only takes, and cannot be opened.
        $directory = $this->sync ? @fopen($this->directory, 'r') : false;
        if ($directory && !@fsync($directory)) {
            $this->fail('sync the event, which is queued and not to be published again,');
        }
    }

    private function fail(string $step): never
    {
        // Where a write is cut short PHP says nothing: the disk is full.
        $reason = preg_replace('/^.*: /', '', error_get_last()['message'] ?? 'No space left on device');
        throw new PublishError($this->directory, $step, $reason);
    }

    /** @return array{string, string} the id, and the file */
    private function held(string $word): array
    {
        if (preg_match('/^(.+)\.([a-z0-5]{16})$/sD', $word, $parts)) {
            foreach ([self::named($parts[1]), ...(preg_match(self::OURS, $parts[1]) ? [$parts[1]] : [])] as $stem) {
                if ($this->isThere($name = ".held-$stem.$parts[2].json")) {
                    return [$parts[1], $name];
                }
            }
        }
        throw new NotHeld("no event is held under '$word' in the queue directory $this->directory: it was released or "
            . 'aborted before, or held in another queue; give the word that hold() gave');
    }

    private function remove(array $names, string $message): void
    {
        foreach ($names as $name) {
            if (@unlink($this->path($name))) {
                return;
            }
            if ($this->isThere($name)) {
                $this->fail('remove the event');
            }
        }
        throw new NotHeld("$message in the queue directory $this->directory");
    }

    private static function nextName(?int $due = null): string
    {
        [$fraction, $seconds] = explode(' ', microtime());
        self::$count += 1;
        if ($due === null) {
            self::$last = max(self::$last + 1, (int) $seconds * 1_000_000_000 + (int) substr($fraction, 2, 8) * 10);
        }
        $time = $due === null ? self::$last : $due + self::$count;
        return sprintf('%s%019d-%d-%d-%s', $due === null ? '' : 'at-', $time, getmypid(), self::$count,
            bin2hex(random_bytes(4)));
    }

    private static function named(int|string $id): string
    {
        $safe = preg_replace_callback('/[^A-Za-z0-9._:@+=,-]/', fn ($byte) => '%' . bin2hex($byte[0]), (string) $id);
        return strlen($safe) <= 197 ? "id-$safe" : 'id%' . sha1((string) $id);
    }

    private static function user(): ?int
    {
        // Without posix: that of a file which this process has just made.
        static $user = null;
        return $user ??= function_exists('posix_geteuid') ? posix_geteuid() : fstat(tmpfile())['uid'];
    }

    private function owner(string $name): ?int
    {
        clearstatcache();
        $status = @lstat($this->path($name));
        // What a publisher of ours leaves that is killed before it takes the hidden name away: it is no event.
        if ($status !== false && $status['nlink'] > 1 && $status['uid'] === self::user()) {
            return null;
        }
        return $status === false ? null : (($status['mode'] & 0170000) === 0100000 ? $status['uid'] : -1);
    }

    private function isThere(string $name): bool
    {
        clearstatcache();
        return @lstat($this->path($name)) !== false;
    }

    private function path(string $name): string
    {
        return "$this->directory/$name";
    }

    private function receipt(string $id, string $name, bool $isNew = true): Receipt
    {
        return new Receipt($id, $this->path($name), $isNew);
    }

    /** Whether a server holds the queue; null where that cannot be told. */
    private static function isServed(string $directory): ?bool
    {
        clearstatcache();
        $status = @lstat("$directory/.server");
        $isTrusted = fn ($status) => in_array($status['uid'], [0, self::user(), @fileowner($directory)], true);
        if ($status && (($status['mode'] & 0170000) !== 0010000 || !$isTrusted($status))) {
            return null;
        }
        // Without waiting ('n'): it can be opened where a server reads.
        if ($status && @fopen("$directory/.server", 'wne')) {
            return true;
        }
        // A FIFO has its readers on one machine; where it cannot tell, a server sets the time of its address anew.
        $address = @lstat("$directory/.address");
        return $address && time() - $address['mtime'] < 10 ? null : false;
    }

    /** ./queue while a server holds it and it is the caller's or root's, else /var/spool/wsqueue where that exists. */
    private static function defaultDirectory(): string
    {
        $named = getenv('WSQUEUE_DIR') ?: '';
        $installed = '/var/spool/wsqueue';
        if ($named !== '' || !is_dir($installed)) {
            return $named ?: 'queue';
        }
        $owners = [@lstat('queue')['uid'] ?? -1, @stat('queue')['uid'] ?? -1];
        return !array_diff($owners, [0, self::user()]) && self::isServed('queue') ? 'queue' : $installed;
    }
}
}

namespace {
    /** Throws for what the server would refuse, and for members that it does not know. */
    function wsqueue_check(string $event, array $members): void
    {
        WSQueue\Publisher::check($event, $members);
    }

    /** Queues one event and gives its id; $members are further ones, such as ['channel' => 'orders']. */
    function wsqueue_publish(string $directory, string $event, mixed $payload = null, array $members = []): string
    {
        return (new WSQueue\Publisher($directory))->publish($event, $payload, $members)->id;
    }

    if (realpath($argv[0] ?? '') === __FILE__) {
        // php wsqueue.php DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
        [, $directory, $event] = $argv;
        $payload = json_decode($argv[3] ?? 'null', flags: JSON_THROW_ON_ERROR);
        wsqueue_publish($directory, $event, $payload, json_decode($argv[4] ?? '{}', true, flags: JSON_THROW_ON_ERROR));
    }
}
