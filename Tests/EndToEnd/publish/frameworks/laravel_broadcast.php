<?php
// Laravel's broadcasting with the broadcaster: events as an application has them, and the question who may hear a channel.
require '/usr/share/php/Illuminate/Broadcasting/autoload.php';
// Debian's package of the component has none of the HTTP kernel.
class_exists('Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException')
    || eval('namespace Symfony\Component\HttpKernel\Exception; class AccessDeniedHttpException extends \Exception {}');
require $argv[1] . '/php/wsqueue.php';
require $argv[1] . '/frameworks/laravel/WSQueueBroadcaster.php';

use App\Broadcasting\WSQueueBroadcaster;
use Illuminate\Broadcasting\BroadcastEvent;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Broadcasting\Channel;
use Illuminate\Broadcasting\InteractsWithSockets;
use Illuminate\Broadcasting\PresenceChannel;
use Illuminate\Broadcasting\PrivateChannel;
use Illuminate\Container\Container;
use Illuminate\Contracts\Broadcasting\ShouldBroadcast;

class OrderCreated implements ShouldBroadcast
{
    use InteractsWithSockets;

    public function __construct(public int $id, public float $total)
    {
    }

    public function broadcastOn(): array
    {
        return [new PrivateChannel('orders.1'), new Channel('news'), new PresenceChannel('room')];
    }
}

$say = function (...$what) { echo json_encode($what), "\n"; };
$app = new Container();
$app['config'] = [
    'broadcasting.default' => 'wsqueue',
    'broadcasting.connections.wsqueue' => ['driver' => 'wsqueue', 'directory' => $argv[2]],
    'broadcasting.connections.nowhere' => ['driver' => 'wsqueue', 'directory' => "$argv[2]/nowhere"],
];
$manager = new BroadcastManager($app);
$manager->extend('wsqueue', fn ($app, $config) => new WSQueueBroadcaster($config['directory'] ?? null));

(new BroadcastEvent(new OrderCreated(7, 12.0)))->handle($manager);
$others = new OrderCreated(8, 1.5);
$others->socket = '18';
(new BroadcastEvent($others))->handle($manager);
$manager->connection()->broadcast([], 'to.nobody', []);
$manager->connection()->broadcast(['news'], 'empty', []);
foreach ([['nowhere', ['news']], ['wsqueue', ['a b']]] as [$name, $channels]) {
    try {
        $manager->connection($name)->broadcast($channels, 'a', ['n' => 1]);
    } catch (Illuminate\Broadcasting\BroadcastException $error) {
        $say($error->getMessage());
    }
}

// What routes/channels.php says, asked as the server asks it.
$user = new class { public function getAuthIdentifier() { return 42; } };
$broadcaster = $manager->connection();
$broadcaster->channel('orders.{id}', fn ($user, $id) => $id === '1');
$broadcaster->channel('room', fn ($user) => ['name' => 'Zoë']);
foreach ([['private-orders.1', $user], ['private-orders.2', $user], ['private-orders.1', null], ['presence-room', $user],
    ['private-other', $user]] as [$name, $who]) {
    $request = new class($name, $who) {
        public function __construct(public $channel_name, private $who)
        {
        }

        public function user($guard = null)
        {
            return $this->who;
        }
    };
    try {
        $say($name, $broadcaster->auth($request));
    } catch (Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException) {
        $say($name, 403);
    }
}
