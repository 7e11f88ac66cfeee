"""The two contents, from the same facts: dictionaries of words, which a page and a PDF both show. No query here."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.dateformat import format as format_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.ui import in_zone
from review.languages import name_of
from review.letters.facts import Facts, Line, differential_words
from review.letters.plain import PLAIN
from review.models import ActionItem
from review.plain_steps import STEPS

OWNERS: dict[str, Promise] = {
    "patient": gettext_lazy("You do this."),
    "referring_clinic": gettext_lazy("Your clinic takes care of this. Call them if you hear nothing."),
    "specialist_group": gettext_lazy("The specialist’s office takes care of this."),
}
# what would change our mind: the signs for which somebody must look again
ALARMS: dict[str, tuple[Promise, ...]] = {
    "lesion": (
        gettext_lazy("it grows, changes its shape or gets new colors"),
        gettext_lazy("it bleeds and does not stop in 10 minutes"),
        gettext_lazy("it hurts more and more"),
        gettext_lazy("it does not heal in 4 weeks"),
    ),
    "rash": (
        gettext_lazy("it spreads fast"),
        gettext_lazy("you have a fever or feel very ill"),
        gettext_lazy("you get blisters, or sores in your mouth or eyes"),
        gettext_lazy("it is no better in 2 weeks"),
    ),
    "eye": (
        gettext_lazy("you see less well"),
        gettext_lazy("the eye hurts or light hurts it"),
        gettext_lazy("you see flashes, or a dark curtain"),
        gettext_lazy("it gets more red or swollen"),
    ),
}


def day_words(day: date) -> str:
    """In full, because a letter is read in another year too: Monday, December 7, 2026; lunes 7 de diciembre de 2026."""
    if translation.get_language() == "es":
        return format_date(day, r"l j \d\e F \d\e Y")
    return format_date(day, "l, F j, Y")


def short_day(day: date) -> str:
    return format_date(day, "D, M j, Y")


def by_words(line: Line) -> str:
    if line.due_on:
        return _("By %(day)s") % {"day": day_words(line.due_on)}
    return _("Your clinic tells you when.") if line.kind in {"biopsy", "in_person", "refer"} else ""


def signed_day(facts: Facts) -> date:
    return _local(facts.at, facts).date()


def _local(at: datetime, facts: Facts) -> datetime:
    return at.astimezone(ZoneInfo(facts.zone or "UTC"))


def patient_letter(facts: Facts, *, check_url: str) -> dict:
    """In the patient's language. What the specialist wrote in English alone stands as it is, and the letter says so, and
    who explains it."""
    with translation.override(facts.language):
        mine = not facts.is_not_theirs
        added = [one for one in facts.added if one.patient_text]
        return {
            "kind": "reassurance" if facts.only_reassures and mine else "advice",
            "title": _("A letter about your case %(number)s") % {"number": facts.number},
            "language": facts.language,
            "author": facts.group.name,
            "number": _("Case %(number)s") % {"number": facts.number},
            "date": day_words(signed_day(facts)),
            "group": {"name": facts.group.name, "address": facts.group.one_line},
            "to": [facts.patient_name, *facts.patient_address],
            "heading": _heading(facts),
            "place": facts.site_words(plain=True) if mine else "",
            "lead": _lead(facts) if mine else "",
            "addenda": [
                {
                    "heading": _("Added %(day)s: read this first") % {"day": day_words(_local(one.at, facts).date())},
                    **_said(facts, one.patient_text, one.patient_text_own, one.own_language),
                    "by": one.by,
                }
                for one in added
            ],
            "sections": [*(_sections(facts) if mine else []), _whom_to_call(facts)],
            "signer": {
                "name": facts.signer,
                "role": (_("Eye specialist") if facts.specialty == "ophthalmology" else _("Skin specialist"))
                + f", {facts.group.name}",
                "signed": _("Signed %(day)s") % {"day": day_words(_local(facts.signed_at, facts).date())},
                "note": _("The specialist looked at your photos and did not see you in person. You can always ask to see "
                          "someone in person instead."),
            },
            "foot": _foot(facts, check_url, _("Fingerprint of the signed answer:"), _("Is this letter real? Look here:")),
            "page_words": _("Page {page} of {pages}"),
            "facts": _facts(facts),
        }  # fmt: skip


def _heading(facts: Facts) -> str:
    if facts.is_not_theirs:
        return _("A correction to your record")
    if facts.only_reassures:
        return _("You do not need treatment for this now")
    return _("What your specialist says")


def _lead(facts: Facts) -> str:
    count = facts.photo_count
    if facts.opinion["no_opinion"] or facts.opinion["photos_adequate"] == "no":
        return _("The photos did not show enough for a safe answer. Here is what to do now.")
    if facts.only_reassures:
        return _("A specialist looked at your photos and your answers with care. That is good news. Here is why, and what "
                 "would change our mind.")  # fmt: skip
    if count == 1:
        return _("A specialist looked at your photo and your answers.")
    return _("A specialist looked at your photos and your answers.")


def _sections(facts: Facts) -> list[dict]:
    opinion = facts.opinion
    sections = [_seen(facts)]
    language = opinion["own_language"]
    if opinion["patient_text"].strip():
        why = _("Why you can be calm") if facts.only_reassures else _("In the words of your specialist")
        said = _said(facts, opinion["patient_text"], opinion["patient_text_own"], language)
        sections.append(_text(why, [said["text"]], said["note"], "patient_text"))
    steps = [_step(facts, line) for line in facts.lines]
    steps += [
        {
            "id": f"words-{n}",
            "what": _("One more step"),
            "words": words,
            "by": "",
            "who": "",
            "note": _in_english(facts),
        }
        for n, words in enumerate(facts.extra_words, start=1)
    ]
    if steps:
        # once above them where it is true of each, else beside those of which it is
        note = steps[0]["note"] if all(step["note"] for step in steps) else ""
        sections.append({"kind": "steps", "heading": _("What to do"), "note": note, "steps": steps})
    if opinion["follow_up"].strip():
        said = _said(facts, opinion["follow_up"], opinion["follow_up_own"], language)
        sections.append(_text(_("When to be seen again"), [said["text"]], said["note"], "follow_up"))
    if facts.pictures:
        sections.append({"kind": "pictures", "heading": _("Your photos"), "pictures": [_picture(facts, n) for n in range(len(facts.pictures))]})  # fmt: skip
    kind = facts.problem_kind or ("eye" if facts.specialty == "ophthalmology" else "lesion")
    sections.append(
        {
            "kind": "alarm",
            "heading": _("What would change our mind"),
            "items": [str(words) for words in ALARMS[kind]],
            "call": _("If you notice one of these, call your clinic the same day: %(phone)s. In an emergency call 911.")
            % {"phone": facts.clinic.phone or facts.clinic.name},
        }
    )
    return [section for section in sections if section]


def _text(heading: str, paragraphs: list[str], note: str = "", source: str = "") -> dict:
    """With a note the paragraphs are in English, whatever the letter is in. `source` is what both letters made it from."""
    return {"kind": "text", "heading": heading, "paragraphs": paragraphs, "note": note, "source": source}


def _in_english(facts: Facts) -> str:
    """For a reader of another language, above what is in English; "" for a reader of English."""
    if facts.language == "en":
        return ""
    return _("This part is in English. Call your clinic and ask for an interpreter. It is free: %(phone)s.") % {
        "phone": facts.clinic.phone or facts.clinic.name
    }


def _said(facts: Facts, english: str, own: str, language: str) -> dict:
    """The specialist's words in the reader's language, or the English ones and a note that they are."""
    if text := facts.own(own, language):
        return {"text": text, "note": ""}
    return {"text": english, "note": _in_english(facts)}


def _seen(facts: Facts) -> dict:
    """What was seen, in plain words for each structured term; without terms the specialist's own text tells it."""
    words = [str(PLAIN[key]) for key, _word in facts.terms if key in PLAIN]
    parts = [_("What the photos show: %(words)s.") % {"words": "; ".join(words)}] if words else []
    if facts.photo_count:
        parts.append(_("Photos that were looked at: %(count)s.") % {"count": facts.photo_count})
    return _text(_("What we saw"), parts) if parts else {}


def _step(facts: Facts, line: Line) -> dict:
    """The words in the reader's language, else a standing sentence in it with the English ones below."""
    plain = facts.own(line.patient_text_own, facts.opinion["own_language"])
    if facts.language == "en":
        plain = line.patient_text
    return {
        "id": line.id,
        "what": plain or str(STEPS[line.kind]),
        "words": "" if plain else line.patient_text or line.text,
        "note": "" if plain else _in_english(facts),
        "by": by_words(line),
        "who": "" if line.kind == "reassurance" else str(OWNERS[line.owner]),
    }


def _picture(facts: Facts, n: int) -> dict:
    one = facts.pictures[n]
    caption = str(one.slot_plain)
    alt = _("Your photo:") + " " + ", ".join(part for part in (caption, facts.site_words(plain=True)) if part)
    return {"file": f"photo-{n + 1}.jpg", "photo": one.photo_id, "caption": caption, "alt": alt}


def _whom_to_call(facts: Facts) -> dict:
    lines = [facts.clinic.name, *([facts.clinic.phone] if facts.clinic.phone else [])]
    return _text(_("Whom to call"), [_("Questions about this letter? Your clinic helps you."), "\n".join(lines)])


def _foot(facts: Facts, check_url: str, label: str, check: str) -> dict:
    return {"hash_label": label, "hash": facts.newest_sha256, "check": check, "url": check_url}


def _facts(facts: Facts) -> dict:
    """What is compared with the other letter beside the words themselves."""
    return {
        "born": facts.patient_born.isoformat(),
        "site": facts.site,
        "side": facts.side,
        "signed_sha256": facts.sha256,
    }


def clinical_letter(facts: Facts, *, check_url: str) -> dict:
    """In English, for the referring clinician, or for the clinic where nobody referred."""
    with translation.override("en"):
        mine = not facts.is_not_theirs
        site = facts.site_words(plain=False)
        to = facts.referrer_place or facts.clinic
        opinion = facts.opinion
        born = format_date(facts.patient_born, "M j, Y")
        sent = [short_day(_local(facts.sent_on, facts).date())] if facts.sent_on else []
        heading = opinion["assessment"].splitlines()[0][:120] if opinion["assessment"] else "Recommendation"
        return {
            "kind": "clinical",
            "title": f"Recommendation for case {facts.number}",
            "language": "en",
            "author": facts.group.name,
            "number": f"Case {facts.number}",
            "date": short_day(signed_day(facts)),
            "group": {"name": facts.group.name, "address": facts.group.one_line},
            "to": [*([facts.referrer] if facts.referrer else []), to.name, *to.address],
            "about": [
                {"label": "Patient", "words": f"{facts.patient_name}, born {born}", "strong": True},
                {"label": "Referred" if facts.referrer else "Sent", "strong": False,
                 "words": ", ".join(sent + ([site] if site and mine else []))},
                {"label": "Reviewed", "words": f"{_count(facts.photo_count, 'photo')} and history, no live contact", "strong": False},
            ],
            "heading": heading if mine else "Filed under the wrong person: do not use it for this patient",
            "addenda": [
                {"heading": f"Addendum, {short_day(_local(one.at, facts).date())}", "text": one.text, "by": one.by}
                for one in facts.added
            ],
            "rows": _rows(facts) if mine else [],
            "pictures": [_clinical_picture(facts, n) for n in range(len(facts.pictures))] if mine else [],
            "plan_heading": "Plan" if mine else "",
            "plan_columns": ["What", "Who", "By"],
            "no_plan": "No further action.",
            "plan": _plan(facts) if mine else [],
            "notes": _notes(facts) if mine else [],
            "signer": {
                "name": facts.signer,
                "role": ". ".join(part for part in (
                    f"{'Ophthalmology' if facts.specialty == 'ophthalmology' else 'Dermatology'}, {facts.group.name}",
                    f"NPI {facts.npi}" if facts.npi else "",
                    f"License {', '.join(facts.licences)}" if facts.licences else "") if part),
                "signed": f"Signed electronically {in_zone(facts.signed_at, facts.zone or 'UTC')}. Asynchronous review of "
                          "photographs and history; the patient was not seen.",
            },
            "foot": _foot(facts, check_url, "SHA-256 of the signed content:", "Check this letter:"),
            "page_words": "Page {page} of {pages}",
            "facts": _facts(facts),
        }  # fmt: skip


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _rows(facts: Facts) -> list[dict]:
    opinion = facts.opinion
    codes = "; ".join(f"{code} {words}" for code, words in facts.diagnoses)
    confidence = f"Confidence: {opinion['confidence']}." if opinion["confidence"] else ""
    terms = "; ".join(word for _key, word in facts.terms)
    adequate = {"partly": "Only partly adequate.", "no": "Allowed no opinion.", "yes": "Adequate."}
    history = [f"{label}: {words}" if label else words for label, words in facts.history if words.strip()]
    rows = [
        ("Question", "", facts.reason),
        ("Most likely", opinion["assessment"], confidence),
        ("Coded as", "", codes),
        ("Also possible", "", differential_words(facts)),
        ("Findings", "", "\n".join(part for part in (opinion["findings"], terms) if part)),
        ("History used", "", "\n".join(history)),
        ("Photos", "", adequate.get(opinion["photos_adequate"], "")),
    ]
    return [
        {"label": label, "strong": strong, "words": words}
        for label, strong, words in rows
        if strong.strip() or words.strip()
    ]


def _plan(facts: Facts) -> list[dict]:
    owners = dict(ActionItem.Owner.choices)
    rows = [
        {
            "id": line.id,
            "what": line.text,
            "who": owners[line.owner],
            "by": short_day(line.due_on) if line.due_on else "",
        }
        for line in facts.lines
    ]
    return rows + [
        {"id": f"words-{n}", "what": words, "who": "", "by": ""} for n, words in enumerate(facts.extra_words, start=1)
    ]


def _notes(facts: Facts) -> list[dict]:
    opinion = facts.opinion
    rows = [
        ("follow_up", "Follow-up", opinion["follow_up"]),
        ("patient_text", "Patient was told", opinion["patient_text"]),
    ]
    language = name_of(opinion["own_language"])
    rows += [
        (f"{source}_own", f"{heading}, in {language}", facts.own(opinion[f"{source}_own"], opinion["own_language"]))
        for source, heading, _words in rows
    ]
    return [
        {"source": source, "heading": heading, "words": words}
        for source, heading, words in sorted(rows)
        if words.strip()
    ]


def _clinical_picture(facts: Facts, n: int) -> dict:
    one = facts.pictures[n]
    day = format_date(_local(one.received, facts), "M j, Y")
    alt = ", ".join(part for part in (one.slot, facts.site_words(plain=False).lower(), day) if part)
    return {"file": f"photo-{n + 1}.jpg", "photo": one.photo_id, "caption": one.slot, "date": day, "alt": alt}
