from celery import shared_task

from billing import backlog, exporting, services


@shared_task(name="billing.charge_review_task", soft_time_limit=45, time_limit=50)
def charge_review_task(review_id: str) -> None:
    services.charge_review(review_id)


@shared_task(name="billing.decide_again_task", soft_time_limit=45, time_limit=50)
def decide_again_task(line_id: str) -> None:
    services.decide_again(int(line_id))


@shared_task(name="billing.wake_changed_task", soft_time_limit=20, time_limit=30)
def wake_changed_task() -> None:
    services.wake_changed()


@shared_task(name="billing.wake_all_task", soft_time_limit=20, time_limit=30)
def wake_all_task() -> None:
    """Facts of people and clinics change without telling billing: every held line is looked at again now and then."""
    from billing.models import ChargeLine

    ChargeLine.objects.wake()


@shared_task(name="billing.export_batch_task", soft_time_limit=45, time_limit=50)
def export_batch_task(batch_id: str) -> None:
    exporting.advance(batch_id)


@shared_task(name="billing.charge_backlog_task", soft_time_limit=20, time_limit=30)
def charge_backlog_task() -> None:
    backlog.charge_backlog()
