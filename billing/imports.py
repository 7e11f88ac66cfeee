"""CSV files of reference data: what a file would change, said line by line before anything is written."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction

from billing import keeping
from billing.forms import CODES, patients_of, specialists_of
from billing.kinds import Kind
from billing.models import Payer, Programme
from billing.services import BillingRefused
from config.accounts.models import Clinic, User
from config.identifiers import is_mbi, is_npi
from intake.models import Coverage, Patient

MAX_BYTES = 3_000_000  # its bytes travel with the preview's button
MAX_LINES = 20_000
ADDED, CHANGED, ENDED, UNCHANGED, REFUSED = "added", "changed", "ended", "unchanged", "refused"


class FileRefused(Exception):
    """The text may be shown."""


class LineRefused(Exception):
    """The text may be shown beside the line."""


@dataclass
class Line:
    """One line of the file, or one row that a complete file no longer names (`number` 0)."""

    number: int
    action: str
    name: str
    reason: str = ""
    values: dict = field(default_factory=dict)
    row: object = None


def parse(kind: Kind, content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(content) > MAX_BYTES:
        raise FileRefused("The file is larger than 3 MB. Split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused("The file is not UTF-8 text. Save it as CSV UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    head = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in kind.file if name not in head and name not in OPTIONAL]
    if missing:
        raise FileRefused(f"The first line must name the columns. Missing: {', '.join(missing)}.")
    reader.fieldnames = head
    try:
        for number, row in enumerate(reader, start=2):
            if number > MAX_LINES + 1:
                raise FileRefused(f"The file has more than {MAX_LINES} lines. Split it.")
            if any((value or "").strip() for name, value in row.items() if name):
                yield number, {name: (row.get(name) or "").strip() for name in kind.file}
    except csv.Error as error:
        raise FileRefused(f"The file is not a CSV file: {error}.") from error


OPTIONAL = ("valid_until", "note", "demo_number", "send_demo_number", "modifier", "entity_id", "description")


def plan(kind: Kind, content: bytes, groups, *, complete_on: date | None = None) -> list[Line]:
    """What the file would do. With `complete_on` the file is the whole list: who is not in it ends the day before."""
    standing = _standing(kind, groups)
    seen: dict[tuple, int] = {}
    lines: list[Line] = []
    find = _finder(kind, groups)
    for number, cells in parse(kind, content):
        try:
            values = find(cells)
            key = (_same(kind, values), values.get("valid_from") or values.get("date_of_service"))
            if key in seen:
                raise LineRefused(f"Line {seen[key]} says something about the same thing from the same day.")
            seen[key] = number
            lines.append(_compare(kind, number, values, standing.get(_same(kind, values), [])))
        except LineRefused as refused:
            lines.append(Line(number, REFUSED, _title(cells), str(refused)))
    if complete_on and not any(line.action == REFUSED for line in lines):
        # who stands in a refused line is in the file all the same: nobody is ended before every line is understood
        lines += _no_longer_named(kind, standing, {same for same, _ in seen}, lines, complete_on)
    return lines


def fingerprint(lines: list[Line]) -> str:
    """Of the plan: what is confirmed is what was shown."""
    return sha256(repr([(line.number, line.action, line.name, line.reason) for line in lines]).encode()).hexdigest()


def counts(lines: list[Line]) -> dict[str, int]:
    found = dict.fromkeys((ADDED, CHANGED, ENDED, UNCHANGED, REFUSED), 0)
    for line in lines:
        found[line.action] += 1
    return found


def apply(
    *, kind: Kind, by: User, content: bytes, groups, seen: str, complete_on: date | None = None
) -> dict[str, int]:
    """Write the plan, all or nothing, if it is still the one that was seen."""
    digest = sha256(content).hexdigest()
    with transaction.atomic():
        lines = plan(kind, content, groups, complete_on=complete_on)
        if fingerprint(lines) != seen:
            raise BillingRefused("The rows changed since the preview. Look at it again; nothing was written.")
        for line in lines:
            if line.action in (ADDED, CHANGED, ENDED):
                keeping.keep(kind=kind, by=by, values=line.values, row=line.row, file_sha256=digest)
    return counts(lines)


def _same(kind: Kind, values: dict) -> tuple:
    names = getattr(kind.model, "SAME", ("patient_id", "code", "date_of_service"))
    found = []
    for name in names:
        value = values[name.removesuffix("_id")]
        found.append(str(getattr(value, "key", None) or getattr(value, "pk", value)))
    return tuple(found)


def _standing(kind: Kind, groups) -> dict[tuple, list]:
    rows = kind.rows(groups).filter(withdrawn_at__isnull=True).select_related(*kind.related)
    found: dict[tuple, list] = {}
    for row in rows:
        names = getattr(kind.model, "SAME", ("patient_id", "code", "date_of_service"))
        key = _same(kind, {name.removesuffix("_id"): getattr(row, name.removesuffix("_id")) for name in names})
        found.setdefault(key, []).append(row)
    return found


def _compare(kind: Kind, number: int, values: dict, rows: list) -> Line:
    name = str(kind.model(**values))
    if not kind.is_dated:
        return Line(number, UNCHANGED, name, "", values) if rows else Line(number, ADDED, name, "", values)
    start, end = values["valid_from"], values["valid_until"]
    meets = [
        row for row in rows
        if row.valid_from <= (end or date.max) and start <= (row.valid_until or date.max)
    ]  # fmt: skip
    if not meets:
        return Line(number, ADDED, name, "", values)
    row = meets[0]
    if len(meets) > 1 or row.valid_from > start:
        raise LineRefused(f"It overlaps with the row from {row.valid_from}. End or withdraw that one first.")
    same = all(_equal(getattr(row, key), value) for key, value in values.items() if key not in _PERIOD)
    if same and row.valid_until == end:
        return Line(number, UNCHANGED, name, "", values)
    if same and row.valid_until is None:
        # a newer file may give a later start for the same standing fact: only its end is news
        ended = values | {"valid_from": row.valid_from}
        return Line(number, ENDED, name, f"ends on {end}", ended, row)
    what = [key.replace("_", " ") for key, value in values.items() if not _equal(getattr(row, key), value)]
    return Line(number, CHANGED, name, f"{', '.join(what)}; the row from {row.valid_from} is kept", values, row)


_PERIOD = ("valid_from", "valid_until", "source", "programme")


def _equal(old, new) -> bool:
    return getattr(old, "key", old) == getattr(new, "key", new)


def _no_longer_named(kind: Kind, standing: dict, named: set, lines: list[Line], day: date) -> Iterator[Line]:
    programmes = {line.values["programme"].key for line in lines if "programme" in line.values}
    last = day - timedelta(days=1)
    for same, rows in standing.items():
        for row in rows:
            # only the models that the file is about
            if same in named or (hasattr(row, "programme") and row.programme.key not in programmes):
                continue
            if row.valid_from <= last and (row.valid_until is None or row.valid_until > last):
                values = {name: getattr(row, name) for name in keeping.columns(kind)} | {"valid_until": last}
                yield Line(0, ENDED, str(row), f"is not in the file: ends on {last}", values, row)


def _title(cells: dict[str, str]) -> str:
    return ", ".join(value for value in list(cells.values())[:3] if value)[:80]


# --- one line into values -------------------------------------------------------------------------------------------


def _day(cells: dict, name: str, *, optional: bool = False) -> date | None:
    if optional and not cells[name]:
        return None
    try:
        return date.fromisoformat(cells[name])
    except ValueError as error:
        raise LineRefused(f"{name} is {cells[name] or 'empty'}; a date is written like 2026-11-30.") from error


def _yes(cells: dict, name: str) -> bool:
    value = cells[name].lower()
    if value in ("yes", "true", "1"):
        return True
    if value in ("no", "false", "0", ""):
        return False
    raise LineRefused(f"{name} is {cells[name]}; write yes or no.")


def _period(cells: dict) -> dict:
    found = {"valid_from": _day(cells, "valid_from"), "valid_until": _day(cells, "valid_until", optional=True)}
    if found["valid_until"] and found["valid_until"] < found["valid_from"]:
        raise LineRefused("The end is before the start.")
    if not cells["source"]:
        raise LineRefused("source is empty: where is this known from?")
    return found | {"source": cells["source"][:300]}


def _finder(kind: Kind, groups) -> Callable[[dict], dict]:
    programmes = {row.key: row for row in Programme.objects.standing().order_by("valid_from")}
    payers = {row.code: row for row in Payer.objects.all()}
    patients = {row.pk: row for row in patients_of(groups)}

    def programme(cells: dict) -> Programme:
        if cells["programme"] not in programmes:
            raise LineRefused(
                f"There is no model {cells['programme'] or 'named'}. Known: {', '.join(sorted(programmes))}."
            )
        return programmes[cells["programme"]]

    def patient(cells: dict) -> Patient:
        mbi = cells["mbi"].replace("-", "").upper()
        if not is_mbi(mbi):
            raise LineRefused("The Medicare number (mbi) is not possible.")
        owners = set(Coverage.objects.filter(member_id=mbi).values_list("patient", flat=True)) & set(patients)
        if len(owners) != 1:
            raise LineRefused("No patient here has this Medicare number." if not owners else "Two patients have it.")
        found = patients[owners.pop()]
        if found.last_name.casefold() != cells["last_name"].casefold():
            raise LineRefused("The last name is another than the one of the patient with this Medicare number.")
        if found.date_of_birth != _day(cells, "date_of_birth"):
            raise LineRefused("The date of birth is another than the patient's.")
        return found

    def alignment(cells: dict) -> dict:
        return {"programme": programme(cells), "patient": patient(cells), **_period(cells)}

    def roster(cells: dict) -> dict:
        if not is_npi(cells["npi"]):
            raise LineRefused("The NPI is not possible.")
        found = specialists_of(groups).filter(npi=cells["npi"]).first()
        if found is None:
            raise LineRefused("No specialist here has this NPI.")
        if not (len(cells["tin"]) == 9 and cells["tin"].isascii() and cells["tin"].isdigit()):
            raise LineRefused("A tax number (tin) has 9 digits.")
        return {"programme": programme(cells), "practitioner": found, "tin": cells["tin"], **_period(cells)}

    def fee(cells: dict) -> dict:
        group = Clinic.objects.filter(pk__in=groups, npi=cells["group_npi"]).first()
        if group is None:
            raise LineRefused("No group here has this NPI.")
        if cells["code"] not in CODES:
            raise LineRefused(f"code is one of {', '.join(CODES)}.")
        try:
            amount = Decimal(cells["amount"])
        except InvalidOperation as error:
            raise LineRefused("amount is written like 42.00.") from error
        if not (amount.is_finite() and 0 < amount < 1_000_000 and amount == amount.quantize(Decimal("0.01"))):
            raise LineRefused("amount is more than 0, with at most two decimals.")
        return {"group": group, "code": cells["code"], "amount": amount, **_period(cells)}

    def policy(cells: dict) -> dict:
        if cells["payer"] not in payers:
            raise LineRefused(f"There is no payer {cells['payer']}. Known: {', '.join(sorted(payers))}.")
        return {"payer": payers[cells["payer"]], "pays": _yes(cells, "pays"), "note": cells["note"], **_period(cells)}

    def model(cells: dict) -> dict:
        values = {
            "key": cells["key"], "name": cells["name"], "is_confirmed": _yes(cells, "is_confirmed"),
            "codes": cells["codes"].split(), "demo_number": cells["demo_number"],
            "send_demo_number": _yes(cells, "send_demo_number"), "places_of_service": cells["places_of_service"].split(),
            "modifier": cells["modifier"] or "00", "entity_id": cells["entity_id"], **_period(cells),
        }  # fmt: skip
        if not set(values["codes"]) <= set(CODES) or not set(values["places_of_service"]) <= {"10", "02"}:
            raise LineRefused("codes are G9868, G9869, G9870 and places_of_service 10, 02, with spaces between.")
        return values

    def hcpcs(cells: dict) -> dict:
        return {name: cells[name] for name in ("code", "short_description", "description")} | _period(cells)

    def elsewhere(cells: dict) -> dict:
        if not cells["source"]:
            raise LineRefused("source is empty: where is this known from?")
        day = _day(cells, "date_of_service")
        return {
            "patient": patient(cells),
            "code": cells["code"].upper(),
            "date_of_service": day,
            "source": cells["source"],
        }

    finders = {
        "alignment": alignment, "roster": roster, "fee": fee, "policy": policy, "programme": model, "hcpcs": hcpcs,
        "elsewhere": elsewhere,
    }  # fmt: skip

    def checked(cells: dict) -> dict:
        values = finders[kind.key](cells)
        try:
            kind.model(**values).clean_fields()
        except ValidationError as error:
            raise LineRefused(" ".join(error.messages)) from error
        return values

    return checked


def as_file(kind: Kind, rows) -> str:
    """The rows as the CSV file that can be read back, also the pattern for a new one."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(kind.file)
    for row in rows:
        writer.writerow([_cell(row, name) for name in kind.file])
    return out.getvalue()


def _cell(row, name: str) -> str:
    patient = getattr(row, "patient", None)
    made = {
        "programme": lambda: row.programme.key,
        "mbi": lambda: getattr(patient.coverages.filter(payer_code="medicare").order_by("-valid_from").first(), "member_id", ""),
        "last_name": lambda: patient.last_name,
        "date_of_birth": lambda: patient.date_of_birth,
        "npi": lambda: row.practitioner.npi,
        "group_npi": lambda: row.group.npi,
        "payer": lambda: row.payer.code,
    }  # fmt: skip
    value = made[name]() if name in made else getattr(row, name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    text = "" if value is None else str(value)
    # a spreadsheet must not run a name
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
