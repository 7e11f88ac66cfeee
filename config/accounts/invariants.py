from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Lower

from config.accounts.models import Clinic, Membership, User
from config.accounts.roles import Role
from config.accounts.signin_models import Invitation

PLACES = {
    Role.SPECIALIST.value: {Clinic.Kind.GROUP.value},
    Role.STAFF.value: {Clinic.Kind.CLINIC.value},
    Role.REFERRER.value: {Clinic.Kind.CLINIC.value},
}


def memberships_are_sane() -> Iterator[str]:
    """Who triages or refers belongs to a clinic, who reads to a group and is a practitioner."""
    active = Membership.objects.filter(is_active=True).select_related("clinic", "user__practitioner").order_by("pk")
    for membership in active.filter(role__in=PLACES).iterator(chunk_size=1000):
        if membership.clinic.kind not in PLACES[membership.role]:
            yield f"membership {membership.pk}: {membership.role} in a {membership.clinic.kind}"
        if membership.role == Role.SPECIALIST and not hasattr(membership.user, "practitioner"):
            yield f"membership {membership.pk}: a specialist without NPI and specialty"


def addresses_are_lower_case() -> Iterator[str]:
    for pk in User.objects.exclude(email=Lower("email")).values_list("pk", flat=True)[:20]:
        yield f"user {pk}: the e-mail address is not in lower case, so signing in fails"


def invitations_are_used_in_time() -> Iterator[str]:
    for pk in Invitation.objects.filter(used_at__gt=F("expires_at")).values_list("pk", flat=True)[:20]:
        yield f"invitation {pk} was used after it had expired"
