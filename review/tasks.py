from celery import shared_task

from review import critical, delivery, followup


@shared_task(name="review.send_notice_task", soft_time_limit=45, time_limit=50)
def send_notice_task(delivery_id: str) -> None:
    delivery.send_notice(delivery_id)


@shared_task(name="review.follow_up_task", soft_time_limit=45, time_limit=50)
def follow_up_task() -> None:
    followup.tick()


@shared_task(name="review.critical_task", soft_time_limit=45, time_limit=50)
def critical_task() -> None:
    critical.tick()
