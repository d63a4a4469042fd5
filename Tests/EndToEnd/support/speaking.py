"""Clients that speak, in both dialects."""

from .client import Client

PROTOCOL = "wsqueue.v1"


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
        """The next message after an action, usually its answer."""
        self.send_action(action, **data)
        return self.receive_events()[0]

    def subscribe(self, *channels):
        for channel in channels:
            answer = self.ask("subscribe", channel=channel)
            assert answer == {"success": True, "action": "subscribe", "channel": channel}
        return self


class Chatting(Speaking):
    """A client without the subprotocol, which the first action brings the welcome: a ping."""

    def __init__(self, server, path="/", *channels, **how):
        Client.__init__(self, server, path, **how)
        self.send_action("ping")
        self.welcome, pong = self.receive_events(2)
        assert self.welcome["action"] == "welcome" and pong == {"action": "pong"}
        self.subscribe(*channels)
