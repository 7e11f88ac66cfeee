"""A mail that came back, as mail servers write it (RFC 3464). Pure: bytes in, what did not arrive out."""

import email
import email.policy
import re
from dataclasses import dataclass

_IDENTITY = re.compile(rb"^Message-ID:\s*(<[^>\s]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Returned:
    """`identity` is the Message-ID of what we sent, `address` whom it did not reach; either may be empty."""

    identity: str
    address: str


def returned(data: bytes) -> Returned | None:
    """None where it is no report, or one of a delay: that message may still arrive."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    address, failed = "", False
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.get_payload() if isinstance(part.get_payload(), list) else []:
            if str(fields.get("Action", "")).strip().lower() == "failed":
                failed = True
                address = str(fields.get("Original-Recipient") or fields.get("Final-Recipient") or "")
    if not failed:
        return None
    inside = data.split(b"message/delivery-status", 1)[-1]
    found = _IDENTITY.search(inside)
    return Returned(found[1].decode() if found else "", address.rpartition(";")[2].strip().strip("<>").lower())
