from contextlib import contextmanager
from datetime import datetime, timedelta

import time_machine
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from billing import batches, demo, demo_answers, demo_questions, services
from billing.demo_bulk import add_bulk_cases
from billing.demo_stories import WAYS, Way
from billing.models import ChargeLine
from config.accounts.demo import DemoPeople, people
from config.accounts.models import Installation
from config.audit.seals import seal
from intake import demo as intake_demo
from intake import demo_desk
from intake import services as intake_services
from intake.danger import LABELS
from intake.models import Case, Patient
from review import demo as review_demo
from review.icd10 import import_codes
from review.models import Icd10Code


class Command(BaseCommand):
    help = "Demo people and cases in every status, made through the services. A second run adds only what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cases", type=int, default=len(WAYS), metavar="N", help="cases in total")
        parser.add_argument("--once", action="store_true", help="do nothing when demo data was loaded before")

    def handle(self, *args, **options) -> None:
        if not settings.DEMO_ALLOWED:
            raise CommandError("Demo data is never loaded with production settings.")
        # the last story tells a complete load from one that was cut off: that one goes on where it stopped
        stories = WAYS[: max(0, options["cases"])]
        complete = not stories or Case.objects.filter(number=stories[-1].story.number).exists()
        if options["once"] and Installation.is_demo() and complete:
            return
        if not Installation.is_demo() and Patient.objects.exists():
            raise CommandError("This database holds other patients. Demo data goes into a database of its own.")
        if not Icd10Code.objects.exists():
            import_codes()
        self._seed(options["cases"])

    def _seed(self, cases: int) -> None:
        Installation.mark_demo()
        cast = people()
        programme = demo.load(cast)
        if cases < 0:
            raise CommandError("--cases takes 0 or more.")
        patients: dict[tuple, Patient] = {}
        for index, way in enumerate(WAYS[:cases]):
            person = way.story.person
            key = (person.first_name, person.last_name)
            if key not in patients:
                patients[key] = intake_demo.patient(cast, person, index)
            who = patients[key]
            if person.payer == "medicare" and way.aligned:
                until = timezone.localdate() - timedelta(days=30) if way.alignment_ended else None
                demo.align(who, programme, until=until)
            if not Case.objects.filter(number=way.story.number).exists():
                _walk(cast, way, who)
                self.stdout.write(f"{way.story.number}: {way.status}")
        demo_answers.post(cast)
        demo_questions.policies()
        demo_questions.ask(cast)
        if cases:
            demo_desk.stage(cast)
        missing = cases - Case.objects.count()
        if missing > 0:
            add_bulk_cases(cast, missing)
            self.stdout.write(f"{missing} bulk cases")
        while seal(everything=True):
            pass


@contextmanager
def _at(hours_ago: float):
    """The services run at a moment in the past, which passes only as it is told to."""
    with time_machine.travel(timezone.now() - timedelta(hours=hours_ago), tick=False) as clock:
        yield clock


@transaction.atomic
def _walk(cast: DemoPeople, way: Way, who: Patient) -> None:
    """All steps of one case or none, so that a broken run leaves nothing half done."""
    now = timezone.now()
    with _at(way.sent_hours) as clock:
        case = intake_demo.start(cast, way.story, who)
        if way.status == "draft":
            return
        clock.shift(600)
        if way.status == "redirected":
            intake_services.answer_danger_signs(case=case, by=case.started_by, signs=[LABELS["zoster_eye"]])
            return
        case = intake_demo.send(case)
        clock.shift(2 * 3600)
        _triaged(cast, way, case, clock, now)


def _triaged(cast: DemoPeople, way: Way, case: Case, clock, now: datetime) -> None:
    if way.status == "submitted":
        return
    if way.status == "withdrawn":
        intake_services.withdraw_case(case=case, by=case.started_by, reason="Seen in person meanwhile.")
        return
    if way.status == "needs_information":
        intake_demo.ask(
            case, cast.staff, question="" if case.patient.user_id else "Since when did you change your soap?"
        )
        intake_demo.talk(cast, case)
        return
    case = intake_demo.accept(cast, case, way.urgency)
    intake_demo.talk(cast, case)
    if way.status == "ready":
        return
    if way.status == "in_review":
        _hold(cast, way, case, clock, now)
        return
    clock.shift(3 * 3600)
    _answered(cast, way, case, clock)


def _hold(cast: DemoPeople, way: Way, case: Case, clock, now: datetime) -> None:
    """Held since a few minutes, so that the hold is live when the demo is opened."""
    clock.move_to(now - timedelta(milliseconds=way.ms + 60_000))
    review_demo.read(case, getattr(cast, way.reader), way.ms, clock)


def _answered(cast: DemoPeople, way: Way, case: Case, clock) -> None:
    reader = getattr(cast, way.reader)
    review = review_demo.read(case, reader, way.ms, clock)
    review = review_demo.write(review, reader, way.answer)
    if way.assistant_minutes:
        review_demo.note_assistant(review, reader, way.assistant_minutes)
    review = review_demo.sign(review, reader)
    services.charge_review(review.pk)
    line = ChargeLine.objects.get(review=review)
    clock.shift(300)
    if way.told:
        review_demo.deliver(review, cast.staff)
        clock.shift(60)
        services.wake_changed()
        services.decide_again(line.pk)
    clock.shift(24 * 3600 if way.status == "closed" else 60)
    if way.status == "closed":
        review_demo.acknowledge(review, cast.staff)
        review_demo.carry_out(review, cast.staff)
    elif way.read:
        review_demo.acknowledge(review, cast.staff)
    if way.truth:
        review_demo.found_later(review, cast.staff, *way.truth)
    if way.found:
        review_demo.pathology(review, cast.staff, way.found)
    line.refresh_from_db()
    if way.line == "exported":
        batches.export_ready(by=cast.biller, lines=[line])
    elif way.line == "void":
        services.void_line(line=line, by=cast.biller, reason="Entered for training, not a real service.")
