"""What the payer of the demo answered: one 835 that pays the first exported line and denies the others, with one claim
that is nobody's, so that the unmatched queue has something in it."""

from decimal import Decimal

from billing import posting
from billing.models import ChargeLine, PayerFile
from config.accounts.demo import DemoPeople

_ETIN, _PAYER = "LAKESIDESYN01", "SYNMACPARTB"
_PAID = ("1", "33.60", ("CAS*PR*2*8.40",), ())
_DENIED = ("4", "0.00", ("CAS*CO*16*42.00",), ("LQ*HE*N290",))


def post(people: DemoPeople) -> None:
    """Nothing the second time: by then there is a file."""
    if PayerFile.objects.filter(group=people.group).exists():
        return
    lines = ChargeLine.objects.filter(group=people.group, status="exported", amount=Decimal("42.00")).order_by("pk")
    claims = [(line.number, *(_DENIED if place else _PAID)) for place, line in enumerate(lines)]
    if claims:
        content = _file([*claims, ("OTHER-SYSTEM-7", *_PAID)])
        posting.receive(content=content, name="remittance-demo.835", by=people.biller, groups=[people.group])


def _file(claims: list[tuple]) -> bytes:
    total = sum(Decimal(paid) for _, _, paid, _, _ in claims)
    body = [
        "ST*835*0001", f"BPR*I*{total}*C*ACH*CCP*01*999999999*DA*1*1999999999**01*999999999*DA*2*20261120",
        "TRN*1*DEMOTRACE1*1999999999", "DTM*405*20261120", "N1*PR*SYNTHETIC MAC PART B", "N3*1 PAYER WAY",
        "N4*COLUMBUS*OH*432150001", "N1*PE*LAKESIDE*XX*2999999909", "LX*1",
    ]  # fmt: skip
    for number, (claim, status, paid, adjustments, remarks) in enumerate(claims, start=1):
        share = "8.40" if status == "1" else "0"
        body += [
            f"CLP*{claim}*{status}*42.00*{paid}*{share}*MB*DEMOICN{number}*10*1", "NM1*QC*1*DEMO*PATIENT",
            f"SVC*HC:G9868*42.00*{paid}**1", *adjustments, f"REF*6R*{claim}", *remarks,
        ]  # fmt: skip
    body.append(f"SE*{len(body) + 1}*0001")
    isa = f"ISA*00*          *00*          *ZZ*{_PAYER:<15}*ZZ*{_ETIN:<15}*261120*0640*^*00501*000000001*0*T*:"
    head = [isa, f"GS*HP*{_PAYER}*{_ETIN}*20261120*0640*1*X*005010X221A1"]
    return ("~\n".join([*head, *body, "GE*1*1", "IEA*1*000000001"]) + "~\n").encode()
