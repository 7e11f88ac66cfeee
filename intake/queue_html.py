"""A row of the desk's list as HTML, written in Python: fifty of them a page, each with thirty values, are half of the
page's time in a template. Every value that a person typed goes through `escape`."""

from datetime import datetime
from functools import lru_cache
from html import escape

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from config import ui
from intake.queue_rows import Row

_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_NO_PHOTO = '<span class="muted small">None yet</span>'

badge = lru_cache(maxsize=64)(ui.urgency_badge)
mark = lru_cache(maxsize=1024)(ui.check_mark)
state = lru_cache(maxsize=16)(ui.state_words)
icon = lru_cache(maxsize=16)(ui.icon)


def rows_html(rows: list[Row], now: datetime) -> SafeString:
    zone = timezone.get_current_timezone()
    return mark_safe("".join(row_html(row, now, zone) for row in rows))  # noqa: S308 each value is escaped below


def row_html(row: Row, now: datetime, zone) -> str:
    key, name, line = row.key, escape(row.name), escape(row.patient_line)
    language = f'<div class="sub">{escape(row.language)}</div>' if row.language else ""
    owner = f'<div class="sub">{escape(row.owner)} has it</div>' if row.owner else ""
    thumbs = "".join(
        f'<img class="thumb" src="{src}" alt="{escape(alt)}" width="400" height="500" loading="lazy">'
        for src, alt in row.thumbs
    )
    return (
        f'<tr id="c{key}"><td class="q-tick"><label><input type="checkbox" name="case" value="{key}">'
        f'<span class="sr-only">Tick {name}, {line}</span></label></td><td class="q-rank">{row.number}</td>'
        f'<td class="q-why">{badge(row.urgency, row.is_suggested)}<div class="sub">{escape(row.why)}</div></td>'
        f'<th scope="row"><a class="q-name" id="o{key}" href="{row.href}">{name}</a><div class="sub">{line}</div>'
        f"{language}{owner}</th>"
        f'<td>{escape(row.problem)}<div class="sub">{escape(row.place)}</div></td>'
        f'<td><div class="thumbs">{thumbs or _NO_PHOTO}</div></td>'
        f'<td class="small"><div>{mark(row.photo_tone, row.photo_words)}</div>'
        f'<div class="mt2">{mark(row.story_tone, row.story_words)}</div></td>'
        f'<td class="age" data-tone="{row.tone}">{_target(row, now, zone)}</td></tr>'
    )


def _target(row: Row, now: datetime, zone) -> str:
    where = f'<div class="sub mt2">{state(row.state)}</div>' if row.state != "submitted" else ""
    if row.due_at is None:
        pause = f'<span class="mark" data-tone="neutral">{icon("pause")}Target pauses</span>'
        return f'<div class="age-line">{pause}</div>{where}'
    return (
        f'<div class="age-line"><span class="mark" data-tone="{row.tone}">{icon("clock")}{_near(row.due_at, now, zone)}'
        f'</span><span class="sub">{row.target}</span></div><meter class="mt2" min="0" max="100" value="{row.share}" '
        f'aria-label="Share of the target time used">{row.share}%</meter>{where}'
    )


def _near(due: datetime, now: datetime, zone) -> str:
    left = due - now
    words = f"over by {ui.span_words(-left)}" if due <= now else f"{ui.span_words(left)} left"
    at = due.astimezone(zone)
    exact = (
        f"{_DAYS[at.weekday()]}, {_MONTHS[at.month - 1]} {at.day}, {at.hour % 12 or 12}:{at:%M} {'ap'[at.hour > 11]}m"
    )
    return f'<time datetime="{due.isoformat()}" title="{exact}">{words}</time>'


def chips_html(chips: list[dict]) -> SafeString:
    return mark_safe("".join(map(_chip, chips)))  # noqa: S308 each value is escaped below


def _chip(chip: dict) -> str:
    current = ' aria-current="true"' if chip["is_on"] else ""
    picture = icon(chip["icon"]) if chip["icon"] else ""
    return (
        f'<a class="chip" href="?{escape(chip["query"])}"{current}>{picture}{escape(chip["label"])} '
        f'<span class="num">{escape(chip["count"])}</span></a>'
    )


def gone_html(number: str, status: str) -> str:
    words = ui.status_badge(status)
    said = f"Case {escape(number)} has left the desk: {words}"
    return f'<tr class="is-gone"><td></td><td class="q-rank"></td><td colspan="6">{said}</td></tr>'
