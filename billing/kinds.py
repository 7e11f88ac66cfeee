"""The kinds of reference data as one table: form, columns, who keeps it, and how a line of a CSV file names it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from billing import forms
from billing.models import (
    Alignment,
    BilledElsewhere,
    Fee,
    HcpcsCode,
    Payer,
    PayerPolicy,
    Programme,
    RosterEntry,
    Submitter,
)
from config.accounts.models import Clinic, Practitioner

ADMINISTRATOR = ("administrator",)
BOTH = ("biller", "administrator")


@dataclass(frozen=True)
class Kind:
    """`columns` are the attributes that a list shows; `file` the columns of a CSV file, empty where there is none."""

    key: str
    label: str
    plural: str
    about: str
    model: type
    form: type
    rows: Callable[[QuerySet], QuerySet]
    columns: tuple[tuple[str, str], ...]
    keepers: tuple[str, ...] = BOTH
    file: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def is_dated(self) -> bool:
        return hasattr(self.model, "SAME")

    @property
    def can_be_added(self) -> bool:
        return self.key not in ("group", "practitioner")

    @property
    def can_be_withdrawn(self) -> bool:
        return hasattr(self.model, "withdrawn_at")

    @property
    def names_patients(self) -> bool:
        return self.key in ("alignment", "elsewhere")

    @property
    def belongs_to_groups(self) -> bool:
        return self.key in ("alignment", "elsewhere", "fee", "roster", "submitter")

    def search(self, text: str) -> Q:
        wanted = Q()
        for name in _SEARCHED[self.key]:
            wanted |= Q(**{f"{name}__icontains": text})
        return wanted

    def of(self, user) -> QuerySet:
        return self.rows(forms.groups_of(user)).select_related(*self.related)

    def may_keep(self, user) -> bool:
        return any(user.has_role(role) for role in self.keepers)


_DATES = ("valid_from", "valid_until", "source")
_SEARCHED: dict[str, tuple[str, ...]] = {
    "programme": ("key", "name"),
    "alignment": ("patient__last_name", "patient__first_name", "programme__name"),
    "roster": ("practitioner__user__last_name", "practitioner__npi", "tin", "programme__name"),
    "fee": ("code", "group__name"),
    "policy": ("payer__name", "note"),
    "payer": ("name", "payer_id"),
    "submitter": ("etin", "group__name", "payer__name"),
    "group": ("name", "npi", "tin"),
    "practitioner": ("user__last_name", "user__first_name", "npi"),
    "hcpcs": ("code", "short_description"),
    "elsewhere": ("patient__last_name", "patient__first_name", "code"),
}
KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "programme", "Model", "Models", "A line to Medicare is ready only inside a confirmed model.",
            Programme, forms.ProgrammeForm, lambda groups: Programme.objects.all(),
            (("name", "Model"), ("carries", "Carries the benefit"), ("demo", "Demo number"), ("version", "Version")),
            BOTH,
            ("key", "name", "is_confirmed", "codes", "demo_number", "send_demo_number", "places_of_service", "modifier", "entity_id", *_DATES),
        ),
        Kind(
            "alignment", "Patient alignment", "Patient alignment", "Which patients are aligned to which model, from the model's files.",
            Alignment, forms.AlignmentForm,
            lambda groups: Alignment.objects.filter(patient__in=forms.patients_of(groups)).order_by("patient__last_name", "patient__first_name", "-valid_from"),
            (("patient", "Patient"), ("programme", "Model")), BOTH,
            ("programme", "mbi", "last_name", "date_of_birth", *_DATES), ("patient", "programme"),
        ),
        Kind(
            "roster", "Roster entry", "Rosters", "Which specialist bills for which model under which tax number.",
            RosterEntry, forms.RosterForm,
            lambda groups: RosterEntry.objects.filter(practitioner__in=forms.specialists_of(groups)).order_by("practitioner__user__last_name", "-valid_from"),
            (("practitioner", "Specialist"), ("programme", "Model"), ("tin", "TIN")), BOTH,
            ("programme", "npi", "tin", *_DATES), ("programme", "practitioner__user"),
        ),
        Kind(
            "fee", "Fee", "Fees", "What the group charges. There is no national fee for these codes: without one a line is held.",
            Fee, forms.FeeForm, lambda groups: Fee.objects.filter(group__in=groups).order_by("group__name", "code", "-valid_from"),
            (("code", "Code"), ("group", "Group"), ("amount", "Amount")), BOTH, ("group_npi", "code", "amount", *_DATES), ("group",),
        ),
        Kind(
            "policy", "Payer policy", "Payer policies", "Whether a payer pays for this service, and where that is known from.",
            PayerPolicy, forms.PolicyForm, lambda groups: PayerPolicy.objects.order_by("payer__name", "-valid_from"),
            (("payer", "Payer"), ("pays_words", "Pays"), ("note", "Note")), BOTH, ("payer", "pays", "note", *_DATES), ("payer",),
        ),
        Kind(
            "payer", "Payer", "Payers", "Names and identifiers as claims carry them.", Payer, forms.PayerForm,
            lambda groups: Payer.objects.all(),
            (("name", "Payer"), ("payer_id", "Identifier"), ("claim_filing_code", "Filing code"), ("corrections", "Takes corrections by")), ADMINISTRATOR,
        ),
        Kind(
            "submitter", "Submitter", "Submitters and receivers", "Who sends a group's claims to a payer, and to whom.",
            Submitter, forms.SubmitterForm, lambda groups: Submitter.objects.filter(group__in=groups).order_by("group__name", "payer__name"),
            (("etin", "Submitter"), ("group", "Group"), ("payer", "Payer"), ("receiver_id", "Receiver"), ("mode", "Files")), ADMINISTRATOR, (), ("group", "payer"),
        ),
        Kind(
            "group", "Identifiers of a group", "Identifiers of groups and clinics", "NPI, tax number, taxonomy and address as claims carry them.",
            Clinic, forms.ClinicIdentifiersForm, lambda groups: Clinic.objects.filter(is_active=True),
            (("name", "Name"), ("npi", "NPI"), ("tin", "TIN"), ("taxonomy_code", "Taxonomy")), ADMINISTRATOR,
        ),
        Kind(
            "practitioner", "Identifiers of a clinician", "Identifiers of clinicians", "NPI and taxonomy as claims carry them.",
            Practitioner, forms.PractitionerIdentifiersForm, lambda groups: Practitioner.objects.order_by("user__last_name"),
            (("user", "Name"), ("npi", "NPI"), ("taxonomy_code", "Taxonomy")), ADMINISTRATOR, (), ("user",),
        ),
        Kind(
            "hcpcs", "HCPCS code", "HCPCS codes", "The codes with their descriptors and dates.", HcpcsCode, forms.HcpcsForm,
            lambda groups: HcpcsCode.objects.all(), (("code", "Code"), ("short_description", "Short description")), ADMINISTRATOR,
            ("code", "short_description", "description", *_DATES),
        ),
        Kind(
            "elsewhere", "Service billed elsewhere", "Billed elsewhere", "What other systems billed: the same photographs are never billed as G2010 and here.",
            BilledElsewhere, forms.ElsewhereForm,
            lambda groups: BilledElsewhere.objects.filter(patient__in=forms.patients_of(groups)),
            (("patient", "Patient"), ("code", "Code"), ("date_of_service", "Service")), BOTH,
            ("mbi", "last_name", "date_of_birth", "code", "date_of_service", "source"), ("patient",),
        ),
    )
}  # fmt: skip


def cell(row, name: str) -> object:
    """A column of a list; a few are words made of several fields."""
    made: dict[str, Callable] = {
        "carries": lambda r: "Confirmed" if r.is_confirmed else "Not confirmed: lines are held",
        "demo": lambda r: (
            f"{r.demo_number}, {'sent' if r.send_demo_number else 'not sent'}" if r.demo_number else "none"
        ),
        "pays_words": lambda r: "pays" if r.pays else "does not pay",
        "corrections": lambda r: r.get_correction_mode_display().split(":")[0],
        "mode": lambda r: "test" if r.is_test else "production",
        "amount": lambda r: f"${r.amount:,.2f}",
    }
    return made[name](row) if name in made else getattr(row, name)
