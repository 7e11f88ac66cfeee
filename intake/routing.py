"""To whom a case may go, and to whom it best goes.

Law first: specialty, a licence in the patient's state that is valid today, a place in the group. Nobody outside that is
ever offered, and the claiming UPDATE asks the same question again. Then what is better: the clinic's own rule, the roster of
the patient's model, who speaks the patient's language, who is here, who has fewer cases.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language_info

from config.accounts.models import Clinic, Licence, Membership, SpokenLanguage, User
from config.accounts.roles import Role
from intake import sites
from intake.models import Absence, Case, CaseStatus, RouteRule, Specialty

K = RouteRule.SiteKind
_OPEN = (CaseStatus.READY, CaseStatus.IN_REVIEW)
_SPECIAL = {
    "fingernail": K.NAILS, "toenail": K.NAILS, "scalp": K.SCALP, "upper_eyelid": K.EYELID, "lower_eyelid": K.EYELID,
    "skin": K.WIDESPREAD, "face": K.HEAD,
}  # fmt: skip
_FIRST_OF_REGION = {"scalp": K.HEAD, "chest": K.TRUNK, "upper_arm": K.ARMS, "thigh": K.LEGS, "eye": K.EYE}

# billing says who is on the roster of the patient's model: (patient, users, day) -> (model, ids on it), "" without a model
Roster = Callable[[object, list[User], date], tuple[str, set]]
_roster: list[Roster] = []


def register_roster(source: Roster) -> None:
    if source not in _roster:
        _roster.append(source)


@dataclass
class Person:
    """Somebody who may answer the case."""

    user: User
    load: int
    away_until: date | None
    is_rostered: bool | None = None
    speaks: bool | None = None  # the patient's language; None where that is English

    @property
    def words(self) -> str:
        parts = [f"{self.load} open"]
        if self.away_until:
            parts.append(f"away until {day_words(self.away_until)}")
        if self.is_rostered is False:
            parts.append("not on the roster")
        if self.speaks is False:
            parts.append("needs an interpreter")
        return ", ".join(parts)


@dataclass
class Route:
    """The pool of a group, or one person of it."""

    group: Clinic
    people: list[Person]
    person: User | None = None
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    rank: tuple = ()

    @property
    def key(self) -> str:
        return f"{self.group.pk}:{self.person.pk if self.person else ''}"

    @property
    def here(self) -> list[Person]:
        return [person for person in self.people if person.away_until is None]

    @property
    def label(self) -> str:
        if self.person is not None:
            return f"{self.person}, {self.group} ({self.people[0].words})"
        count = len(self.people)
        away = count - len(self.here)
        words = f"{self.group}: pool ({count} {'person' if count == 1 else 'people'}"
        return f"{words}, {away} away)" if away else f"{words})"


def day_words(day: date) -> str:
    return f"{day:%b} {day.day}"


def site_kind(case: Case) -> str:
    """What kind of place it is, for the rules; "" while no place is given."""
    site = sites.BY_KEY.get(case.site)
    if site is None:
        return ""
    if site.sensitive:
        return K.GENITAL
    if site.key in _SPECIAL:
        return _SPECIAL[site.key]
    return next((kind for key, kind in _FIRST_OF_REGION.items() if sites.BY_KEY[key].region == site.region), "")


def answerers(specialty: str, state: str, day: date) -> QuerySet[Membership]:
    """Memberships of those who may answer such a case today."""
    valid = Licence.objects.valid_on(day).filter(state=state, practitioner=OuterRef("user__practitioner"))
    return (
        Membership.objects.filter(
            role=Role.SPECIALIST,
            is_active=True,
            clinic__is_active=True,
            user__is_active=True,
            user__practitioner__specialty=specialty,
        )
        .filter(Exists(valid))
        .select_related("user", "clinic")
        .order_by("clinic__name", "user__last_name", "user__first_name")
    )


def groups_for(case: Case, specialty: str = "") -> list[tuple[Clinic, list[User]]]:
    """Specialist groups with the people who may answer this case: specialty and a licence in the patient's state."""
    found: dict[Clinic, list[User]] = {}
    state = case.patient_state or case.patient.state
    for membership in answerers(specialty or case.specialty, state, timezone.localdate()):
        people = found.setdefault(membership.clinic, [])
        if membership.user not in people:
            people.append(membership.user)
    return list(found.items())


def loads(users: list[User]) -> Counter:
    """Open cases by name or in hand, by person."""
    held = Case.objects.filter(status=CaseStatus.IN_REVIEW, holder__in=users).values_list("holder", flat=True)
    named = Case.objects.filter(status=CaseStatus.READY, assigned_to__in=users).values_list("assigned_to", flat=True)
    return Counter([*held, *named])


def away(users: list[User], day: date) -> dict:
    """Person -> the last day away, for those who are away on that day; absences that follow each other count as one."""
    until: dict = {}
    rows = Absence.objects.standing().filter(user__in=users, last_day__gte=day).order_by("first_day")
    for row in rows:
        known = until.get(row.user_id)
        if row.first_day <= day or (known is not None and (row.first_day - known).days <= 1):
            until[row.user_id] = max(known or row.last_day, row.last_day)
    return until


def routes(case: Case, specialty: str = "") -> list[Route]:
    """Every way that the law allows, the best first, each with its reasons. Empty: nobody may answer this case."""
    day = timezone.localdate()
    groups = groups_for(case, specialty)
    users = list({user.pk: user for _, people in groups for user in people}.values())
    load, gone = loads(users), away(users, day)
    programme, rostered = _roster[0](case.patient, users, day) if _roster else ("", set())
    rules = _rules(case, specialty or case.specialty)
    language = case.patient.preferred_language
    speakers = speakers_of(language, users)
    found = []
    for group, people in groups:
        persons = [
            Person(
                user,
                load[user.pk],
                gone.get(user.pk),
                user.pk in rostered if programme else None,
                None if language == "en" else user.pk in speakers,
            )
            for user in people
        ]
        found.append(_ranked(Route(group, persons), case, programme, rules))
        found += [_ranked(Route(group, [one], one.user), case, programme, rules) for one in persons]
    return sorted(found, key=lambda route: route.rank)


def speakers_of(language: str, users: list[User]) -> set:
    """Who of them speaks it with patients; nobody is asked about English."""
    if language == "en":
        return set()
    spoken = SpokenLanguage.objects.filter(language=language, practitioner__user__in=users)
    return set(spoken.values_list("practitioner__user", flat=True))


def _say_language(route: Route, case: Case) -> int:
    """How well the route fits the patient's language: 0 whoever answers speaks it, 1 some do, 2 nobody here does."""
    asked = [person for person in route.here if person.speaks is not None]
    if not asked:
        return 0
    name = get_language_info(case.patient.preferred_language)["name"]
    able = [person for person in asked if person.speaks]
    if able:
        who = "" if route.person is not None else f": {', '.join(str(person.user) for person in able)}"
        route.reasons.append(f"Speaks {name}{who}")
    else:
        route.warnings.append(f"Nobody here speaks {name}: an interpreter is needed to talk with the patient")
    return 2 if not able else int(len(able) < len(asked))


def _rules(case: Case, specialty: str) -> list[RouteRule]:
    """The rules that fit, the narrowest first."""
    patient = case.patient
    state = case.patient_state or patient.state
    fitting = RouteRule.objects.filter(
        Q(specialty="") | Q(specialty=specialty),
        Q(site_kind="") | Q(site_kind=site_kind(case)),
        Q(state="") | Q(state=state),
        Q(language="") | Q(language=patient.preferred_language),
        clinic=case.clinic,
        ended_at=None,
    )
    return sorted(fitting, key=lambda rule: (-rule.weight, rule.made_at))


def _ranked(route: Route, case: Case, programme: str, rules: list[RouteRule]) -> Route:
    state = case.patient_state or case.patient.state
    rule = next(
        (
            rule
            for rule in rules
            if (rule.group_id, rule.person_id) == (route.group.pk, getattr(route.person, "pk", None))
        ),
        None,
    )
    if rule is not None:
        route.reasons.append(f"Your clinic's rule: {rule}")
    count = len(route.people)
    if route.person is None:
        route.reasons.append(f"{count} {'person' if count == 1 else 'people'} with a license in {state}")
    on_roster = [person for person in route.here if person.is_rostered]
    if programme and on_roster:
        route.reasons.append(f"On the roster of {programme}: {', '.join(str(person.user) for person in on_roster)}")
    elif programme:
        route.warnings.append(f"Nobody here is on the roster of {programme}: the charge will be held")
    language = _say_language(route, case)
    if not route.here:
        last = min(person.away_until for person in route.people if person.away_until)
        route.warnings.append(f"{'Away' if count == 1 else 'All are away'} until {day_words(last)}")
    busy = sum(person.load for person in route.here) / len(route.here) if route.here else 0
    route.reasons.append(
        f"{round(busy)} open {'case' if round(busy) == 1 else 'cases'} a person" if count > 1 else f"{round(busy)} open"
    )
    # a pool before a person: whoever is free first takes it
    route.rank = (
        not route.here,
        -(rule.weight + 1) if rule else 0,
        bool(programme and not on_roster),
        language,
        route.person is not None,
        busy,
        str(route.group),
        str(route.person),
    )
    return route


def suggested(case: Case, specialty: str = "") -> Route | None:
    return next(iter(routes(case, specialty)), None)


def refusal(case: Case, specialty: str, group: Clinic, person: User | None, due: datetime) -> str:
    """Why this route is not open, in a sentence that says what can be done; "" when it is."""
    state = case.patient_state or case.patient.state
    options = [route for route in routes(case, specialty) if route.group == group]
    if not options:
        return (
            f"Nobody in {group} is licensed in {state} for this. Choose another group or specialty, or refer in person."
        )
    route = next((route for route in options if route.person == person), None)
    if route is None:
        return f"{person} may not answer this case: no license in {state}, or another specialty."
    last = timezone.localdate(due, case.clinic.zone)
    if person is not None and route.people[0].away_until:
        return f"{person} is away until {day_words(route.people[0].away_until)}. Choose the pool or another person."
    if all(one.away_until is not None and one.away_until >= last for one in route.people):
        return f"Everybody in {group} who may answer this is away past {day_words(last)}, when the answer is due. Choose another group, or refer in person."
    return ""


def missing_roster(case: Case, user: User, day: date) -> str:
    """The model of the patient on whose roster this person is not that day; "" when nothing is missing."""
    programme, rostered = _roster[0](case.patient, [user], day) if _roster else ("", set())
    return programme if programme and user.pk not in rostered else ""


def nobody_words(case: Case, specialty: str) -> str:
    """What is said at once when nobody may answer, with what can be done."""
    state = case.patient_state or case.patient.state or "the patient's state"
    label = Specialty(specialty).label.lower()
    others = [Specialty(other).label for other in Specialty.values if other != specialty and groups_for(case, other)]
    words = f"Nobody on our lists is licensed in {state} for {label}. Send the patient to in-person care, or ask an administrator for a specialist."
    return f"{words} {others[0]} could be answered in {state}." if others else words


def stranded(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Of these, the cases in a pool that nobody may answer any more: a licence ran out, somebody left."""
    day = timezone.localdate()
    # one level further in: the licence is looked up within the membership
    valid = Licence.objects.valid_on(day).filter(
        state=OuterRef(OuterRef("patient_state")), practitioner=OuterRef("user__practitioner")
    )
    eligible = Membership.objects.filter(
        Exists(valid),
        role=Role.SPECIALIST,
        is_active=True,
        user__is_active=True,
        user__practitioner__specialty=OuterRef("specialty"),
        clinic=OuterRef("group"),
    )
    by_name = eligible.filter(user=OuterRef("assigned_to"))
    return cases.filter(status=CaseStatus.READY).filter(
        Q(assigned_to=None) & ~Exists(eligible) | Q(assigned_to__isnull=False) & ~Exists(by_name)
    )


def people_of(groups) -> list[tuple[Clinic, list[tuple[Person, list[str]]]]]:
    """Each group with its people, their load, absence and licences, for the page."""
    day = timezone.localdate()
    members = list(
        Membership.objects.filter(role=Role.SPECIALIST, is_active=True, user__is_active=True, clinic__in=groups)
        .select_related("user__practitioner", "clinic")
        .prefetch_related("user__practitioner__licences", "user__practitioner__spoken")
        .order_by("clinic__name", "user__last_name")
    )
    users = [member.user for member in members]
    load, gone = loads(users), away(users, day)
    found: dict[Clinic, list] = {}
    for member in members:
        practitioner = getattr(member.user, "practitioner", None)
        licences = practitioner.licences.all() if practitioner else []
        states = sorted(
            {
                row.state
                for row in licences
                if row.valid_from <= day and (row.valid_until is None or row.valid_until >= day)
            }
        )
        person = Person(member.user, load[member.user.pk], gone.get(member.user.pk))
        found.setdefault(member.clinic, []).append((person, states))
    return list(found.items())
