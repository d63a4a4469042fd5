<?php
// A chat room as it was with a Swoole handler: the page is as it was written for it, and what the handler pushed to
// everybody in a channel goes into the queue. php -S 127.0.0.1:8000 examples/migration/swoole/chat.php

require __DIR__ . '/../../php/wsqueue.php';

/** Was: foreach ($channels[$channel] as $fd) { $server->push($fd, json_encode(…)); } */
function push_to_channel(string $channel, mixed $message): void
{
    wsqueue_publish(getenv('WSQUEUE_DIR') ?: 'queue', 'message', $message, ['channel' => $channel]);
}

if (($_SERVER['REQUEST_METHOD'] ?? '') === 'POST') {
    push_to_channel('chat.room.1', ['text' => (string) ($_POST['text'] ?? '')]);
    http_response_code(204);
    exit;
}
?>
<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<ul id="messages"></ul>
<script>
  const socket = new WebSocket(<?= json_encode(getenv('WSQUEUE_PUBLIC') ?: 'ws://127.0.0.1:8081/', JSON_HEX_TAG) ?>);
  const send = (action, data = {}) => socket.send(JSON.stringify({ action, data }));
  socket.onopen = () => send("subscribe", { channel: "chat.room.1" });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    switch (message.action) {
      case "welcome":
        setInterval(() => send("ping"), message.heartbeat_interval * 1000);
        break;
      case "subscribe":
        document.title = "Chat, " + message.channel;
        break;
      case "message": {
        const item = document.createElement("li");
        item.textContent = (message.sender || "server") + ": " + message.message.text;
        document.getElementById("messages").append(item);
      }
    }
  };
</script>
