"""What a batch holds, as JSON: counts, total, fingerprints, control numbers, who and when."""

import json


def write(batch: dict, claims: list[dict], files: list[dict], total: str) -> bytes:
    body = {
        "batch": batch["number"],
        "created_at": batch["created_at"],
        "created_by": batch["created_by"],
        "payer": claims[0]["payer"]["name"],
        "submitter": batch["submitter"]["etin"],
        "control_number": batch["control_number"],
        "lines": len(claims),
        "total": total,
        "charge_ids": [claim["claim_id"] for claim in claims],
        "files": files,
    }
    return (json.dumps(body, indent=2, sort_keys=True) + "\n").encode()
