"""When a waiting thing is brought up again: two reminders, then somebody is asked to call, again each week.

Pure: a plan line or a delivery and the hour it counts from in, a moment out. Reminders go out in the morning of the clinic.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REMIND, CALL = "remind", "call"
MORNING = time(9)
# days after the first moment: the second reminder, the call, and then a call each week
_AFTER = (3, 4)
_AGAIN = 7
UNREAD_DAYS = 2
# who has no address to be reminded at is called sooner
UNTOLD_DAYS = 1


def morning_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, MORNING, tzinfo=zone)


def first_of_item(item, zone: ZoneInfo) -> datetime:
    """A recall begins on its day; what else is due is asked about on the morning after."""
    return morning_of(item.due_on if item.starts_follow_up else item.due_on + timedelta(days=1), zone)


def first_of_delivery(at: datetime, zone: ZoneInfo, *, reachable: bool) -> datetime:
    days = UNREAD_DAYS if reachable else UNTOLD_DAYS
    return morning_of(at.astimezone(zone).date() + timedelta(days=days), zone)


def step(done: int, *, reachable: bool) -> str:
    """What the next nudge is, after `done` of them."""
    return REMIND if reachable and done < len(_AFTER) else CALL


def following(done: int, now: datetime, zone: ZoneInfo) -> datetime:
    """When the one after that is due, counted from now: a beat that stopped for a week does not send all at once."""
    days = _AFTER[done] if done < len(_AFTER) else _AGAIN
    return morning_of(now.astimezone(zone).date() + timedelta(days=days), zone)
