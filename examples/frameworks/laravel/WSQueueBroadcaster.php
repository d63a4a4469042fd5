<?php
// Laravel's broadcasting on a queue directory: events, notifications, and Echo (wsqueue-echo.mjs) as they are.
//
//   // config/broadcasting.php, in 'connections', and BROADCAST_DRIVER=wsqueue
//   'wsqueue' => ['driver' => 'wsqueue', 'directory' => env('WSQUEUE_DIR', '/var/spool/wsqueue')],
//   // AppServiceProvider::boot()
//   Broadcast::extend('wsqueue', fn ($app, $config) => new WSQueueBroadcaster($config['directory'] ?? null));
//
// Publishing works with the server down: a file is put into the directory, and no connection is made, so
// ShouldBroadcastNow costs about as much as a log line. With `public $afterCommit = true` it waits for the commit.
//
// Who may hear `private-…` and `presence-…` is what routes/channels.php says: let the server ask it, with the browser's
// own cookies, by wsqueue-server --authorize-url http://127.0.0.1:8000/broadcasting/auth. A broadcast toOthers() leaves
// out the connection that Echo sends as X-Socket-ID.

namespace App\Broadcasting;

use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Broadcasting\Broadcasters\Broadcaster;
use Illuminate\Broadcasting\Broadcasters\UsePusherChannelConventions;
use Illuminate\Support\Arr;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;
use WSQueue\Publisher;
use WSQueue\PublishError;
use WSQueue\Refused;

class WSQueueBroadcaster extends Broadcaster
{
    use UsePusherChannelConventions;

    public readonly Publisher $queue;

    public function __construct(?string $directory = null)
    {
        $this->queue = new Publisher($directory);
    }

    /** Publishes an event to its channels, in one file. */
    public function broadcast(array $channels, $event, array $payload = [])
    {
        // Without channels it would go to everybody.
        if ($channels === []) {
            return;
        }
        $socket = Arr::pull($payload, 'socket');
        $members = ['channels' => array_values(array_unique($this->formatChannels($channels)))];
        if (is_int($socket) || is_string($socket) && ctype_digit($socket)) {
            $members['except'] = (int) $socket;
        }
        try {
            // As Laravel does it: what is empty is an object.
            $this->queue->publish($event, $payload === [] ? (object) [] : $payload, $members);
        } catch (Refused | PublishError $error) {
            throw new BroadcastException($error->getMessage(), 0, $error);
        }
    }

    /** Answers the server's question whether this user may hear a channel. */
    public function auth($request)
    {
        $name = $this->normalizeChannelName((string) $request->channel_name);
        if ($name === ''
            || $this->isGuardedChannel($request->channel_name) && !$this->retrieveUser($request, $name)) {
            throw new AccessDeniedHttpException();
        }
        return parent::verifyUserCanAccessChannel($request, $name);
    }

    /** What is answered where it may: of a presence channel who it is, and what the others are told of it. */
    public function validAuthenticationResponse($request, $result)
    {
        if (is_bool($result)) {
            return json_encode($result);
        }
        $user = $this->retrieveUser($request, $this->normalizeChannelName($request->channel_name));
        $id = method_exists($user, 'getAuthIdentifierForBroadcasting')
            ? $user->getAuthIdentifierForBroadcasting() : $user->getAuthIdentifier();
        return json_encode(['channel_data' => ['user_id' => $id, 'user_info' => $result]]);
    }
}
