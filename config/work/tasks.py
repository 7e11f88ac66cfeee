from celery import current_app, shared_task

from config.work import services
from config.work.registry import Kind

# the moment is told by the sender's clock and read by the worker's, which may stand on another machine
CLOCKS_APART_SECONDS = 300


def send(kind: Kind, pk) -> None:
    # retry False: a publish that fails must end the sweep at once, or a dead broker would hang it for minutes
    # expires: by then the row is offered again, so that what a slow hour leaves in the queue is not worked off twice
    expires = services.DISPATCH_SECONDS + CLOCKS_APART_SECONDS
    current_app.send_task(kind.task_name, args=[str(pk)], queue=kind.queue, retry=False, expires=expires)


@shared_task(name="work.tick_task", soft_time_limit=20, time_limit=30)
def tick_task() -> None:
    services.sweep(send)
