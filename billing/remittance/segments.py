"""A payer's file as segments: envelopes checked, separators read from the header. Pure: bytes in, segments out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation


class Unreadable(Exception):
    """The text says what is wrong with the file, and may be shown."""


@dataclass(frozen=True)
class Segment:
    name: str
    elements: tuple[str, ...]

    def get(self, place: int) -> str:
        """Element by its X12 number: 1 is the first after the name; "" where there is none."""
        return self.elements[place - 1] if 0 < place <= len(self.elements) else ""

    def parts(self, place: int, separator: str) -> list[str]:
        return self.get(place).split(separator)


@dataclass(frozen=True)
class Transaction:
    """One ST to SE, with what its envelope says."""

    kind: str
    version: str
    control: str
    sender: str
    receiver: str
    dated: str
    group_control: str
    interchange_control: str
    component: str
    segments: tuple[Segment, ...]


@dataclass
class File:
    transactions: list[Transaction] = field(default_factory=list)
    # TA1: (interchange control number, A, E or R, note code)
    taken_in: list[tuple[str, str, str]] = field(default_factory=list)
    interchange_control: str = ""
    sender: str = ""
    receiver: str = ""
    dated: str = ""


def read(content: bytes) -> File:
    """All transactions of a file. Raises Unreadable where it is cut off, empty or does not add up."""
    text = content.decode("latin-1").lstrip("\ufeff\xef\xbb\xbf \r\n\t")
    if not text.startswith("ISA") or len(text) < 106:
        raise Unreadable(
            "This is not an X12 file: it does not begin with an ISA header. Choose the file that the payer sent."
        )
    element, component, terminator = text[3], text[104], text[105]
    names = [part.strip("\r\n") for part in text.split(terminator)]
    segments = [Segment(part.split(element)[0], tuple(part.split(element)[1:])) for part in names if part.strip()]
    file = File()
    for isa, inside in _interchanges(segments):
        file.interchange_control, file.sender, file.receiver = isa.get(13), isa.get(6).strip(), isa.get(8).strip()
        file.dated = isa.get(9)
        for segment in inside:
            if segment.name == "TA1":
                file.taken_in.append((segment.get(1), segment.get(4), segment.get(5)))
        file.transactions += _transactions(inside, isa, component)
    if not file.transactions and not file.taken_in:
        raise Unreadable("The file holds no answer: there is nothing between its header and its end.")
    return file


def _interchanges(segments: list[Segment]) -> Iterator[tuple[Segment, list[Segment]]]:
    isa, inside = None, []
    for segment in segments:
        if segment.name == "ISA":
            if isa is not None:
                raise Unreadable("The file is damaged: an interchange begins before the one before it ended (no IEA).")
            isa, inside = segment, []
        elif segment.name == "IEA":
            if isa is None or segment.get(2) != isa.get(13):
                raise Unreadable("The file is damaged: its last control number (IEA02) is not that of its header.")
            yield isa, inside
            isa = None
        else:
            inside.append(segment)
    if isa is not None:
        raise Unreadable("The file is cut off: its end (IEA) is missing. Fetch it again from the payer.")


def _transactions(inside: list[Segment], isa: Segment, component: str) -> Iterator[Transaction]:
    gs, st, body = None, None, []
    for segment in inside:
        if segment.name == "GS":
            gs = segment
        elif segment.name == "ST":
            st, body = segment, [segment]
        elif segment.name == "SE":
            body.append(segment)
            if st is None or gs is None:
                raise Unreadable("The file is damaged: a transaction ends that never began.")
            if segment.get(1) != str(len(body)) or segment.get(2) != st.get(2):
                raise Unreadable(
                    f"The file is damaged: transaction {st.get(2)} says it has {segment.get(1)} segments, "
                    f"but there are {len(body)}. Fetch it again from the payer."
                )
            yield Transaction(
                kind=st.get(1), version=st.get(3) or gs.get(8), control=st.get(2), sender=gs.get(2), receiver=gs.get(3),
                dated=gs.get(4), group_control=gs.get(6), interchange_control=isa.get(13), component=component,
                segments=tuple(body),
            )  # fmt: skip
            st = None
        elif st is not None:
            body.append(segment)
    if st is not None:
        raise Unreadable(f"The file is cut off in transaction {st.get(2)}. Fetch it again from the payer.")


def amount(text: str) -> Decimal:
    """To the cent. Empty is nothing. Raises Unreadable for what is no amount."""
    if not text:
        return Decimal("0.00")
    try:
        value = Decimal(text)
        if value.is_finite():
            return value.quantize(Decimal("0.01"))
    except InvalidOperation:
        pass
    raise Unreadable(f"The file is damaged: {text[:20]!r} stands where an amount belongs.")


def day(text: str) -> date | None:
    """CCYYMMDD; None for anything else."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) >= 8 else None
    except ValueError:
        return None
