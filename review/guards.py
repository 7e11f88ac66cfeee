"""What the database itself keeps about critical results, on both engines."""

from config.audit.guards import Guard, keep_columns, register
from review.models import CriticalResult

_TABLE = CriticalResult._meta.db_table
_ACKNOWLEDGED = ("acknowledged_at", "acknowledged_by_id", "acknowledged_how", "taken_by", "action")


def install() -> None:
    register(
        Guard(
            "no_case_closes_with_a_critical_result_open",
            "intake_case",
            "UPDATE",
            f'NEW."status" = \'closed\' AND OLD."status" <> \'closed\' AND EXISTS (SELECT 1 FROM "{_TABLE}" c '  # noqa: S608
            'WHERE c.case_id = NEW."id" AND c.acknowledged_at IS NULL)',
            "a critical result of this case is not acknowledged",
        )
    )
    register(
        Guard(
            "no_critical_result_in_a_closed_case",
            _TABLE,
            "INSERT",
            'EXISTS (SELECT 1 FROM "intake_case" k WHERE k.id = NEW."case_id" AND k.status = \'closed\')',
            "the case of this critical result is closed",
        )
    )
    register(
        keep_columns(
            "an_acknowledgement_stays",
            _TABLE,
            _ACKNOWLEDGED,
            when='OLD."acknowledged_at" IS NOT NULL',
            message="a critical result stays acknowledged as it was",
        )
    )
