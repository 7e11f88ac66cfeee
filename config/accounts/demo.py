"""The people and clinics of the demo. All invented; NPIs begin with 2, a series that was never issued."""

from dataclasses import dataclass
from datetime import date

from config.accounts.demo_logins import PASSWORD
from config.accounts.models import Clinic, Licence, Membership, Practitioner, SpokenLanguage, User
from config.accounts.roles import Role


@dataclass(frozen=True)
class DemoPeople:
    clinic: Clinic
    group: Clinic
    patient: User
    staff: User
    second_staff: User
    referrer: User
    dermatologist: User
    second_dermatologist: User
    ophthalmologist: User
    biller: User
    admin: User


def people() -> DemoPeople:
    """Make what is missing; a person who changed their own name or password keeps it."""
    clinic = _clinic(
        "Harbor Street Clinic",
        kind=Clinic.Kind.CLINIC,
        phone="614-555-0100",
        address_line1="100 Harbor Street",
        zip_code="432150001",
        npi="2999999925",
        tin="000000002",
        taxonomy_code="261QP2300X",
    )
    group = _clinic(
        "Lakeside Skin and Eye Group",
        kind=Clinic.Kind.GROUP,
        phone="614-555-0180",
        address_line1="40 Lakeside Avenue",
        zip_code="432150003",
        npi="2999999909",
        tin="000000001",
        taxonomy_code="207N00000X",
    )
    cast = DemoPeople(
        clinic=clinic,
        group=group,
        patient=_user("patient", "Margaret", "Ellison"),
        staff=_user("staff", "Jo", "Alvarez", Role.STAFF, clinic, lead=True),
        second_staff=_user("staff2", "Ben", "Ortiz", Role.STAFF, clinic),
        referrer=_user("referrer", "Priya", "Nair", Role.REFERRER, clinic, npi="2999999941", specialty="primary_care"),
        dermatologist=_user("dermatologist", "Dana", "Whitfield", Role.SPECIALIST, group, lead=True, npi="2999999917"),
        second_dermatologist=_user(
            "dermatologist2", "Samuel", "Okafor", Role.SPECIALIST, group, npi="2999999933", speaks="es"
        ),
        ophthalmologist=_user(
            "ophthalmologist", "Olga", "Petrov", Role.SPECIALIST, group, npi="2999999958", specialty="ophthalmology"
        ),
        biller=_user("biller", "Kay", "Lindqvist", Role.BILLER, group),
        admin=_user("admin", "Ada", "Moreno", Role.ADMINISTRATOR, clinic),
    )
    Clinic.objects.filter(pk=group.pk, medical_director=None).update(medical_director=cast.second_dermatologist)
    return cast


def _clinic(name: str, **fields) -> Clinic:
    defaults = {"city": "Columbus", "state": "OH", "time_zone": "America/New_York"} | fields
    return Clinic.objects.get_or_create(name=name, defaults=defaults)[0]


_TAXONOMY = {"dermatology": "207N00000X", "ophthalmology": "207W00000X", "primary_care": "207Q00000X"}


def _user(
    login: str,
    first_name: str,
    last_name: str,
    role: str = "",
    clinic: Clinic | None = None,
    *,
    lead: bool = False,
    npi: str = "",
    specialty: str = "dermatology",
    speaks: str = "",
) -> User:
    email = f"{login}@demo.example"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(
            email, PASSWORD, first_name=first_name, last_name=last_name, is_staff=role == Role.ADMINISTRATOR
        )
    if role:
        Membership.objects.get_or_create(user=user, clinic=clinic, role=role, defaults={"lead": lead})
    if npi:
        _practitioner(user, npi, specialty, speaks)
    return user


def _practitioner(user: User, npi: str, specialty: str, speaks: str) -> None:
    practitioner, made = Practitioner.objects.get_or_create(
        user=user,
        defaults={
            "npi": npi,
            "specialty": specialty,
            "taxonomy_code": _TAXONOMY[specialty],
            "credentials": "MD" if specialty == "primary_care" else "MD, board certified",
        },
    )
    if made:
        for state in ("OH", "KY", "IN"):
            Licence.objects.create(
                practitioner=practitioner, state=state, number=f"{state}-{npi[-5:]}", valid_from=date(2020, 1, 1)
            )
        if speaks:
            SpokenLanguage.objects.create(practitioner=practitioner, language=speaks)
