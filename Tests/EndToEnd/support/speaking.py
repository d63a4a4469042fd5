"""Clients that speak, in both dialects."""

from .client import Client

PROTOCOL = "wsqueue.v1"


def ask(client, action, **data):
    """The next message after an action, usually its answer."""
    client.send_action(action, **data)
    [answer] = client.receive_events()
    return answer


class Speaking(Client):
    """A client of `wsqueue.v1`, welcomed."""

    def __init__(self, server, path="/", *channels, protocol=PROTOCOL, **how):
        super().__init__(server, path, protocol=protocol, **how)
        [self.welcome] = self.receive_events()
        assert self.welcome["action"] == "welcome", self.welcome
        self.subscribe(*channels)

    @property
    def id(self):
        return self.welcome["connection_id"]

    def ask(self, action, **data):
        return ask(self, action, **data)

    def subscribe(self, *channels):
        for channel in channels:
            answer = self.ask("subscribe", channel=channel)
            assert answer == {"success": True, "action": "subscribe", "channel": channel}
        return self


class Resuming(Speaking):
    """A client that may come back with a cursor."""

    @property
    def epoch(self):
        return self.welcome["cursor"].partition(":")[0]

    def until_resumed(self):
        """The payloads of the events before the answer, and the answer."""
        payloads = []
        while True:
            [message] = self.receive_events()
            if message.get("action") == "resumed":
                return payloads, message
            payloads.append(message["payload"])


def presence_of(event):
    """An event about presence as (name, users, count)."""
    payload = event["payload"]
    users = tuple(member["user"] for member in payload["members"])
    return event["event"].removeprefix("presence."), users, payload["count"]


class Chatting(Speaking):
    """A client without the subprotocol, which the first action brings the welcome: a ping."""

    def __init__(self, server, path="/", *channels, **how):
        Client.__init__(self, server, path, **how)
        self.send_action("ping")
        self.welcome, pong = self.receive_events(2)
        assert self.welcome["action"] == "welcome" and pong == {"action": "pong"}
        self.subscribe(*channels)
