<?php
// What stood under 'authorize' => ['topics' => …] in app/config/broadcasting.php, asked by
//   wsqueue-server --authorize-url http://127.0.0.1:8000/authorize.php --rules rules.json
// with [{"channel": "{topic:.+}", "subscribe": "ask"}] in rules.json. The client's cookies and Authorization come along.

$session = ['alice-session' => '7'];    // the application's, in real life
$actor = $session[$_COOKIE['session'] ?? ''] ?? null;

$topics = [
    'news' => fn (): bool => true,
    'user.{id}' => fn (string $id): bool => $id === $actor,
];

function may_join(array $topics, string $name): bool
{
    foreach ($topics as $pattern => $decide) {
        $expression = preg_replace('/\\\\\{(\w+)\\\\\}/', '(?P<$1>[^.\/]+)', preg_quote($pattern, '/'));
        if (preg_match("/^$expression$/D", $name, $matches)) {
            return $decide(...array_filter($matches, 'is_string', ARRAY_FILTER_USE_KEY));
        }
    }
    return false;
}

$isSubscription = ($_GET['action'] ?? '') === 'subscribe';
http_response_code($isSubscription && may_join($topics, (string) ($_GET['channel_name'] ?? '')) ? 200 : 403);
