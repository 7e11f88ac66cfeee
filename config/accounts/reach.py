"""By which way a person is told that something waits, in which language, and not in their quiet hours.

E-mail has quiet hours only where the person chose some; a text message rings, so it has them from the start.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from config import mail, sms
from config.accounts.contact_models import ContactPreference
from config.accounts.models import User
from config.accounts.zones import zone_of

Channel = ContactPreference.Channel
SMS_QUIET = (time(21), time(8))


class Quiet(Exception):
    """Not now: `until` is when the person may be told."""

    def __init__(self, until: datetime) -> None:
        super().__init__("quiet hours")
        self.until = until


@dataclass(frozen=True)
class Reach:
    channel: str
    to: str
    language: str
    quiet_until: datetime | None


def preference_of(user: User) -> ContactPreference:
    """What they chose; who chose nothing has the same as from the start."""
    try:
        return user.contact_preference
    except ContactPreference.DoesNotExist:
        return ContactPreference(user=user)


def zone_for(user: User, chosen: ContactPreference) -> ZoneInfo:
    return ZoneInfo(chosen.time_zone) if chosen.time_zone else (zone_of(user) or ZoneInfo(settings.TIME_ZONE))


def quiet_until(now: datetime, zone: ZoneInfo, start: time, end: time) -> datetime | None:
    """When the quiet hours around `now` end, None outside them. By the clock on the wall, whatever its changes."""
    local = now.astimezone(zone)
    at = local.time()
    if start == end:
        return None
    inside = start <= at < end if start < end else at >= start or at < end
    if not inside:
        return None
    day = local.date() if at < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=zone)


def reach_of(user: User, now: datetime | None = None) -> Reach:
    chosen = preference_of(user)
    number = sms.e164(user.phone) if chosen.channel == Channel.SMS and sms.is_offered() else ""
    channel = Channel.SMS if number else Channel.EMAIL if chosen.channel == Channel.SMS else Channel(chosen.channel)
    hours = (chosen.quiet_from, chosen.quiet_until)
    if hours == (None, None):
        hours = SMS_QUIET if channel == Channel.SMS else None
    until = quiet_until(now or timezone.now(), zone_for(user, chosen), *hours) if hours else None
    to = {Channel.SMS: number, Channel.EMAIL: user.email, Channel.PAPER: ""}[channel]
    return Reach(channel, to, mail.language_of(user.email, user), until)


def can_be_told(user: User | None) -> bool:
    """Somebody with an account that is in use, who did not choose paper and whose mailbox takes mail."""
    if user is None or not user.is_active or not user.email:
        return False
    chosen = preference_of(user)
    if chosen.channel == Channel.PAPER:
        return False
    return chosen.bounced_at is None or reach_of(user).channel == Channel.SMS


def tell(user: User, *, dedupe_key: str, urgent: bool = False) -> str:
    """ "A message waits", by the person's own way; returns the message's identity, "" where paper was chosen.

    Raises Quiet in quiet hours unless it is urgent, and OSError where it was not taken over.
    """
    reach = reach_of(user)
    if reach.channel == Channel.PAPER:
        return ""
    if reach.quiet_until and not urgent:
        raise Quiet(reach.quiet_until)
    send = sms.send_notice if reach.channel == Channel.SMS else mail.send_notice
    return send(to=reach.to, template="message_waiting", dedupe_key=dedupe_key, language=reach.language)


def can_be_texted(user: User) -> bool:
    return sms.is_offered() and bool(sms.e164(user.phone))


def text_now(user: User, *, dedupe_key: str) -> bool:
    """ "A message waits", by telephone, in quiet hours too and whatever the person chose: for what cannot wait."""
    if not can_be_texted(user):
        return False
    language = mail.language_of(user.email, user)
    sms.send_notice(to=sms.e164(user.phone), template="message_waiting", dedupe_key=dedupe_key, language=language)
    return True


def mark_bounced(address: str, at: datetime) -> User | None:
    """A mail server sent a message to this address back: results come on paper until there is another one."""
    user = User.objects.filter(email=address.strip().lower()).first()
    if user is not None:
        ContactPreference.objects.update_or_create(user=user, defaults={"bounced_at": at})
    return user
