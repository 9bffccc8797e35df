"""How Exa signs what it delivers to webhooks."""

from __future__ import annotations

import hashlib
import hmac


def sign(secret: str, body: bytes, at: float) -> str:
    """Return the value of ``Exa-Signature`` for *body*, sent at a time of day in seconds."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
