"""Reference rows that every installation needs: codes, payers, known models. Idempotent; what exists is left alone."""

from datetime import date

from billing.models import HcpcsCode, Payer, Programme

_TEXT = (
    "Receipt and analysis of remote, asynchronous images for dermatologic and/or ophthalmologic evaluation, for use "
    "only in a medicare-approved cmmi model, {band}"
)
_CODES = (
    ("G9868", "Cmmi asyntelehealth <10min", "less than 10 minutes"),
    ("G9869", "Cmmi asyntelehealth 10-20min", "10-20 minutes"),
    ("G9870", "Cmmi asyntelehealth >20min", "more than 20 minutes"),
)
_PAYERS = (
    ("medicare", "Medicare Part B", "SYNMACPARTB", "MB"),
    ("aetna", "Aetna", "", "CI"),
    ("bcbs", "Blue Cross Blue Shield", "", "BL"),
    ("cigna", "Cigna", "", "CI"),
    ("uhc", "UnitedHealthcare", "", "CI"),
)
ALL_CODES = [code for code, _, _ in _CODES]


def load() -> None:
    for code, short, band in _CODES:
        HcpcsCode.objects.get_or_create(
            code=code,
            defaults={
                "short_description": short,
                "description": _TEXT.format(band=band),
                "valid_from": date(2021, 4, 1),
                "source": "HCPCS Level II",
            },
        )
    for key, name, payer_id, filing in _PAYERS:
        Payer.objects.get_or_create(
            code=key, defaults={"name": name, "payer_id": payer_id, "claim_filing_code": filing}
        )
    Programme.objects.get_or_create(
        key="aco-reach",
        defaults={
            "name": "ACO REACH",
            "valid_from": date(2023, 1, 1),
            "valid_until": date(2026, 12, 31),
            "is_confirmed": True,
            "codes": ALL_CODES,
            "demo_number": "92",
            "places_of_service": ["10", "02"],
            "source": "CMS, ACO REACH request for applications: telehealth benefit enhancement",
        },
    )
    Programme.objects.get_or_create(
        key="lead",
        defaults={
            "name": "LEAD",
            "valid_from": date(2027, 1, 1),
            "valid_until": date(2036, 12, 31),
            "is_confirmed": False,
            "codes": ALL_CODES,
            "places_of_service": ["10", "02"],
            "source": "CMS LEAD page; whether it carries this benefit is not known",
        },
    )
