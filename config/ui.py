"""The parts of every page, as template tags (a builtin library: no load tag). One table says how a status looks."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput, Form, RadioSelect, Select, Textarea
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config import navigation
from config.icons import ICONS

register = template.Library()

# status -> words for staff, words for the patient, tone, icon
STATUS = {
    "draft": ("Draft", _("Not sent yet"), "neutral", "pencil"),
    "submitted": ("Sent, not checked yet", _("Your clinic is checking it"), "info", "inbox"),
    "needs_information": ("Waiting for the patient", _("Waiting for you"), "wait", "message-circle"),
    "ready": ("Ready for review", _("Waiting for the specialist"), "work", "list"),
    "in_review": ("In review", _("A specialist is looking at it"), "work", "eye"),
    "signed": ("Signed, being delivered", _("Your result is here"), "good", "file-check"),
    "delivered": ("Delivered", _("Your result is here"), "good", "mail"),
    "closed": ("Closed", _("Finished"), "neutral", "circle-check"),
    "redirected": ("Sent to in-person care", _("See someone in person"), "bad", "triangle-alert"),
    "withdrawn": ("Withdrawn", _("Canceled"), "neutral", "x"),
    # work rows, lines and batches
    "held": ("Held", "", "wait", "clock"),
    "line_ready": ("Ready", "", "good", "check"),
    "batched": ("In a batch", "", "work", "package"),
    "exported": ("Exported", "", "info", "upload"),
    "accepted": ("Accepted by the payer", "", "info", "circle-check"),
    "rejected": ("Rejected by the payer", "", "bad", "circle-x"),
    "paid": ("Paid", "", "good", "circle-check"),
    "partly_paid": ("Partly paid", "", "wait", "circle-alert"),
    "denied": ("Denied", "", "bad", "circle-x"),
    "not_billable": ("Not billable", "", "neutral", "ban"),
    "preparing": ("Making the files", "", "work", "refresh-cw"),
    "batch_exported": ("Files made, not sent", "", "info", "package"),
    "sent": ("Sent", "", "good", "send"),
    "cancelled": ("Canceled", "", "neutral", "x"),
    "replaced": ("Sent again", "", "neutral", "refresh-cw"),
    "void": ("Void", "", "neutral", "x"),
    "superseded": ("Superseded", "", "neutral", "history"),
}
URGENCY = {
    "urgent": ("Urgent", "bad", "zap"),
    "priority": ("Priority", "wait", "clock"),
    "routine": ("Routine", "neutral", "calendar"),
}
VERDICT = {
    "good": (_("Good"), "good", "circle-check"),
    "usable": (_("Usable"), "info", "info"),
    "retake_suggested": (_("Retake suggested"), "wait", "triangle-alert"),
}
# what is seen, then how to fix it; never "bad" or "rejected"
PHOTO_ADVICE = {
    "blurred": _("It looks blurry. Hold the phone a hand's width away and tap the spot on the screen."),
    "too_dark": _("It looks dark. Stand by a window or turn on a lamp."),
    "too_bright": _("Part of it is too bright to see. Turn the flash off and step out of direct sun."),
    "too_small": _("It is a small picture. Send the photo itself, not its preview."),
    "blank": _("Nothing can be seen on it. Check that no finger covers the lens."),
    "glare": _("There is a bright reflection. Tilt the phone a little."),
    "too_far": _("It is small on this photo. Hold the phone a hand's width away, then tap it on the screen."),
    "again": _("You sent this picture before. Take a new one from another side, or remove one of the two."),
}


class FixedNode(template.Node):
    """Rendered once in a process and language, with an empty context: nothing in it can name anybody."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist
        self._made: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        language = get_language()
        made = self._made.get(language)
        if made is None:
            made = self._made[language] = self.nodelist.render(context.new({}))
        return made


@register.tag
def fixed(parser: template.base.Parser, token: template.base.Token) -> FixedNode:
    """{% fixed %} ... {% endfixed %} around what is the same on each page: addresses, icons, translated words. They are
    half of what a page's frame costs."""
    nodelist = parser.parse(("endfixed",))
    parser.delete_first_token()
    return FixedNode(nodelist)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An inline icon; decorative unless it has a label of its own."""
    return _labelled_icon(name, label) if label else _plain_icon(name)


def _labelled_icon(name: str, label: str) -> SafeString:
    return format_html(
        '<svg class="i" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, mark_safe(ICONS[name])
    )


@cache
def _plain_icon(name: str) -> SafeString:
    return format_html('<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', mark_safe(ICONS[name]))  # noqa: S308


@register.simple_tag
def badge(tone: str, icon_name: str, text: str) -> SafeString:
    return format_html('<span class="badge" data-tone="{}">{}{}</span>', tone, icon(icon_name), text)


@register.simple_tag
def mark(tone: str, icon_name: str, text: str) -> SafeString:
    return format_html('<span class="mark" data-tone="{}">{}{}</span>', tone, icon(icon_name), text)


CHECK_ICONS = {"good": "circle-check", "wait": "triangle-alert", "info": "info"}


@register.simple_tag
def check_mark(tone: str, words: str) -> SafeString:
    """One line of a checklist."""
    return mark(tone, CHECK_ICONS[tone], words)


@register.simple_tag
def state_words(status: str) -> SafeString:
    """A status as a line of text with its icon, where a badge would be one too many."""
    staff, _patient, tone, icon_name = STATUS[status]
    return mark(tone, icon_name, staff)


@register.simple_tag
def status_badge(status, for_patient: bool = False) -> SafeString:
    """A case (or the key of any status) as a badge, in the words of the reader."""
    key = getattr(status, "status", status)
    staff, patient, tone, icon_name = STATUS[str(key)]
    return badge(tone, icon_name, patient if for_patient and patient else staff)


@register.simple_tag
def urgency_badge(urgency, suggested: bool = False) -> SafeString:
    key = getattr(urgency, "urgency", urgency)
    if not key:
        return mark_safe("")
    word, tone, icon_name = URGENCY[str(key)]
    return badge(tone, icon_name, f"{word} suggested" if suggested and key != "routine" else word)


@register.simple_tag
def verdict_badge(photo) -> SafeString:
    if photo.status == "arriving":
        return badge("info", "refresh-cw", _("Arriving"))
    if photo.status == "needs_attention":
        return badge("bad", "circle-alert", _("Being looked into"))
    if photo.status == "unreadable":
        return badge("bad", "circle-x", _("Cannot be read"))
    return badge(
        VERDICT[photo.quality_verdict][1], VERDICT[photo.quality_verdict][2], VERDICT[photo.quality_verdict][0]
    )


@register.filter
def photo_advice(photo) -> str:
    if photo.refusal_message:
        return photo.refusal_message
    return next((PHOTO_ADVICE[reason] for reason in photo.quality_reasons if reason in PHOTO_ADVICE), "")


def _local(value: datetime) -> datetime:
    return timezone.localtime(value)


def _clock(value: datetime, *, minutes: str = "%M") -> str:
    if get_language() == "es":
        return f"{value.hour}:{value:{minutes}}"
    return f"{value.hour % 12 or 12}:{value:{minutes}} {'am' if value.hour < 12 else 'pm'}"


def _day(value: date) -> str:
    """Mon, Nov 23; in Spanish lun 23 nov."""
    return format_date(value, "D j M").lower() if get_language() == "es" else format_date(value, "D, M j")


def words_of(value: datetime, now: datetime | None = None) -> str:
    """Mon, Nov 23, 2:19 pm; with the year when it is not this one."""
    local, this_year = _local(value), _local(now or timezone.now()).year
    year = f", {local.year}" if local.year != this_year else ""
    return f"{_day(local)}{year}, {_clock(local)}"


@register.filter
def when(value: datetime | None) -> SafeString | str:
    if value is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), words_of(value))


@register.filter
def day(value) -> SafeString | str:
    """Mon, Nov 23 for a date or a moment."""
    if value is None:
        return ""
    local = _local(value) if isinstance(value, datetime) else value
    year = f", {local.year}" if local.year != timezone.localdate().year else ""
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{_day(local)}{year}")


def span_words(span: timedelta) -> str:
    """50 min, 2 h 35 min, 3 days: the two largest units that matter."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest and hours < 10 else f"{hours} h"
    days = minutes // (24 * 60)
    return f"{days} day{'s' if days != 1 else ''}"


@register.filter
def near(value: datetime | None) -> SafeString | str:
    """ "50 min left" or "over by 20 min", with the exact time behind it."""
    if value is None:
        return ""
    left = value - timezone.now()
    words = f"{span_words(left)} left" if left > timedelta() else f"over by {span_words(-left)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), words_of(value), words)


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    if value is None:
        return ""
    words = f"{span_words(timezone.now() - value)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), words_of(value), words)


@register.filter
def clock(ms: int | None) -> str:
    """7:42"""
    seconds = int(ms or 0) // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.filter
def duration(ms: int | None) -> str:
    """7 min 42 s"""
    if ms is None:
        return ""
    minutes, seconds = divmod(int(ms) // 1000, 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


@register.filter
def stretch(ms: int) -> str:
    """7 min 42.318 s: to the ms in which the total is added up."""
    minutes, rest = divmod(int(ms), 60_000)
    return f"{minutes} min {rest / 1000:06.3f} s" if minutes else f"{rest / 1000:.3f} s"


@register.filter
def money(amount: Decimal | None) -> str:
    return "not set" if amount is None else f"${amount:,.2f}"


@register.filter
def short_hash(value: str) -> str:
    return f"{value[:8]} … {value[-8:]}" if value else ""


@register.filter
def plural(count: int, words: str) -> str:
    """{{ n|plural:"case,cases" }} -> "1 case", "3 cases", "12,000 cases"."""
    one, many = words.split(",")
    return f"{count:,} {one if count == 1 else many}"


@register.filter
def at(values: dict, key):
    """{{ phones|at:row.case_id }}"""
    return values.get(key)


@register.filter
def in_zone(value: datetime | None, zone: str) -> str:
    """A record's time with its zone: Mon, Nov 23, 2026, 2:19 pm EST."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%a}, {local:%b} {local.day}, {local.year}, {_clock(local)} {local:%Z}"


@register.filter
def day_in_zone(value: datetime, zone: str) -> str:
    """Mon, Nov 23, 2026 (EST)."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local:%a}, {local:%b} {local.day}, {local.year} ({local:%Z})"


@register.filter
def second_in_zone(value: datetime, zone: str) -> str:
    """2:19:04 pm, under its day_in_zone."""
    return _clock(value.astimezone(ZoneInfo(zone)), minutes="%M:%S")


@register.simple_tag(takes_context=True)
def main_navigation(context) -> list[navigation.Shown]:
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return []
    return navigation.items_for(request.user, request.path)


@register.simple_tag
def seldom_pages(items: list[navigation.Shown]) -> dict[str, object]:
    """What stands under "More", with what waits there in all; {} when there is nothing."""
    seldom = [item for item in items if item.is_seldom]
    waiting = navigation.shown(sum(int((item.count or "0").rstrip("+")) for item in seldom))
    return (
        {
            "items": seldom,
            "waiting": waiting if waiting != "0" else "",
            "has_current": any(item.is_current for item in seldom),
        }
        if seldom
        else {}
    )


_CLASSES = {Textarea: "textarea", Select: "select"}


def _describe(field: BoundField) -> dict[str, str]:
    ids = [f"{field.auto_id}-hint"] if field.help_text else []
    ids += [f"{field.auto_id}-error"] if field.errors else []
    attributes = {"aria-describedby": " ".join(ids)} if ids else {}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return attributes


@register.inclusion_tag("partials/field.html")
def form_field(field: BoundField, label: str = "") -> dict:
    """Label, hint, error, control, in that order."""
    widget = field.field.widget
    name = next((css for kind, css in _CLASSES.items() if isinstance(widget, kind)), "input")
    return {
        "field": field,
        "label": label or field.label,
        "optional": not field.field.required,
        "is_group": isinstance(widget, RadioSelect),
        "is_checkbox": isinstance(widget, CheckboxInput),
        "control": field.as_widget(attrs=_describe(field) | {"class": name})
        if not isinstance(widget, RadioSelect)
        else "",
    }


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The control alone, for a page whose heading is the label."""
    name = next((css for kind, css in _CLASSES.items() if isinstance(field.field.widget, kind)), "input")
    return field.as_widget(attrs=_describe(field) | {"class": name})


@register.simple_tag
def photo_tips() -> list[tuple[str, str]]:
    return list(PHOTO_ADVICE.items())


@register.inclusion_tag("partials/error_summary.html")
def error_summary(form: Form, cards: Iterable[tuple[str, Form]] = ()) -> dict:
    """What is wrong in the form, and in the cards that are sent with it, in one place."""
    forms = [part for part in (form, *(card for _, card in cards)) if part.is_bound]
    return {
        "general": [error for part in forms for error in part.non_field_errors()],
        "fields": [field for part in forms for field in part if field.errors],
    }
