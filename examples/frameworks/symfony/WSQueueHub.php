<?php
// Symfony's Mercure component on a queue directory: what publishes by HubInterface publishes as before.
//
//   # config/services.yaml
//   WSQueue\Publisher: { arguments: ['%env(WSQUEUE_DIR)%'] }
//   App\Mercure\WSQueueHub: { arguments: ['@WSQueue\Publisher', 'https://example.org/events'] }
//   Symfony\Component\Mercure\HubInterface: '@App\Mercure\WSQueueHub'
//
//   $hub->publish(new Update('https://example.org/books/1', json_encode(['status' => 'OutOfStock'])));
//
// Publishing works with the server down: a file is put into the directory, and no connection is made, where Mercure's
// hub must be there. In a page, with the Twig function of one line that calls channel():
//
//   const source = new EventSource("https://example.org/events?as=payload&channels={{ wsqueue_channel(topic) }}");
//   source.onmessage = ({ data }) => console.log(JSON.parse(data));
//
// A topic is a channel; of one that is no channel's name, such as an address, the other characters are replaced and a
// digest keeps it apart. A private update goes to `private-…`, for tokens whose claim `channels` has it (or as
// --authorize-url says). An update's type is the event's name (`?names=1` makes it an event of its own), its id is the
// event's id. `retry` has no meaning here.

namespace App\Mercure;

use Symfony\Component\Mercure\Exception\InvalidArgumentException;
use Symfony\Component\Mercure\Exception\RuntimeException;
use Symfony\Component\Mercure\HubInterface;
use Symfony\Component\Mercure\Jwt\StaticTokenProvider;
use Symfony\Component\Mercure\Jwt\TokenFactoryInterface;
use Symfony\Component\Mercure\Jwt\TokenProviderInterface;
use Symfony\Component\Mercure\Update;
use WSQueue\Publisher;
use WSQueue\PublishError;
use WSQueue\Refused;

final class WSQueueHub implements HubInterface
{
    private readonly Publisher $queue;

    public function __construct(
        Publisher $queue, private readonly string $publicUrl = 'http://127.0.0.1:8081/events',
        private readonly ?TokenFactoryInterface $factory = null)
    {
        // What is JSON goes on byte for byte, any other data as a text.
        $encode = fn (string $data) => json_decode($data) !== null || trim($data) === 'null'
            ? $data : json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        $this->queue = new Publisher($queue->directory, $encode);
    }

    public function publish(Update $update): string
    {
        $names = array_map(fn ($topic) => self::channel($topic, $update->isPrivate()), $update->getTopics());
        if ($names === []) {
            throw new InvalidArgumentException('an update without topics would go to everybody');
        }
        try {
            return $this->queue->publish(
                $update->getType() ?? 'message', $update->getData(),
                array_filter(['channels' => array_values(array_unique($names)), 'id' => $update->getId()]))->id;
        } catch (Refused $error) {
            throw new InvalidArgumentException($error->getMessage(), 0, $error);
        } catch (PublishError $error) {
            throw new RuntimeException($error->getMessage(), 0, $error);
        }
    }

    /** The channel that a topic is, for pages and tokens. */
    public static function channel(string $topic, bool $isPrivate = false): string
    {
        if (!preg_match('/^[A-Za-z0-9._:-]{1,200}$/D', $topic)) {
            $plain = substr(trim(preg_replace('/[^A-Za-z0-9._-]+/', '.', $topic), '.'), 0, 150);
            $topic = "$plain." . substr(sha1($topic), 0, 16);
        }
        return ($isPrivate ? 'private-' : '') . $topic;
    }

    public function getUrl(): string
    {
        return "file://{$this->queue->directory}";
    }

    public function getPublicUrl(): string
    {
        return $this->publicUrl;
    }

    /** Publishing needs no token: the directory's permissions decide. */
    public function getProvider(): TokenProviderInterface
    {
        return new StaticTokenProvider('');
    }

    public function getFactory(): ?TokenFactoryInterface
    {
        return $this->factory;
    }
}
