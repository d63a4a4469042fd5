<?php
// Symfony's Mercure component with the hub: publishes what its words say, and tells what it is told.
require '/usr/share/php/Symfony/Component/Mercure/autoload.php';
require $argv[1] . '/php/wsqueue.php';
require $argv[1] . '/frameworks/symfony/WSQueueHub.php';

use App\Mercure\WSQueueHub;
use Symfony\Component\Mercure\HubInterface;
use Symfony\Component\Mercure\Update;

$hub = new WSQueueHub(new WSQueue\Publisher($argv[2]), 'https://example.org/events');
$say = function (...$what) { echo json_encode($what), "\n"; };
$say($hub instanceof HubInterface, $hub->getPublicUrl(), $hub->getProvider()->getJwt());
$topic = 'https://example.org/books/1';
$say($hub->publish(new Update($topic, '{"price": 12.50}')), WSQueueHub::channel($topic));
$say($hub->publish(new Update(['books', 'news', 'books'], 'a text, "quoted"', true, 'urn:7', 'book.changed')));
$say($hub->publish(new Update('books', 'null')), WSQueueHub::channel('books.1'));
foreach ([new Update('books', '1', type: "a\nb"), new Update([], '1')] as $wrong) {
    try {
        $say($hub->publish($wrong));
    } catch (Symfony\Component\Mercure\Exception\InvalidArgumentException $error) {
        $say($error->getMessage());
    }
}
$nowhere = new WSQueueHub(new WSQueue\Publisher("$argv[2]/nowhere"));
try {
    $nowhere->publish(new Update('books', '1'));
} catch (Symfony\Component\Mercure\Exception\RuntimeException $error) {
    $say($error->getMessage());
}
