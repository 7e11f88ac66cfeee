from celery import current_app, shared_task

from config.work import services
from config.work.registry import Kind


def send(kind: Kind, pk) -> None:
    # retry False: a publish that fails must end the sweep at once, or a dead broker would hang it for minutes
    # expires: by then the row is offered again, so that what a slow hour leaves in the queue is not worked off twice
    current_app.send_task(
        kind.task_name, args=[str(pk)], queue=kind.queue, retry=False, expires=services.DISPATCH_SECONDS
    )


@shared_task(name="work.tick_task", soft_time_limit=20, time_limit=30)
def tick_task() -> None:
    services.sweep(send)
