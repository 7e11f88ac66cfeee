"""What a batch holds, as JSON: counts, total, fingerprints, control numbers, who and when."""

import json


def write(batch: dict, payer: str, claim_ids: list[str], files: list[dict], total: str, again: dict) -> bytes:
    """`again` says which batch this one replaces and why; empty for a first sending."""
    body = {
        "batch": batch["number"],
        "created_at": batch["created_at"],
        "created_by": batch["created_by"],
        "payer": payer,
        "submitter": batch["submitter"]["etin"],
        "is_test": batch["submitter"]["is_test"],
        "control_number": batch["control_number"],
        "lines": len(claim_ids),
        "total": total,
        "charge_ids": claim_ids,
        "files": files,
    } | again
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode()
