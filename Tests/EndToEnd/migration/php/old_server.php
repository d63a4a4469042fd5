<?php
// A server's start as it was written for fast-api; WEBSOCKET_SERVER is where the class comes from now.
require getenv('WEBSOCKET_SERVER');

use FASTAPI\WebSocket\WebSocketServer;

$server = WebSocketServer::getInstance()
    ->host(getenv('WS_HOST') ?: '0.0.0.0')
    ->port((int) (getenv('WS_PORT') ?: 8081));

if (method_exists($server, 'eventQueue')) {
    $server->eventQueue(getenv('WS_QUEUE_PATH'));
}

$server->on('/appointments', function ($conn) {
    $conn->send(json_encode(['event' => 'connected', 'payload' => null]));
});

$server->start();
