"""Tokens as an application makes them (RFC 7519), and the file with the secret."""

import base64
import hashlib
import hmac
import json
import time

SECRET = "a secret of sixty-four bytes, which is enough for all algorithms"
DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def encode(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(user="42", secret=SECRET, algorithm="HS256", header=None, **claims):
    """A token; `user=None` leaves out `sub`, and claims that are None are left out too."""
    claims = {name: value for name, value in {"sub": user, **claims}.items() if value is not None}
    signed = f"{encode(header or {'alg': algorithm, 'typ': 'JWT'})}.{encode(claims)}"
    digest = DIGESTS.get(algorithm, hashlib.sha256)
    return f"{signed}.{encode(hmac.new(secret.encode(), signed.encode(), digest).digest())}"


def soon(seconds):
    return int(time.time()) + seconds


def write_secrets(directory, *secrets):
    """Writes the file beside the queue, readable for its owner only; gives its path."""
    path = directory.parent / "secrets"
    path.write_text("".join(f"{secret}\n" for secret in secrets or [SECRET]))
    path.chmod(0o640)
    return path
