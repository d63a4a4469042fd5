<?php
// An application's endpoint as it was written for fast-api; WEBSOCKET_SERVER is where the class comes from now.
require getenv('WEBSOCKET_SERVER');

use FASTAPI\WebSocket\WebSocketServer;

$queuePath = $_ENV['WS_QUEUE_PATH'] ?? getenv('WS_QUEUE_PATH');
$count = (int) ($argv[1] ?? 1);

for ($id = 1; $id <= $count; $id++) {
    $queued = WebSocketServer::queueEvent($queuePath, 'appointment_created', [
        'appointment_id' => $id,
        'patient_name' => 'Zoë/Ünal',
        'fee' => 12.50,
    ]);
    if (!$queued) {
        echo "Failed to queue WebSocket event\n";
    }
}
