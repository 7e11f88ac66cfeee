"""Where a hold is resolved: one table from a check's `where` to a label and an address for the line."""

from collections.abc import Callable

from django.urls import reverse

from billing.models import ChargeLine


def _rows(kind: str) -> Callable[[ChargeLine], str]:
    return lambda line: reverse("billing:reference_kind", args=[kind])


def _line(anchor: str) -> Callable[[ChargeLine], str]:
    return lambda line: f"{reverse('billing:line', args=[line.uid])}#{anchor}"


# an empty address: somebody else's page, which a biller does not see
PLACES: dict[str, tuple[str, Callable[[ChargeLine], str]]] = {
    "line": ("Decide here", _line("holds")),
    "query": ("Ask the specialist", _line("query")),
    "correct": ("Correct the line", _line("correct")),
    "alignment": ("Check the alignment", _rows("alignment")),
    "roster": ("Check the roster", _rows("roster")),
    "programme": ("Check the model", _rows("programme")),
    "policy": ("Record the policy", _rows("policy")),
    "fee": ("Set the fee", _rows("fee")),
    "hcpcs": ("Check the code", _rows("hcpcs")),
    "icd": ("Check the code sets", lambda line: reverse("billing:codesets")),
    "identifiers": ("Correct the identifiers", _rows("group")),
    "submitter": ("Add the submitter", _rows("submitter")),
    "elsewhere": ("Check what was billed elsewhere", _rows("elsewhere")),
    "delivery": ("", lambda line: ""),
    "patient": ("", lambda line: ""),
}


def with_places(line: ChargeLine, holds: list[dict] | None = None) -> list[dict]:
    """The line's holds, each with the label and the address of the place where it is resolved."""
    shown = []
    for hold in line.holds if holds is None else holds:
        label, address = PLACES.get(hold.get("where", ""), PLACES["line"])
        shown.append(hold | {"label": label, "url": address(line)})
    return shown
