<?php
// Publishes events from PHP: write under a name that begins with a dot, then rename. Nothing to install.

/** Throws InvalidArgumentException for what the server would refuse, and for members that it does not know. */
function wsqueue_check(string $event, array $members): void
{
    $label = fn ($value) => is_string($value) && strlen($value) < 256 && preg_match('/^[^\p{Cc}]+$/Du', $value) === 1;
    $user = fn ($value) => is_int($value) || $label($value);
    $channel = fn ($value) => is_string($value) && preg_match('/^[A-Za-z0-9._:-]{1,255}$/D', $value) === 1;
    $list = fn ($check, $least = 0, $alone = true, $most = 1024) => fn ($value) => is_array($value)
        ? array_is_list($value) && count($value) >= $least && count($value) <= $most
            && array_filter($value, $check) === $value
        : $alone && $check($value);
    $time = fn ($value) => is_int($value) || is_float($value) && is_finite($value);
    $checks = [
        'id' => $user, 'channel' => $list($channel, 1, true, PHP_INT_MAX),
        'channels' => $list($channel, 1, true, PHP_INT_MAX), 'recipients' => $list($user, 0, false),
        'except' => $list('is_int'), 'except_users' => $list($user), 'key' => $user, 'clear' => 'is_bool',
        'timestamp' => $time, 'queued_at' => $time, 'expires_at' => $time, 'traceparent' => 'is_string',
    ];
    if (!$label($event)) {
        throw new InvalidArgumentException("'event' has to be a text of 1 to 255 bytes without control characters");
    }
    foreach ($members as $name => $value) {
        if (!isset($checks[$name])) {
            $near = [];
            foreach ([...array_keys($checks), 'event', 'payload'] as $member) {
                similar_text(str_replace(['_', '-'], '', strtolower($name)), $member, $near[$member]);
            }
            arsort($near);
            throw new InvalidArgumentException(
                "'$name' is no member of an event" . (max($near) > 60 ? "; is '" . key($near) . "' meant?" : ''));
        }
        if ($value !== null && !$checks[$name]($value)) {
            throw new InvalidArgumentException("'$name' is not as it should be");
        }
    }
    $isSome = isset($members['recipients']) || !empty($members['except']) || !empty($members['except_users'])
        || ($members['except'] ?? null) === 0 || ($members['except_users'] ?? null) === 0;
    if (!isset($members['key']) ? !empty($members['clear']) : $isSome) {
        throw new InvalidArgumentException(
            "'clear' wants a 'key', which cannot stand beside 'recipients', 'except' and 'except_users'");
    }
}

/** Queues one event for wsqueue-server and gives its id; $members are further ones, such as ['channel' => 'orders']. */
function wsqueue_publish(string $directory, string $event, mixed $payload = null, array $members = []): string
{
    static $last = 0;
    wsqueue_check($event, $members);
    // Always later than the last one: a clock set back must not turn this process's order round.
    [$fraction, $seconds] = explode(' ', microtime());
    $last = max($last + 1, (int) $seconds * 1_000_000_000 + (int) substr($fraction, 2, 8) * 10);
    $name = sprintf('%019d-%d-1-%s', $last, getmypid(), bin2hex(random_bytes(4)));
    $text = json_encode(
        ['event' => $event, 'payload' => $payload, ...$members] + ['timestamp' => time()],
        JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION,
    );
    if (strlen($text) > 1_048_576) {
        throw new InvalidArgumentException('the event is larger than the 1048576 bytes that the server takes');
    }
    $hidden = "$directory/.$name.tmp";
    if (@file_put_contents($hidden, $text) !== strlen($text)
        || !@chmod($hidden, 0644) || !@rename($hidden, "$directory/$name.json")) {
        $reason = error_get_last()['message'] ?? 'the disk is full';
        @unlink($hidden);
        throw new RuntimeException("cannot publish $event in $directory: $reason");
    }
    return (string) ($members['id'] ?? $name);
}

if (realpath($argv[0] ?? '') === __FILE__) {
    // php wsqueue.php DIRECTORY EVENT [PAYLOAD [MEMBERS]], both as JSON
    [, $directory, $event] = $argv;
    $payload = json_decode($argv[3] ?? 'null', flags: JSON_THROW_ON_ERROR);
    wsqueue_publish($directory, $event, $payload, json_decode($argv[4] ?? '{}', true, flags: JSON_THROW_ON_ERROR));
}
