"""What stands between a draft and its signature, each as one sentence."""

import re
from dataclasses import dataclass

from django.utils import timezone

from config.accounts.models import User
from intake.models import Photo
from intake.workflow import is_licensed_for, may
from review import claims, interlocks, opinions, phrases, record_facts
from review.errors import ReviewRefused
from review.languages import name_of, other_language
from review.letters import agreement
from review.models import ActionItem, Icd10Code, InterlockAnswer, Review, ReviewDiagnosis, TextTemplate
from review.models.icd import newest_release
from review.onscreen import never_shown
from review.plan import NEED_A_DUE, USUAL_WEEKS

_SIDE = re.compile(r"\b(right|left|bilateral)\b", re.IGNORECASE)
MINIMUM_REASON = 5
_MARKS = {"good": "circle-check", "wait": "triangle-alert", "bad": "circle-alert"}


@dataclass(frozen=True)
class Check:
    """`tone` good, wait (may be signed anyway) or bad (holds the signature); `field` is where to mend it."""

    tone: str
    text: str
    detail: str = ""
    field: str = ""
    # of an interlock: which finding a reason answers
    key: str = ""
    # a photo to open
    photo: str = ""

    @property
    def holds(self) -> bool:
        return self.tone == "bad"

    @property
    def icon(self) -> str:
        return _MARKS[self.tone]


def side_of(description: str) -> str:
    """right, left or both, as an ICD-10-CM description names it; "" when it names none or more than one."""
    sides = {word.lower() for word in _SIDE.findall(description)}
    return {"bilateral": "both"}.get(side := sides.pop(), side) if len(sides) == 1 else ""


def signing_checks(review: Review) -> list[Check]:
    diagnoses = list(review.diagnoses.all())
    return [
        *_text_checks(review),
        *_photo_checks(review),
        *_diagnosis_checks(review, diagnoses),
        *_interlock_checks(review, diagnoses),
        *_right_checks(review),
    ]


def open_findings(review: Review) -> list[interlocks.Finding]:
    """What the record has against itself. A second opinion is asked for one thing, and is not held by the rest."""
    return [] if review.second_opinion else interlocks.findings(record_facts.facts_of(review))


def answers_of(review: Review) -> dict[str, InterlockAnswer]:
    """The last words about each finding."""
    return {answer.key: answer for answer in review.interlock_answers.all()}


def answer_interlock(*, review: Review, by: User, key: str, how: str, reason: str) -> InterlockAnswer:
    """The finding stays as it is; the reason goes beside it, into the signed record."""
    if review.specialist_id != by.pk or review.is_signed:
        raise ReviewRefused("A finding is answered by the reviewer, before signing.")
    finding = next((one for one in open_findings(review) if one.key == key), None)
    if finding is None:
        raise ReviewRefused("The record changed and this finding is gone. Check the others.")
    if how not in InterlockAnswer.How.values or len(reason.strip()) < MINIMUM_REASON:
        raise ReviewRefused(f"Write at least {MINIMUM_REASON} letters about it.")
    return InterlockAnswer.objects.create(
        review=review, key=key, finding=finding.text[:500], how=how, reason=reason.strip()[:500], by=by
    )


def _interlock_checks(review: Review, diagnoses: list[ReviewDiagnosis]) -> list[Check]:
    answers = answers_of(review)
    checks = []
    for finding in open_findings(review):
        answer = answers.get(finding.key)
        if answer is not None:
            checks.append(Check("good", finding.text, f"{answer.get_how_display()}: {answer.reason}"))
        else:
            tone = "bad" if finding.holds else "wait"
            detail = finding.detail if finding.holds else f"{finding.detail} You may sign anyway.".strip()
            checks.append(Check(tone, finding.text, detail, finding.field, finding.key))
    side = review.case.side
    if side and not any(check.key.startswith("SIDE") for check in checks):
        if any(side_of(diagnosis.description) == side for diagnosis in diagnoses):
            checks.append(Check("good", f"Side: {side}, in the case and in the code"))
    return checks


def _text_checks(review: Review) -> list[Check]:
    wanted = [("findings", "Write what you see.")]
    if not review.second_opinion:
        wanted.append(("patient_text", "Write the recommendation that the patient reads."))
    if not review.no_opinion:
        wanted.insert(1, ("assessment", "Write what is most likely."))
    missing = [Check("bad", text, field=name) for name, text in wanted if not getattr(review, name).strip()]
    missing += _plan_checks(review)
    for name in ("findings", "assessment", "plan", "follow_up", "patient_text"):
        if left := phrases.unfilled(getattr(review, name)):
            label = TextTemplate._meta.get_field(name).verbose_name
            missing.append(Check("bad", f"Fill in {' and '.join(left)} in “{label}”.", field=name))
    missing += _language_checks(review)
    done = "Findings and assessment" if review.second_opinion else "Findings, assessment, plan and the patient's text"
    held = [check for check in missing if check.holds]
    return missing if held else [*missing, Check("good", f"{done} are filled in")]


def _language_checks(review: Review) -> list[Check]:
    """A patient who reads another language than English is told so where a text is not in it; what is must say the same."""
    language = other_language(review.case.patient)
    if not language or review.second_opinion:
        return []
    name, checks = name_of(language), []
    items = list(review.action_items.all())
    texts = [
        ("For the patient", "patient_text_own", review.patient_text, review.patient_text_own, ""),
        ("Follow-up", "follow_up_own", review.follow_up, review.follow_up_own, ""),
        *(
            (f"Plan line {one.position}", "plan", one.patient_text or one.text, one.patient_text_own, one.text)
            for one in items
        ),
    ]
    for label, field, english, own, clinical in texts:
        if own.strip() and (said := agreement.translated_otherwise(english, own, clinical)):
            checks.append(Check("bad", f"“{label}” in {name}: {said}", "Make both texts say the same.", field=field))
    only = [label for label, _field, english, own, _clinical in texts[:2] if english.strip() and not own.strip()]
    only += [f"{label.lower()}" for label, _field, _english, own, _clinical in texts[2:] if not own.strip()]
    if only:
        detail = f"In English: {', '.join(only)}. The letter says so, and whom to call for an interpreter."
        checks.append(Check("wait", f"The patient reads {name}", detail, field="patient_text_own"))
    return checks


def _plan_checks(review: Review) -> list[Check]:
    items = list(review.action_items.all())
    if not items and not review.plan.strip() and not review.second_opinion:
        return [Check("bad", "Write the plan.", "Add a line: what, who, by when.", field="plan")]
    checks = []
    for item in items:
        if left := phrases.unfilled(item.text):
            checks.append(Check("bad", f"Fill in {' and '.join(left)} in plan line {item.position}.", field="plan"))
        if item.kind in NEED_A_DUE and not (item.due_on or item.due_weeks):
            checks.append(Check("bad", f"Plan line {item.position} needs a day: {item.text}", field="plan"))
        elif not (item.due_on or item.due_weeks):
            weeks = USUAL_WEEKS.get(ActionItem.Kind(item.kind), 4)
            checks.append(
                Check(
                    "wait",
                    f"Plan line {item.position} names no day: {item.text}",
                    f"It is asked about in {weeks} weeks.",
                )
            )
        if item.due_on and item.due_on < timezone.localdate():
            checks.append(Check("bad", f"Plan line {item.position} is due in the past: {item.text}", field="plan"))
    return checks


def _photo_checks(review: Review) -> list[Check]:
    checks = []
    if not review.photos_adequate:
        checks.append(Check("bad", "Say whether the photos are enough to decide.", field="photos_adequate"))
    for photo in never_shown(review):
        checks.append(
            Check(
                "wait",
                f"One photo was never on screen: {photo.slot_info.label}",
                "You may sign anyway.",
                photo=str(photo.pk),
            )
        )
    arriving = Photo.objects.live().filter(case=review.case, work_status__in=["waiting", "working"]).count()
    if arriving:
        checks.append(Check("wait", f"{arriving} of the photos are still arriving", "You may sign anyway."))
    return checks


def _diagnosis_checks(review: Review, diagnoses: list[ReviewDiagnosis]) -> list[Check]:
    if not diagnoses:
        if review.no_opinion or review.second_opinion:
            return []
        return [Check("bad", "Choose a diagnosis code.", field="icd_q")]
    today = timezone.localdate(None, review.case.group.zone)
    known = Icd10Code.objects.of_codes([diagnosis.icd10cm for diagnosis in diagnoses], today)
    broad = [d.icd10cm for d in diagnoses if d.icd10cm not in known or not known[d.icd10cm].billable]
    if broad:
        return [Check("bad", f"{', '.join(broad)} is a heading. Choose a more exact code.", field="icd_q")]
    over = [code for code, row in known.items() if not row.is_billable_on(today)]
    if over:
        return [Check("bad", f"{', '.join(over)} cannot be billed on this date. Choose another code.", field="icd_q")]
    unsure = [code for code, row in known.items() if not row.is_verified_on(today)]
    if unsure:
        return [
            Check(
                "wait",
                f"{', '.join(unsure)} not verified for this date",
                f"The newest codes here are those of the release of {newest_release()}. You may sign anyway.",
            )
        ]
    return [Check("good", "The diagnosis code can be billed")]


def _right_checks(review: Review) -> list[Check]:
    """Licence, specialty, group and roster again: they may have ended since the claim."""
    if review.second_opinion and opinions.is_open(review):
        if is_licensed_for(review.case, review.specialist):
            return []
    elif review.second_opinion:
        return [Check("bad", "You are not asked any more.", "Your draft is kept.")]
    if may(review.case, "sign", review.specialist):
        off = claims.off_roster(review.case, review.specialist)
        return [Check("wait", claims.roster_words(off), "You may sign anyway.")] if off else []
    if not review.second_opinion and review.case.holder_id != review.specialist_id:
        return [
            Check("bad", "You do not hold this case any more.", "Your draft is kept. Claim the case again to sign.")
        ]
    return [Check("bad", f"Your license for {review.case.patient_state} is not valid today, so this cannot be signed.")]
