"""What a payer would send, made by code: 999, 277CA and 835 files about lines of ours. Synthetic."""

from dataclasses import dataclass
from decimal import Decimal

OURS, THEIRS = "TESTSYN01", "SYNMACPARTB"


def envelope(kind: str, version: str, transactions: list[list[str]], number: int = 7, extra: str = "") -> bytes:
    isa = f"ISA*00*          *00*          *ZZ*{THEIRS:<15}*ZZ*{OURS:<15}*261125*0640*^*00501*{number:09d}*0*T*:~"
    out = [isa]
    if extra:
        out.append(extra)
    if transactions:
        out.append(f"GS*{kind}*{THEIRS}*{OURS}*20261125*0640*{number}*X*{version}~")
        for place, body in enumerate(transactions, start=1):
            control = f"{place:04d}"
            # an 835 does not name its guide there
            named = "" if body[0] == "835" else f"*{version}"
            body = [f"ST*{body[0]}*{control}{named}", *body[1:]]
            out += [f"{segment}~" for segment in [*body, f"SE*{len(body) + 1}*{control}"]]
        out.append(f"GE*{len(transactions)}*{number}~")
    out.append(f"IEA*{1 if transactions else 0}*{number:09d}~")
    return "\n".join(out).encode()


def ta1(control: int, verdict: str = "A") -> bytes:
    return envelope("", "", [], number=3, extra=f"TA1*{control:09d}*261125*0630*{verdict}*000~")


def file_999(control: int, verdict: str = "A", number: int = 5) -> bytes:
    errors = [] if verdict == "A" else ["IK3*NM1*8**8", "IK4*9*67*1"]
    body = ["999", f"AK1*HC*{control}*005010X222A1", "AK2*837*0001*005010X222A1", *errors, f"IK5*{verdict}",
            f"AK9*{verdict}*1*1*{1 if verdict == 'A' else 0}"]  # fmt: skip
    return envelope("FA", "005010X231A1", [body], number)


def file_277ca(batch: str, states: list[tuple[str, str]], number: int = 6) -> bytes:
    """`states`: (claim number, STC01 such as A2:20 or A7:562)."""
    body = ["277", "BHT*0085*08*1*20261125*0700*TH", "HL*1**20*1", f"NM1*PR*2*SYNTHETIC MAC*****PI*{THEIRS}", "TRN*1*1",
            "DTP*050*D8*20261125", "DTP*009*D8*20261125", "HL*2*1*21*1", f"NM1*41*2*GROUP*****46*{OURS}",
            f"TRN*2*{batch}", "STC*A1:19*20261125*WQ*42", "HL*3*2*19*1", "NM1*85*2*GROUP*****XX*2999999909",
            "TRN*1*0", "STC*A1:19**WQ*42"]  # fmt: skip
    for place, (claim, state) in enumerate(states, start=4):
        body += [f"HL*{place}*3*PT", "NM1*QC*1*SAMPLE*ANA****MI*1EG4TE5MK73", f"TRN*2*{claim}",
                 f"STC*{state}*20261125*{'WQ' if state[:2] == 'A2' else 'U'}*42", f"REF*1K*ICN{place}",
                 "DTP*472*D8*20261120"]  # fmt: skip
    return envelope("HN", "005010X214", [body], number)


@dataclass(frozen=True)
class Said:
    """What an 835 says about a claim. `adjustments` are (group, reason, amount)."""

    claim: str
    paid: str = "33.60"
    status: str = "1"
    charged: str = "42.00"
    adjustments: tuple = (("PR", "2", "8.40"),)
    remarks: tuple = ()
    icn: str = "ICN1"
    line: str = ""
    name: str = "SAMPLE*ANA"


PAID = {}
PARTLY = {"paid": "20.00", "adjustments": (("CO", "45", "2.00"), ("CO", "96", "15.00"), ("PR", "1", "5.00"))}
DENIED = {"paid": "0.00", "status": "4", "adjustments": (("CO", "29", "42.00"),), "remarks": ("N95",)}
REVERSED = {"paid": "-33.60", "status": "22", "charged": "-42.00", "adjustments": (("PR", "2", "-8.40"),)}


def share(said: Said) -> Decimal:
    return sum((Decimal(value) for group, _, value in said.adjustments if group == "PR"), Decimal())


def file_835(said: list[Said], trace: str = "TRACE1", number: int = 8, total: str = "", plb: tuple = ()) -> bytes:
    """`plb`: (code, amount) of adjustments that belong to no claim."""
    sum_ = sum((Decimal(one.paid) for one in said), Decimal()) - sum((Decimal(v) for _, v in plb), Decimal())
    body = ["835", f"BPR*I*{total or sum_}*C*ACH*CCP*01*999999999*DA*1*1999999999**01*999999999*DA*2*20261124",
            f"TRN*1*{trace}*1999999999", "DTM*405*20261124", "N1*PR*SYNTHETIC MAC PART B", "N3*1 PAYER WAY",
            "N4*COLUMBUS*OH*432150001", "PER*BL*OFFICE*TE*6145550100", "N1*PE*GROUP*XX*2999999909", "LX*1"]  # fmt: skip
    for one in said:
        body += [f"CLP*{one.claim}*{one.status}*{one.charged}*{one.paid}*{share(one)}*MB*{one.icn}*10*1",
                 f"NM1*QC*1*{one.name}****MI*1EG4TE5MK73", f"SVC*HC:G9868*{one.charged}*{one.paid}**1",
                 "DTM*472*20261120"]  # fmt: skip
        body += [f"CAS*{group}*{code}*{value}" for group, code, value in one.adjustments]
        body += [f"REF*6R*{one.line or one.claim}", *(f"LQ*HE*{code}" for code in one.remarks)]
    if plb:
        body.append("PLB*2999999909*20261231*" + "*".join(f"{code}*{value}" for code, value in plb))
    return envelope("HP", "005010X221A1", [body], number)
