from celery import shared_task

from intake import entries, escalation, renditions, tiling, triage, uploads


@shared_task(name="intake.process_photo_task", soft_time_limit=50, time_limit=55)
def process_photo_task(photo_id: str) -> None:
    renditions.process_photo(photo_id)


@shared_task(name="intake.make_tiles_task", soft_time_limit=50, time_limit=55)
def make_tiles_task(pk: str) -> None:
    tiling.make_tiles(pk)


@shared_task(name="intake.sweep_uploads_task")
def sweep_uploads_task() -> None:
    uploads.sweep()


@shared_task(name="intake.remind_task")
def remind_task() -> None:
    triage.remind_at_half_time()
    triage.escalate_overdue()


@shared_task(name="intake.targets_task")
def targets_task() -> None:
    entries.refill_stale()
    escalation.escalate()
