"""People and cases for the fault tests, made through the services inside the program's own settings.

Runs in `manage.py shell`; each function prints one JSON object, which the test reads.
"""

import itertools
import json
from datetime import timedelta

from django.utils import timezone

from intake.models import Case
from intake.services import start_case
from intake.workflow import move
from review import services
from review.checks import open_findings
from tests import factories

STORY = {
    "danger_signs": "none",
    "reason": "An itchy patch",
    "site": "forearm_posterior",
    "side": "right",
    "onset": "August 2026",
    "history": "No change.",
    "medicines": "None",
    "allergies": "None known",
}
ANSWER = {
    "photos_adequate": "yes",
    "findings": "Pink plaques with fine scale.",
    "assessment": "Eczema",
    "confidence": "high",
    "plan": "Emollient twice a day",
    "follow_up": "None",
    "patient_text": "This is eczema. It is harmless.",
    "disposition": "home",
}


def people() -> None:
    """A patient with drafts that wait for photographs: one that is to be cut off, two for later."""
    clinic = factories.make_clinic("clinic")
    ana = factories.make_user("Ana", email="ana@example.test")
    patient = factories.make_patient(clinic, user=ana)
    drafts = [start_case(by=ana, patient=patient, specialty="dermatology", **STORY) for _ in range(3)]
    print(json.dumps({"login": ana.email, "drafts": [str(draft.pk) for draft in drafts]}))


def signed_reviews(count: int, number: int = 1) -> None:
    """So many signed reviews, each of which is due for its charge line. A second call begins at a number of its own."""
    factories._numbers = itertools.count(number)
    group = factories.make_clinic("group")
    clinic = factories.make_clinic("clinic")
    dana = factories.make_specialist("Dana", group)
    ben = factories.make_user("Ben", "staff", clinic)
    signed = [_sign(_ready(clinic, group, ben), dana) for _ in range(count)]
    print(json.dumps({"reviews": [str(review.pk) for review in signed]}))


def _ready(clinic, group, ben) -> Case:
    case = start_case(by=ben, patient=factories.make_patient(clinic), specialty="dermatology", **STORY)
    case = move(case, "submit", by=ben)
    route = {"urgency": "routine", "group": group, "patient_state": "OH"}
    return move(case, "accept", by=ben, updates=route | {"answer_due_at": timezone.now() + timedelta(hours=72)})


def _sign(case: Case, dana):
    review = services.claim_case(case=case, by=dana)
    review, _ = services.save_draft(review=review, by=dana, version=0, codes=["L30.9"], **ANSWER)
    review.case = Case.objects.get(pk=case.pk)
    for finding in open_findings(review):
        if finding.holds:
            why = "Seen beside the patient: there is no photo in this test."
            services.answer_interlock(review=review, by=dana, key=finding.key, how="overridden", reason=why)
    seen = services.propose(review)
    return services.sign_review(
        review=review, by=dana, attested=True,
        last_beat_id=seen.time.last_beat_id, measured_ms=seen.time.measured_ms, fingerprint=seen.fingerprint,
    )  # fmt: skip
