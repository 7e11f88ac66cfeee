"""What the database itself refuses about records that stood under the wrong person and records that became one."""

from config.audit.guards import Guard, keep_columns, register

_MERGED = 'EXISTS (SELECT 1 FROM "intake_patient" p WHERE p.id = NEW.{} AND p.merged_into_id IS NOT NULL)'
# a merge carries what was signed along, and taking it apart brings it back
_BY_A_MERGE = (
    'EXISTS (SELECT 1 FROM "intake_patient" p WHERE p.id = OLD.patient_id AND p.merged_into_id = NEW.patient_id) OR '
    'EXISTS (SELECT 1 FROM "intake_patientmerge" m WHERE m.kept_id = OLD.patient_id AND m.merged_id = NEW.patient_id)'
)
# up to which message a move of this case left them with the person before
_LEFT_BEHIND = 'SELECT COALESCE(MAX(w.messages_until_id), 0) FROM "intake_misfiling" w WHERE w.case_id = {}'
_HAS_MESSAGES = (
    'EXISTS (SELECT 1 FROM "intake_message" g WHERE g.case_id = NEW.id '  # noqa: S608 our own tables and columns
    f"AND g.id > ({_LEFT_BEHIND.format('NEW.id')}))"
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
        Guard(
            "messages_stay_with_their_person",
            "intake_case",
            "UPDATE",
            f"NEW.patient_id {{differs}} OLD.patient_id AND ({_HAS_MESSAGES}) AND NOT ({_BY_A_MERGE})",
            "the messages of this case would go to another person",
        ),
        *(
            Guard(
                f"a_conversation_ends_once_{event.lower()}",
                "intake_thread",
                event,
                condition,
                "a conversation ends where a move of its case says, and for good",
            )
            for event, condition in (
                ("INSERT", f"NEW.moved_after <> ({_LEFT_BEHIND.format('NEW.case_id')})"),
                (
                    "UPDATE",
                    "NEW.moved_after {differs} OLD.moved_after AND "
                    f"NEW.moved_after <> ({_LEFT_BEHIND.format('NEW.case_id')})",
                ),
            )
        ),
        Guard(
            "a_move_names_messages_of_its_case",
            "intake_misfiling",
            "INSERT",
            'NEW.messages_until_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "intake_message" m '
            "WHERE m.id = NEW.messages_until_id AND m.case_id = NEW.case_id)",
            "these are not messages of the case",
        ),
        keep_columns(
            "who_was_told_of_a_move_stays_said",
            "intake_movednotice",
            ("misfiling_id", "which", "read_until", "made_at"),
            when="OLD.id IS NOT NULL",
            message="a notice about a move is never changed",
        ),
        keep_columns(
            "a_seen_notice_stays_seen",
            "intake_movednotice",
            ("seen_at", "seen_by_id"),
            when="OLD.seen_at IS NOT NULL",
            message="that somebody was told stays on record",
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
