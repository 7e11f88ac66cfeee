"""What both letters are made from: the signed record as it was frozen, and whom they are addressed to."""

from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.dateparse import parse_date

from config.accounts.models import Clinic
from config.identifiers import zip_words
from intake.models import Case
from review.models import Addendum, Review
from review.models.review import in_words


@dataclass(frozen=True)
class Line:
    """One step of the plan. Without plain words in the patient's language the letter has a standing sentence of its kind."""

    id: str
    kind: str
    text: str
    patient_text: str
    owner: str
    due_on: date | None
    patient_text_own: str = ""


@dataclass(frozen=True)
class Place:
    name: str
    address: tuple[str, ...] = ()
    phone: str = ""

    @property
    def one_line(self) -> str:
        return ", ".join(part for part in (*self.address, self.phone) if part)


@dataclass(frozen=True)
class Picture:
    """A photograph of the signed record that may be in a letter. `slot_plain` is lazy: it speaks the reader's language."""

    photo_id: str
    slot: str
    slot_plain: object
    received: datetime


@dataclass(frozen=True)
class Added:
    at: datetime
    by: str
    text: str
    patient_text: str
    sha256: str
    wrong_person: bool
    patient_text_own: str = ""
    own_language: str = ""


@dataclass(frozen=True)
class Facts:
    number: str
    sha256: str
    signed_at: datetime
    zone: str
    specialty: str
    problem_kind: str
    site: str
    side: str
    signer: str
    licences: tuple[str, ...]
    npi: str
    group: Place
    clinic: Place
    patient_name: str
    patient_born: date
    patient_address: tuple[str, ...]
    language: str
    referrer: str
    referrer_place: Place | None
    reason: str
    sent_on: datetime | None
    history: tuple[tuple[str, str], ...]
    opinion: dict
    diagnoses: tuple[tuple[str, str], ...]
    terms: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    photo_count: int
    pictures: tuple[Picture, ...] = ()
    added: tuple[Added, ...] = ()
    extra_words: tuple[str, ...] = field(default=())

    @property
    def newest_sha256(self) -> str:
        """What the letter certifies: the addendum's hash covers the record's."""
        return self.added[-1].sha256 if self.added else self.sha256

    @property
    def at(self) -> datetime:
        return self.added[-1].at if self.added else self.signed_at

    @property
    def is_not_theirs(self) -> bool:
        """Filed under the wrong person: then nothing of it is told to them again."""
        return any(one.wrong_person for one in self.added)

    def own(self, text: str, language: str) -> str:
        """A text in the patient's language, where that is the one in which it was written; else ""."""
        return text if text.strip() and language == self.language != "en" else ""

    @property
    def only_reassures(self) -> bool:
        """Nothing is to be done but to know it, and perhaps to watch: a letter of its own kind."""
        kinds = {line.kind for line in self.lines}
        quiet = {"reassurance", "watch_rephotograph"}
        return "reassurance" in kinds and kinds <= quiet and not self.extra_words and not self.opinion.get("no_opinion")

    def site_words(self, plain: bool) -> str:
        """In the language at hand."""
        case = Case(site=self.site, side=self.side)
        return case.site_plain if plain else case.site_label


def place_of(clinic: Clinic) -> Place:
    town = " ".join(
        part for part in (f"{clinic.city}," if clinic.city else "", clinic.state, zip_words(clinic.zip_code)) if part
    )
    street = (clinic.address_line1, clinic.address_line2, town)
    return Place(clinic.name, tuple(part for part in street if part), clinic.phone)


def facts_of(review: Review, addendum: Addendum | None = None) -> Facts:
    """`addendum` is the newest that the letter tells of; without it the letter is the one of the signature."""
    case, record = review.case, review.signed_record or {}
    patient, at = case.patient, record.get("case", {})
    signer = record.get("signer", {})
    opinion = {name: record.get("opinion", {}).get(name, getattr(review, name)) for name in _OPINION}
    opinion["own_language"] = review.own_language
    added = [one for one in review.addenda.order_by("created_at") if addendum and one.created_at <= addendum.created_at]
    return Facts(
        number=case.number,
        sha256=review.content_sha256,
        signed_at=review.signed_at,
        zone=review.time_zone,
        specialty=at.get("specialty", case.specialty),
        problem_kind=case.problem_kind,
        site=at.get("site", case.site),
        side=at.get("side", case.side),
        signer=signer.get("name") or str(review.specialist),
        licences=tuple(signer.get("licences", ())),
        npi=signer.get("npi", ""),
        group=place_of(case.group),
        clinic=place_of(case.clinic),
        patient_name=patient.name,
        patient_born=patient.date_of_birth,
        patient_address=_address(patient),
        language=patient.preferred_language,
        referrer=str(case.referring_clinician) if case.referring_clinician_id else "",
        referrer_place=place_of(case.referring_clinic) if case.referring_clinic_id else None,
        reason=case.reason,
        sent_on=case.submitted_at,
        history=(("", case.history), ("Medicines", case.medicines), ("Allergies", case.allergies)),
        opinion=opinion,
        diagnoses=tuple((row["icd10cm"], row["description"]) for row in record.get("diagnoses", ())),
        terms=tuple((term["key"], term["word"]) for term in record.get("finding_terms", {}).get("terms", ())),
        lines=tuple(_line(row) for row in record.get("plan_lines", ())),
        extra_words=tuple(line.strip() for line in opinion["plan"].splitlines() if line.strip()),
        photo_count=len(record.get("photos", ())),
        pictures=_pictures(review, record),
        added=tuple(
            Added(one.created_at, str(one.by), one.text, one.patient_text, one.content_sha256,
                  bool(one.changes.get("person")), one.patient_text_own, one.own_language)
            for one in added
        ),
    )  # fmt: skip


_OPINION = (
    "findings", "assessment", "confidence", "differential", "plan", "follow_up", "follow_up_own", "patient_text",
    "patient_text_own", "photos_adequate", "no_opinion", "eye_side",
)  # fmt: skip


def differential_words(facts: Facts) -> str:
    return "; ".join(in_words(entry) for entry in facts.opinion["differential"])


def _line(row: dict) -> Line:
    due = parse_date(row.get("due_on") or "")
    return Line(
        row["id"],
        row["kind"],
        row["text"],
        row.get("patient_text", ""),
        row["owner"],
        due,
        row.get("patient_text_own", ""),
    )


def _address(patient) -> tuple[str, ...]:
    town = " ".join(
        part
        for part in (f"{patient.city}," if patient.city else "", patient.state, zip_words(patient.zip_code))
        if part
    )
    return tuple(part for part in (patient.address_line1, patient.address_line2, town) if part)


def _pictures(review: Review, record: dict) -> tuple[Picture, ...]:
    """Only what the signature covers and is still there, with a live consent to photographs, and never of a place that
    nobody should see over a shoulder: paper and mailboxes are seen by others. The portal shows those to the same people."""
    case = review.case
    if not case.consents.filter(kind="photography", withdrawn_at=None).exists():
        return ()
    signed = {row["id"]: row["sha256"] for row in record.get("photos", ())}
    photos = [
        photo
        for photo in case.photos.live().prefetch_related("renditions")
        if signed.get(str(photo.pk)) == photo.sha256 and photo.status == "ready"
    ]
    for photo in photos:
        photo.case = case
    if any(photo.is_sensitive for photo in photos):
        return ()
    return tuple(
        Picture(str(photo.pk), photo.slot_info.label, photo.slot_info.plain, photo.received_at) for photo in photos[:3]
    )
