"""What the database itself refuses about lines and reference rows, on both engines."""

from billing import lifecycle
from billing.models import (
    Alignment,
    Batch,
    BatchLine,
    ChargeLine,
    ClinicianQuery,
    Fee,
    HcpcsCode,
    PayerPolicy,
    Programme,
    RosterEntry,
)
from config.audit.guards import Guard, keep_columns, no_overlap, register

_DECIDED_SINCE = 'EXISTS (SELECT 1 FROM "billing_chargedecision" d WHERE d.at >= OLD.recorded_at)'


def install() -> None:
    line = ChargeLine._meta.db_table
    register(
        keep_columns(
            "line_keeps_what_it_claims", line, lifecycle.FIXED, when="OLD.status <> 'held'",
            message="a line that left held keeps its code, amount and dates: a new version supersedes it",
        )
    )  # fmt: skip
    register(
        Guard(
            "line_moves_as_the_table_says",
            line,
            "UPDATE OF status",
            lifecycle.refused_moves(),
            "a line cannot move that way",
        )
    )
    register(Guard("line_is_never_removed", line, "DELETE", "1 = 1", "a line is never removed: void it"))
    _guard_batches()
    _guard_queries()
    for model in (Alignment, Fee, HcpcsCode, PayerPolicy, Programme, RosterEntry):
        _guard_dated(model)


def _guard_batches() -> None:
    """What a batch promises stays; what stands in it is fixed once its files are made; a row that left stays away."""
    table, message = Batch._meta.db_table, "a batch that was made is never changed"
    promised = (
        "id", "group_id", "payer_id", "submitter_id", "control_number", "created_at", "created_by_id", "envelope",
        "selection", "replaces_id", "reason",
    )  # fmt: skip
    register(keep_columns("batch_keeps_its_promise", table, promised, when="1 = 1", message=message))
    made = ("line_count", "total", "exported_at")
    register(keep_columns("batch_keeps_its_sums", table, made, when="OLD.status <> 'preparing'", message=message))
    ended = "OLD.status IN ('cancelled', 'replaced') OR NEW.status = 'preparing'"
    register(keep_columns("batch_never_goes_back", table, ("status",), when=ended, message=message))
    register(Guard("batch_is_never_removed", table, "DELETE", "1 = 1", message))
    table, message = BatchLine._meta.db_table, "a line's place in a batch is never changed"
    place = ("id", "batch_id", "line_id", "position", "part")
    register(keep_columns("batch_line_keeps_its_place", table, place, when="1 = 1", message=message))
    register(keep_columns("batch_line_left_for_good", table, ("is_live",), when="NOT OLD.is_live", message=message))
    register(Guard("batch_line_is_never_removed", table, "DELETE", "1 = 1", message))


def _guard_queries() -> None:
    """What was asked stays as it was asked; an answer is given once."""
    table, message = ClinicianQuery._meta.db_table, "a question and its answer are never changed"
    asked = ("id", "line_id", "review_id", "about", "question", "asked_by_id", "asked_at")
    register(keep_columns("query_keeps_what_was_asked", table, asked, when="1 = 1", message=message))
    closed = ("answer", "closed_how", "closed_by_id", "closed_at")
    register(keep_columns("query_is_closed_once", table, closed, when="OLD.closed_at IS NOT NULL", message=message))
    register(Guard("query_is_never_removed", table, "DELETE", "1 = 1", message))


def _guard_dated(model) -> None:
    table, name = model._meta.db_table, model._meta.model_name
    free = {"id", "valid_until", "withdrawn_at"}
    columns = tuple(field.column for field in model._meta.concrete_fields if field.column not in free)
    register(
        keep_columns(
            f"{name}_keeps_what_was_used", table, columns, when=_DECIDED_SINCE,
            message="a decision may rest on this row: end it and begin a new one",
        )
    )  # fmt: skip
    register(
        Guard(f"{name}_used_is_not_removed", table, "DELETE", _DECIDED_SINCE, "a decision may rest on this row: end it")
    )
    for guard in no_overlap(
        f"{name}_does_not_overlap", table, model.SAME, live="withdrawn_at",
        message="two rows of the same thing overlap: end the earlier one first",
    ):  # fmt: skip
        register(guard)
