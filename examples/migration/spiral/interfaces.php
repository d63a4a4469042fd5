<?php
// As much of spiral/broadcasting as WSQueueBroadcast needs, for applications that have left the framework.

namespace Spiral\Broadcasting {
    if (!interface_exists(BroadcastInterface::class)) {
        interface BroadcastInterface
        {
            public function publish(iterable|string|\Stringable $topics, iterable|string $messages): void;
        }
    }
}

namespace Spiral\Broadcasting\Exception {
    if (!class_exists(BroadcastException::class)) {
        class BroadcastException extends \RuntimeException
        {
        }
    }
}
