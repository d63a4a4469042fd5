"""What an application asks and commands over HTTP, as its programs do."""

import json

from .http import request

APP_TOKEN = "the-application's-own-token-of-some-length"


def write_app_tokens(queue, *tokens):
    """Writes the file beside the queue, readable for its owner only; gives its path."""
    path = queue.parent / "applications"
    path.write_text("".join(f"{token}\n" for token in tokens or [APP_TOKEN]))
    path.chmod(0o600)
    return path


def app(server, path, body=None, *fields, token=APP_TOKEN, method=None):
    """The answer as (status, JSON, or text where it is none)."""
    fields = list(fields)
    if token:
        fields.append(f"Authorization: Bearer {token}")
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    answer = request(server, path, *fields, method=method or ("GET" if body is None else "POST"), body=data)
    try:
        return answer.status, json.loads(answer.body)
    except ValueError:
        return answer.status, answer.body.decode()


def told(server, path, body=None, **how):
    """The same where it must be 200: the JSON alone."""
    status, answer = app(server, path, body, **how)
    assert status == 200, (status, answer)
    return answer
