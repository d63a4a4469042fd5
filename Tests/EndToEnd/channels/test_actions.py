"""Every action of the table in SPEC §4: what is sent, and the very text of the answer."""

import json

import pytest

from support.client import Client
from support.speaking import PROTOCOL, Chatting, Speaking

ERROR = '{"success":false,"action":"error","error":"%s","code":"%s"%s}'


def ask(client, text):
    client.send(1, text.encode())
    return client.receive()[0].decode()


@pytest.mark.parametrize("text, answer", [
    ('{"action":"ping"}', '{"action":"pong"}'),
    ('{"action":"ping","data":{"time":1}}', '{"action":"pong"}'),
    (' {"data" : {"more":[1], "channel":"chat.room.1"}, "action":"subscribe", "id":7}',
     '{"success":true,"action":"subscribe","channel":"chat.room.1"}'),
    ('{"action":"subscribe","data":{"channel":"chat.*"}}', '{"success":true,"action":"subscribe","channel":"chat.*"}'),
    ('{"action":"\\u0073ubscribe","data":{"\\u0063hannel":"\\u0061"}}',
     '{"success":true,"action":"subscribe","channel":"a"}'),
    ('{"action":"unsubscribe","data":{"channel":"never.had"}}',
     '{"success":true,"action":"unsubscribe","channel":"never.had"}'),
    ('{"action":"subscribe"}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"subscribe","data":{}}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"subscribe","data":{"channel":""}}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"subscribe","data":{"channel":null}}',
     ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"unsubscribe","data":{}}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"resume","data":{}}', ERROR % ("Missing required field: since", "missing_field", "")),
    ('{"action":"message","data":{"channel":"a"}}', ERROR % ("Missing required field: message", "missing_field", "")),
    ('{"action":"message","data":{"message":"hi"}}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"action":"authenticate","data":{}}', ERROR % ("Missing required field: token", "missing_field", "")),
    ('{"action":"presence","data":{}}', ERROR % ("Missing required field: channel", "missing_field", "")),
    ('{"data":{}}', ERROR % ("Missing required field: action", "missing_field", "")),
    ('{"action":""}', ERROR % ("Missing required field: action", "missing_field", "")),
    ('{"action":"dance"}', ERROR % ("Unknown action: dance", "unknown_action", "")),
    ('{"action":"%s"}' % ("d" * 100), ERROR % ("Unknown action: " + "d" * 64, "unknown_action", "")),
    ("hello", ERROR % ("Invalid message format", "invalid_format", "")),
    ("", ERROR % ("Invalid message format", "invalid_format", "")),
    ("[]", ERROR % ("Invalid message format", "invalid_format", "")),
    ('{"action":"ping","action":"ping"}', ERROR % ("Invalid message format", "invalid_format", "")),
    ('{"action":"subscribe","data":[]}', ERROR % ("Invalid message format", "invalid_format", "")),
    ('{"action":"subscribe","data":{"channel":"a"}', ERROR % ("Invalid message format", "invalid_format", "")),
    ('{"action":"message","data":{"channel":"chat","message":"hi"}}',
     ERROR % ("Not subscribed to channel", "not_subscribed", ',"channel":"chat","request":"message"')),
    ('{"action":"subscribe","data":{"channel":"private.a"}}',
     ERROR % ("Channel needs an authenticated user", "forbidden", ',"channel":"private.a","request":"subscribe"')),
])
@pytest.mark.parametrize("dialect", [Speaking, Chatting])
def test_an_action_has_this_answer(server, dialect, text, answer):
    with dialect(server) as one:
        assert ask(one, text) == answer


def test_a_client_of_our_protocol_is_welcomed_at_once(server):
    with Client(server, protocol=PROTOCOL) as one:
        [welcome] = one.receive()
        shown = json.loads(welcome)
        assert welcome.decode() == (
            '{"action":"welcome","heartbeat_interval":25,"connection_id":%d,"authenticated":false,"cursor":"%s"}'
            % (shown["connection_id"], shown["cursor"]))


@pytest.mark.parametrize("text, answer", [
    ('{"action":"ping"}', "pong"), ('{"action":"subscribe","data":{"channel":"a"}}', "subscribe"), ("{", "error"),
])
def test_the_first_action_of_another_client_brings_the_welcome_and_then_its_answer(server, text, answer):
    with Client(server) as one:
        for actions in (["welcome", answer], [answer]):
            one.send(1, text.encode())
            assert [message["action"] for message in one.receive_events(len(actions))] == actions


def test_binary_is_not_understood(server):
    with Speaking(server) as one:
        one.send(2, b'{"action":"ping"}')
        one.receive_until_end()
        assert one.frames.close[0] == 1003


@pytest.mark.parametrize("channel", ["chat", "chat.*"])
def test_clients_may_not_send_where_no_rule_lets_them(server, channel):
    with Speaking(server, "/", channel) as one:
        named = channel.replace("*", "room")
        error = one.ask("message", channel=named, message="hi")
        assert (error["success"], error["code"], error["channel"]) == (False, "forbidden", named)
