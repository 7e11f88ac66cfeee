"""A day's cases without a day's work: a few made by the services, the others as copies of their rows with times of their
own. What is derived from them (targets, the list's entries) the product works out itself."""

import uuid
from collections.abc import Sequence
from copy import copy
from datetime import timedelta

from intake import completeness, entries, targets
from intake.models import Case, CaseEvent, Consent, Patient, Photo, QueueEntry
from intake.models.case import new_case_number


def copies_of(patterns: Sequence[Case], earlier: Sequence[timedelta]) -> list[Case]:
    """One copy for each of `earlier`, of the patterns in turn, sent by so much earlier; each of a person of its own."""
    patients, cases, events, consents, photos = [], [], [], [], []
    for number, before in enumerate(earlier):
        pattern = patterns[number % len(patterns)]
        patient = _new(pattern.patient, pk=uuid.uuid4(), mrn=f"COPY{number:05d}", first_name=f"Copy{number}")
        sent = pattern.submitted_at - before
        case = _new(pattern, pk=uuid.uuid4(), number=new_case_number(), patient=patient)
        case.created_at, case.submitted_at = pattern.created_at - before, sent
        urgency, _why = completeness.suggested_urgency(pattern)
        promise = targets.promise(case.clinic, targets.TRIAGE, urgency=urgency, specialty=case.specialty, at=sent)
        for name, value in promise.columns.items():
            setattr(case, name, value)
        patients.append(patient)
        cases.append(case)
        events += [_new(event, pk=None, case=case, at=event.at - before) for event in pattern.events.all()]
        consents += [_new(row, pk=None, case=case, patient=patient) for row in pattern.consents.all()]
        photos += [_new(photo, pk=uuid.uuid4(), case=case) for photo in pattern.photos.all()]
    for model, rows in ((Patient, patients), (Case, cases), (CaseEvent, events), (Consent, consents), (Photo, photos)):
        model.objects.bulk_create(rows)
    listed = entries._loaded(Case.objects.filter(pk__in=[case.pk for case in cases]))
    QueueEntry.objects.bulk_create(QueueEntry(case=case, **entries.columns_of(case)) for case in listed)
    return cases


def _new(row, **columns):
    made = copy(row)
    made._state = copy(row._state)
    made._state.adding, made._state.fields_cache = True, dict(row._state.fields_cache)
    for name, value in columns.items():
        setattr(made, name, value)
    return made
