from celery import shared_task

from config.audit import seals


@shared_task(name="audit.seal_task", soft_time_limit=20, time_limit=30)
def seal_task() -> int:
    return seals.seal()


@shared_task(name="audit.seal_stragglers_task", soft_time_limit=50, time_limit=60)
def seal_stragglers_task() -> int:
    """Looks through the whole trail for rows that committed long after their neighbours."""
    return seals.seal(everything=True)
