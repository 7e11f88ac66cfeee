"""What the database itself refuses about records that stood under the wrong person and records that became one."""

from config.audit.guards import Guard, keep_columns, register

_MERGED = 'EXISTS (SELECT 1 FROM "intake_patient" p WHERE p.id = NEW.{} AND p.merged_into_id IS NOT NULL)'
# a merge carries what was signed along, and taking it apart brings it back
_BY_A_MERGE = (
    'EXISTS (SELECT 1 FROM "intake_patient" p WHERE p.id = OLD.patient_id AND p.merged_into_id = NEW.patient_id) OR '
    'EXISTS (SELECT 1 FROM "intake_patientmerge" m WHERE m.kept_id = OLD.patient_id AND m.merged_id = NEW.patient_id)'
)
_CHAIN = (
    f"NEW.merged_into_id = NEW.id OR OLD.merged_into_id IS NOT NULL OR {_MERGED.format('merged_into_id')} OR "  # noqa: S608
    'EXISTS (SELECT 1 FROM "intake_patient" q WHERE q.merged_into_id = NEW.id)'
)


def install() -> None:
    """In `apps.ready()`."""
    for guard in (
        Guard(
            "a_merged_record_begins_no_case",
            "intake_case",
            "INSERT",
            _MERGED.format("patient_id"),
            "this record was merged: the case belongs under the other one",
        ),
        Guard(
            "a_merged_record_takes_no_case",
            "intake_case",
            "UPDATE",
            f"NEW.patient_id {{differs}} OLD.patient_id AND {_MERGED.format('patient_id')}",
            "this record was merged: the case belongs under the other one",
        ),
        Guard(
            "what_is_signed_stays_with_its_person",
            "intake_case",
            "UPDATE",
            f"OLD.signed_at IS NOT NULL AND NEW.patient_id {{differs}} OLD.patient_id AND NOT ({_BY_A_MERGE})",
            "what is signed is never moved to another person",
        ),
        keep_columns(
            "an_error_in_filing_stays_said",
            "intake_case",
            ("filed_in_error_at",),
            when="OLD.filed_in_error_at IS NOT NULL",
            message="that a case stood under the wrong person stays on record",
        ),
        Guard(
            "a_record_is_merged_once",
            "intake_patient",
            "UPDATE",
            f"NEW.merged_into_id IS NOT NULL AND NEW.merged_into_id {{differs}} OLD.merged_into_id AND ({_CHAIN})",
            "records are merged into one that is not merged itself",
        ),
        keep_columns(
            "a_merge_keeps_what_it_did",
            "intake_patientmerge",
            ("kept_id", "merged_id", "moved", "conflicts", "reason", "by_id", "at"),
            when="OLD.id IS NOT NULL",
            message="what a merge did is never changed",
        ),
        keep_columns(
            "an_undone_merge_stays_undone",
            "intake_patientmerge",
            ("undone_at", "undone_by_id"),
            when="OLD.undone_at IS NOT NULL",
            message="a merge is undone once",
        ),
    ):
        register(guard)
