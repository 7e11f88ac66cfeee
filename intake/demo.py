"""Demo patients, stories and photographs, sent and triaged through the services."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from config.accounts.demo import DemoPeople
from config.accounts.models import User
from config.accounts.roles import Role
from intake import messages, services, triage
from intake.demo_pictures import picture
from intake.models import Case, Coverage, Patient, Photo
from intake.renditions import process_photo
from intake.workflow import start_event

_PLACES = {"OH": ("Columbus", "432150002"), "TX": ("Houston", "770020001")}


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    age: int
    sex: str = "F"
    payer: str = "medicare"
    plan: str = "original"
    state: str = "OH"
    login: str = ""


@dataclass(frozen=True)
class Story:
    """One demo case: who, what, and what it looks like: (slot, kind of picture, tone, flaw)."""

    number: str
    person: Person
    reason: str
    site: str
    side: str = ""
    specialty: str = "dermatology"
    onset: str = "About 3 months"
    history: str = ""
    medicines: str = "None"
    allergies: str = "None known"
    kind: str = "papules"
    tone: str = "fair"
    slots: tuple[str, ...] = ("overview", "close_up")
    flaw: str = ""
    note: str = ""
    referred: bool = False
    seed: int = 21
    extra: dict = field(default_factory=dict)


def patient(people: DemoPeople, person: Person, index: int) -> Patient:
    """The same person each time; what somebody changed in the demo is kept."""
    mrn = f"HS-{10_000 + index}"
    found = Patient.objects.filter(home_clinic=people.clinic, mrn=mrn).first()
    if found:
        return found
    today = timezone.localdate()
    user = people.patient if person.login else None
    made = Patient.objects.create(
        home_clinic=people.clinic,
        user=user,
        first_name=person.first_name,
        last_name=person.last_name,
        date_of_birth=date(today.year - person.age - 1, 12, 31 - index % 20),
        administrative_sex=person.sex,
        mrn=mrn,
        email=user.email if user else "",
        phone=f"614-555-01{index % 100:02d}",
        address_line1=f"{200 + index} Sample Avenue",
        city=_PLACES[person.state][0],
        state=person.state,
        zip_code=_PLACES[person.state][1],
    )
    Coverage.objects.create(
        patient=made,
        payer_code=person.payer,
        plan=person.plan,
        # one number each: two with the same would be offered as one person
        member_id=f"1EG4TE5MK{(73 + index) % 100:02d}" if person.payer == "medicare" else f"W{index:08d}",
        valid_from=date(2024, 1, 1),
    )
    return made


# what these people answered: kind of picture -> (kind of problem, answers)
ANSWERS: dict[str, tuple[str, dict[str, list[str]]]] = {
    "changing_mole": (
        "lesion",
        {
            "before": ["no"],
            "changes": ["size", "color"],
            "look": ["edges", "colors"],
            "feel": ["bleed"],
            "tried": ["nothing"],
            "cancer": ["sun"],
            "immune": ["none"],
            "thinner": ["yes"],
            "general": ["none"],
            "effect": ["little"],
        },
    ),
    "quiet_mole": (
        "lesion",
        {"before": ["yes"], "changes": ["none"], "look": ["none"], "feel": ["none"], "effect": ["no"]},
    ),
    "nose_sore": (
        "lesion",
        {"changes": ["none"], "feel": ["ooze"], "cancer": ["own"], "cancer_more": ["Left ear, 2019"]},
    ),
    "papules": (
        "rash",
        {"spread": ["slow"], "feel": ["itch"], "trigger": ["none"], "tried": ["Hydrocortisone, a little"]},
    ),
    "rash": (
        "rash",
        {"spread": ["fast"], "feel": ["itch", "red"], "trigger": ["drug"], "drug": ["Amoxicillin, 6 days"]},
    ),
    "eyelid_bump": (
        "eye",
        {"start": ["slow"], "vision": ["same"], "pain": ["itch"], "eye_signs": ["lump"], "lenses": ["no"]},
    ),
    "red_eye": ("eye", {"start": ["sudden"], "vision": ["same"], "pain": ["itch"], "eye_signs": ["red", "water"]}),
}


# what was written about these cases: number -> (who, words), the last one not read yet
TALKS: dict[str, tuple[tuple[str, str], ...]] = {
    "DF-4K7Q3B": (
        ("patient", "The spot bled again this morning after my shower. Should I cover it?"),
        ("staff", "Thank you for telling us. Yes, use a plain bandage. The specialist sees your message too."),
        ("patient", "I did. It stopped after a few minutes."),
        ("dermatologist", "That helps. Please leave the bandage off for an hour a day and do not scrub it."),
    ),
    "DF-4K7Q4C": (("patient", "My lamp is broken. Is a photo by the window fine?"),),
}


def talk(people: DemoPeople, case: Case) -> None:
    for who, words in TALKS.get(case.number, ()):
        by = getattr(people, who)
        messages.open_thread(case=case, by=by)
        messages.send(case=case, by=by, text=words, key=uuid.uuid4())


def start(people: DemoPeople, story: Story, who: Patient) -> Case:
    """A complete draft with its photographs, by the patient or by staff for them."""
    by: User = who.user or people.staff
    case = Case(
        number=story.number,
        patient=who,
        clinic=people.clinic,
        specialty=story.specialty,
        started_by=by,
        created_at=timezone.now(),
        referring_clinician=people.referrer if story.referred else None,
        referring_clinic=people.clinic if story.referred else None,
    )
    case.save(force_insert=True)
    start_event(case, by=by, role=Role.PATIENT if who.user else Role.STAFF)
    services.save_draft(
        case=case,
        by=by,
        problem_kind=ANSWERS[story.kind][0],
        reason=story.reason,
        site=story.site,
        side=story.side,
        onset=story.onset,
        history=story.history,
        medicines=story.medicines,
        allergies=story.allergies,
        intake_note=story.note,
    )
    for key, value in ANSWERS[story.kind][1].items():
        services.answer_question(case=case, by=by, key=key, value=value)
    for slot in story.slots:
        flaw = story.flaw if slot == "close_up" else ""
        data = picture(
            story.kind, view=slot, tone=story.tone, seed=story.seed, flaw=flaw, side=story.side, site=story.site
        )
        photograph(case, by, slot, data)
    return case


def photograph(case: Case, by: User, slot: str, data: bytes) -> None:
    photo = services.attach_photo(case=case, by=by, data=data, name=f"{slot}.jpg", slot=slot)
    process_photo(photo.pk)
    # pictures made by code share their texture: no alarm about another patient for that
    Photo.objects.filter(pk=photo.pk).update(twin=None)


def send(case: Case) -> Case:
    by = case.started_by
    services.answer_danger_signs(case=case, by=by, signs=[])
    services.give_consent(case=case, by=by, kinds={"treatment", "photography"})
    return services.submit_case(case=case, by=by)


def ask(case: Case, by: User, *, slot: str = "close_up", question: str = "") -> None:
    note = triage.RETAKE_REASONS["blurred"][1]
    items = [triage.Asked("photo", slot=slot, reason_code="blurred", note=note)]
    if question:
        items.append(triage.Asked("question", question=question))
    triage.request_information(
        case=case,
        by=by,
        items=items,
        deadline=timezone.now() + timedelta(days=2),
        message="The close-up is blurry, so the specialist cannot see the edge of the spot.",
        asked_from="clinic",
    )


def accept(people: DemoPeople, case: Case, urgency: str) -> Case:
    return triage.accept_case(
        case=case,
        by=people.staff,
        urgency=urgency,
        specialty=case.specialty,
        group=people.group,
        lower_reason="Known to the clinic, seen last month.",
    )
