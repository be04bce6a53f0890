"""Signatures of the Standard Webhooks: HMAC-SHA256 over id, time stamp and body, so that neither can be changed."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def read_secret(text: str) -> bytes:
    """The key of a secret: ``whsec_`` and the base64 of 24 to 64 random bytes.

    Raises:
        ValueError: it is none; the text doesn't show it.
    """
    allowed = f"write {PREFIX} and 24 to 64 random bytes in base64, as 'echo {PREFIX}$(openssl rand -base64 32)' makes"
    try:
        key = b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(allowed) from None
    if not text.startswith(PREFIX) or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(allowed)
    return key


def signed_headers(keys: Iterable[bytes], message_id: str, timestamp_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers; with several keys (an old one that is on its way out) there is a signature of each."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    signatures = (b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
