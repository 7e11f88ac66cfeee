"""Who is looking at a case now: soft, for kindness between colleagues. It locks nothing and expires by itself."""

from datetime import datetime, timedelta

from django.utils import timezone

from config.accounts.models import User
from intake.models import Case, Presence

# a page says "still here" each 20 s; a closed one is forgotten after three missed times
EVERY_SECONDS = 20
EXPIRES = timedelta(seconds=60)


def look(case: Case, user: User, now: datetime | None = None) -> None:
    now = now or timezone.now()
    Presence.objects.update_or_create(case=case, user=user, defaults={"seen_at": now})
    Presence.objects.filter(case=case, seen_at__lt=now - timedelta(days=1)).delete()


def others(case: Case, user: User, now: datetime | None = None) -> list[User]:
    """Colleagues whose page is open, the one who came last first."""
    rows = Presence.objects.filter(case=case, seen_at__gte=(now or timezone.now()) - EXPIRES).exclude(user=user)
    return [row.user for row in rows.select_related("user").order_by("-seen_at")]


def words(case: Case, user: User) -> str:
    """Ben is looking at this. / Ben and Jo are looking at this."""
    names = [str(one) for one in others(case, user)]
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {'is' if len(names) == 1 else 'are'} looking at this."
