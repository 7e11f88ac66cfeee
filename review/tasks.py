from celery import shared_task

from review import critical, delivery, followup
from review.letters import making
from review.record import building


@shared_task(name="review.send_notice_task", soft_time_limit=45, time_limit=50)
def send_notice_task(delivery_id: str) -> None:
    delivery.send_notice(delivery_id)


@shared_task(name="review.follow_up_task", soft_time_limit=45, time_limit=50)
def follow_up_task() -> None:
    followup.tick()


@shared_task(name="review.critical_task", soft_time_limit=45, time_limit=50)
def critical_task() -> None:
    critical.tick()


@shared_task(name="review.make_letters_task", soft_time_limit=50, time_limit=55)
def make_letters_task(pair_id: str) -> None:
    making.make_letters(pair_id)


@shared_task(name="review.make_record_task", soft_time_limit=840, time_limit=870)
def make_record_task(export_id: str) -> None:
    building.make_record(export_id)


@shared_task(name="review.tidy_records_task", soft_time_limit=50, time_limit=55)
def tidy_records_task() -> None:
    building.tidy()
