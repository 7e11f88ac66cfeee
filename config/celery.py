"""The Celery application. Settings were measured with killed, frozen and flushed brokers; see config/work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")

app = Celery("dermforward")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule(sender: Celery, **kwargs) -> None:
    """The tick that offers due rows, and what the apps registered. A tick that found no worker expires."""
    from config.work.registry import periodics

    sender.add_periodic_task(
        1.0, sender.signature("work.tick_task"), name="tick", queue="default", expires=3, retry=False
    )
    for job in periodics.values():
        sender.add_periodic_task(
            float(job.every_seconds),
            sender.signature(job.task_name),
            name=job.name,
            queue=job.queue,
            expires=max(3, job.every_seconds),
            retry=False,
        )
