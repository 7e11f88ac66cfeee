"""What stands between a draft and its signature, each as one sentence."""

import re
from dataclasses import dataclass

from django.utils import timezone

from intake.models import Photo
from intake.workflow import may
from review import phrases
from review.models import Icd10Code, Review, ReviewDiagnosis, TextTemplate
from review.plan import NEED_A_DUE

_SIDE = re.compile(r"\b(right|left|bilateral)\b", re.IGNORECASE)
_MARKS = {"good": "circle-check", "wait": "triangle-alert", "bad": "circle-alert"}


@dataclass(frozen=True)
class Check:
    """`tone` good, wait (may be signed anyway) or bad (holds the signature); `field` is where to mend it."""

    tone: str
    text: str
    detail: str = ""
    field: str = ""

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
        *_side_checks(review, diagnoses),
        *_right_checks(review),
    ]


def _text_checks(review: Review) -> list[Check]:
    wanted = [
        ("findings", "Write what you see."),
        ("patient_text", "Write the recommendation that the patient reads."),
    ]
    if not review.no_opinion:
        wanted.insert(1, ("assessment", "Write what is most likely."))
    missing = [Check("bad", text, field=name) for name, text in wanted if not getattr(review, name).strip()]
    missing += _plan_checks(review)
    for name in ("findings", "assessment", "plan", "follow_up", "patient_text"):
        if left := phrases.unfilled(getattr(review, name)):
            label = TextTemplate._meta.get_field(name).verbose_name
            missing.append(Check("bad", f"Fill in {' and '.join(left)} in “{label}”.", field=name))
    return missing or [Check("good", "Findings, assessment, plan and the patient's text are filled in")]


def _plan_checks(review: Review) -> list[Check]:
    items = list(review.action_items.all())
    if not items and not review.plan.strip():
        return [Check("bad", "Write the plan.", "Add a line: what, who, by when.", field="plan")]
    checks = []
    for item in items:
        if left := phrases.unfilled(item.text):
            checks.append(Check("bad", f"Fill in {' and '.join(left)} in plan line {item.position}.", field="plan"))
        if item.kind in NEED_A_DUE and not (item.due_on or item.due_weeks):
            checks.append(Check("bad", f"Plan line {item.position} needs a day: {item.text}", field="plan"))
        if item.due_on and item.due_on < timezone.localdate():
            checks.append(Check("bad", f"Plan line {item.position} is due in the past: {item.text}", field="plan"))
    return checks


def _photo_checks(review: Review) -> list[Check]:
    checks = []
    if not review.photos_adequate:
        checks.append(Check("bad", "Say whether the photos are enough to decide.", field="photos_adequate"))
    elif review.photos_adequate == Review.Adequate.NO and not review.no_opinion:
        checks.append(
            Check(
                "bad",
                "The photos are not enough to decide.",
                "Ask for more, or tick that no opinion was possible.",
                field="no_opinion",
            )
        )
    arriving = Photo.objects.live().filter(case=review.case, work_status__in=["waiting", "working"]).count()
    if arriving:
        checks.append(Check("wait", f"{arriving} of the photos are still arriving", "You may sign anyway."))
    return checks


def _diagnosis_checks(review: Review, diagnoses: list[ReviewDiagnosis]) -> list[Check]:
    if not diagnoses:
        if review.no_opinion:
            return []
        return [Check("bad", "Choose a diagnosis code.", field="icd_q")]
    known = Icd10Code.objects.in_bulk([diagnosis.icd10cm for diagnosis in diagnoses])
    broad = [d.icd10cm for d in diagnoses if d.icd10cm not in known or not known[d.icd10cm].billable]
    if broad:
        return [Check("bad", f"{', '.join(broad)} is a heading. Choose a more exact code.", field="icd_q")]
    today = timezone.localdate(None, review.case.group.zone)
    over = [code for code, row in known.items() if not row.is_billable_on(today)]
    if over:
        return [Check("bad", f"{', '.join(over)} cannot be billed on this date. Choose another code.", field="icd_q")]
    unsure = [code for code, row in known.items() if not row.is_verified_on(today)]
    if unsure:
        release = known[unsure[0]].release
        return [
            Check(
                "wait",
                f"{', '.join(unsure)} not verified for this date",
                f"The codes here are those of the release of {release}. You may sign anyway.",
            )
        ]
    return [Check("good", "The diagnosis code can be billed")]


def _side_checks(review: Review, diagnoses: list[ReviewDiagnosis]) -> list[Check]:
    side = review.case.side
    if side not in {"left", "right"}:
        return []
    other = {"left": "right", "right": "left"}[side]
    wrong = [d for d in diagnoses if side_of(d.description) == other]
    if wrong:
        return [
            Check(
                "bad",
                f"{wrong[0].icd10cm} says {other}, the case says {side}.",
                "Choose the code of the right side, or send the case back to have its side corrected.",
                field="icd_q",
            )
        ]
    return (
        [Check("good", f"Side: {side}, in the case and in the code")]
        if any(side_of(d.description) for d in diagnoses)
        else []
    )


def _right_checks(review: Review) -> list[Check]:
    """Licence, specialty and group again: they may have ended since the claim."""
    if may(review.case, "sign", review.specialist):
        return []
    if review.case.holder_id != review.specialist_id:
        return [
            Check("bad", "You do not hold this case any more.", "Your draft is kept. Claim the case again to sign.")
        ]
    return [Check("bad", f"Your licence for {review.case.patient_state} is not valid today, so this cannot be signed.")]
