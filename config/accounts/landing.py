"""Where each role works. Names, not views: the apps to the right own them."""

from django.urls import reverse

from config.accounts.models import User
from config.accounts.roles import Role

# In this order for people with several roles: the list with the most urgent work first.
HOMES = {
    Role.SPECIALIST.value: "review:worklist",
    Role.STAFF.value: "intake:triage_queue",
    Role.REFERRER.value: "review:referrer_home",
    Role.BILLER.value: "billing:desk",
    Role.ADMINISTRATOR.value: "accounts:administration",
    Role.PATIENT.value: "intake:patient_home",
}


def roles_with_homes(user: User) -> list[str]:
    return [role for role in HOMES if role in user.roles]


def landing_url(user: User) -> str:
    roles = roles_with_homes(user)
    return reverse(HOMES[roles[0]]) if roles else reverse("accounts:home")
