"""Everything that the decisions about some reviews rest on, read in a few queries, however many they are."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property

from billing.models import (
    Alignment,
    BilledElsewhere,
    ChargeLine,
    ClinicianQuery,
    Fee,
    HcpcsCode,
    Payer,
    PayerPolicy,
    Programme,
    RosterEntry,
    Submitter,
)
from intake.models import Coverage
from review.models import Addendum, Delivery, Icd10Code, Review, ReviewDiagnosis
from review.models.icd import row_of

G2010_DAYS = 7  # G2010 may not come from a related visit of the week before; nor may we bill its photographs again


def _grouped(rows: Iterable, key) -> dict:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def _on(rows: Iterable, day: date):
    """The one that is valid on that day and began last."""
    valid = [row for row in rows if row.is_valid_on(day)]
    return max(valid, key=lambda row: row.valid_from, default=None)


class Known:
    """Look-ups for a chunk of reviews. Each table is read when it is asked for first."""

    def __init__(self, reviews: list[Review]) -> None:
        self._reviews = [review.pk for review in reviews]
        self._patients = {review.case.patient_id: review.case.patient for review in reviews}
        self._groups = {review.case.group_id for review in reviews}
        self._specialists = {review.specialist_id for review in reviews}
        self._described: dict[tuple, dict] = {}

    @cached_property
    def _coverages(self):
        rows = Coverage.objects.filter(patient__in=self._patients).order_by("-valid_from", "-pk")
        return _grouped(rows, lambda row: row.patient_id)

    def coverage(self, patient_id, day: date) -> Coverage | None:
        rows = self._coverages.get(patient_id, ())
        return next(
            (row for row in rows if row.valid_from <= day and (row.valid_until is None or day <= row.valid_until)), None
        )

    @cached_property
    def payers(self) -> dict[str, Payer]:
        return {payer.code: payer for payer in Payer.objects.all()}

    @cached_property
    def _alignments(self):
        rows = list(Alignment.objects.standing().filter(patient__in=self._patients))
        # one object for a model that all share, instead of one a row
        shared = Programme.objects.in_bulk({row.programme_id for row in rows})
        for row in rows:
            row.programme, row.patient = shared[row.programme_id], self._patients[row.patient_id]
        return _grouped(rows, lambda row: row.patient_id)

    def alignments(self, patient_id) -> list[Alignment]:
        return self._alignments.get(patient_id, [])

    @cached_property
    def programmes(self) -> list[Programme]:
        return list(Programme.objects.standing().order_by("valid_from"))

    @cached_property
    def _fees(self):
        return _grouped(Fee.objects.standing().filter(group__in=self._groups), lambda row: (row.group_id, row.code))

    def fee(self, group_id, code: str, day: date) -> Fee | None:
        return _on(self._fees.get((group_id, code), ()), day)

    @cached_property
    def _policies(self):
        return _grouped(PayerPolicy.objects.standing(), lambda row: row.payer_id)

    def policy(self, payer: Payer | None, day: date) -> PayerPolicy | None:
        return _on(self._policies.get(payer.pk, ()), day) if payer else None

    @cached_property
    def _roster(self):
        rows = RosterEntry.objects.standing().filter(practitioner__user__in=self._specialists)
        return _grouped(rows.select_related("programme"), lambda row: (row.programme.key, row.practitioner_id, row.tin))

    def roster(self, programme: Programme | None, review: Review, day: date) -> RosterEntry | None:
        practitioner = getattr(review.specialist, "practitioner", None)
        if not programme or not practitioner:
            return None
        rows = self._roster.get((programme.key, practitioner.pk, review.case.group.tin), ())
        return next((row for row in rows if row.is_valid_on(day)), None)

    @cached_property
    def _hcpcs(self):
        return _grouped(HcpcsCode.objects.standing(), lambda row: row.code)

    def hcpcs(self, code: str, day: date) -> HcpcsCode | None:
        return next((row for row in self._hcpcs.get(code, ()) if row.is_valid_on(day)), None)

    @cached_property
    def _deliveries(self):
        rows = Delivery.objects.filter(review__in=self._reviews, addendum__isnull=True)
        return _grouped(rows, lambda row: row.review_id)

    def deliveries(self, review: Review) -> list[Delivery]:
        return self._deliveries.get(review.pk, [])

    @cached_property
    def _diagnoses(self):
        rows = ReviewDiagnosis.objects.filter(review__in=self._reviews).order_by("rank")
        return _grouped(rows, lambda row: row.review_id)

    def diagnoses(self, review: Review) -> list[str]:
        return [row.icd10cm for row in self._diagnoses.get(review.pk, ())]

    @cached_property
    def _addenda(self):
        return _grouped(Addendum.objects.filter(review__in=self._reviews), lambda row: row.review_id)

    def addenda(self, review: Review) -> list[Addendum]:
        return self._addenda.get(review.pk, [])

    @cached_property
    def _icd(self) -> dict[str, list[Icd10Code]]:
        written = {row.icd10cm for rows in self._diagnoses.values() for row in rows}
        codes = written | {code.replace(".", "") for code in written}
        return _grouped(Icd10Code.objects.filter(code__in=codes), lambda row: row.code.replace(".", ""))

    def icd(self, code: str, day: date) -> Icd10Code | None:
        return row_of(self._icd.get(code.replace(".", ""), []), day)

    @cached_property
    def _lines(self):
        rows = (
            ChargeLine.objects.live()
            .exclude(status=ChargeLine.Status.NOT_BILLABLE)
            .filter(review__case__patient__in=self._patients, review__specialist__in=self._specialists)
            .values_list(
                "review__case__patient", "review__specialist", "date_of_service", "code", "review", "created_at"
            )
        )
        return _grouped(rows, lambda row: row[:4])

    def is_duplicate(self, review: Review, day: date, code: str, line: ChargeLine | None) -> bool:
        """The line that was first stays as it is; the later one is the duplicate."""
        rows = self._lines.get((review.case.patient_id, review.specialist_id, day, code), ())
        return any(row[4] != review.pk and (line is None or row[5] < line.created_at) for row in rows)

    def will_have(self, review: Review, day: date, code: str, at: datetime) -> None:
        """A line of the chunk itself, before it is written."""
        key = (review.case.patient_id, review.specialist_id, day, code)
        self._lines[key].append((*key, review.pk, at))

    @cached_property
    def _queries(self) -> set:
        return set(ClinicianQuery.objects.open().filter(review__in=self._reviews).values_list("review", flat=True))

    def has_open_query(self, review: Review) -> bool:
        return review.pk in self._queries

    @cached_property
    def _g2010(self):
        rows = BilledElsewhere.objects.filter(
            patient__in=self._patients, code="G2010", withdrawn_at__isnull=True
        ).values_list("patient", "date_of_service")
        return _grouped(rows, lambda row: row[0])

    def g2010(self, patient_id, day: date) -> bool:
        first, last = day - timedelta(days=G2010_DAYS), day + timedelta(days=1)
        return any(first <= served <= last for _, served in self._g2010.get(patient_id, ()))

    @cached_property
    def _submitters(self) -> set[tuple]:
        return set(Submitter.objects.filter(group__in=self._groups).values_list("group", "payer"))

    def has_submitter(self, group_id, payer: Payer | None) -> bool:
        return payer is not None and (group_id, payer.pk) in self._submitters

    def described(self, row) -> dict:
        """Many lines rest on the same rows: each is put into words once."""
        key = (type(row), row.pk)
        if key not in self._described:
            self._described[key] = describe(row)
        return self._described[key]


def describe(row) -> dict:
    """A reference row in plain values, its relations by their names."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.name == "withdrawn_at":
            continue
        value = getattr(row, field.name)
        values[field.name] = value if isinstance(value, bool | int | list) or value is None else str(value)
    return values
