from celery import shared_task
from django.utils import timezone

from config.accounts import outbox, reach, throttle
from config.accounts.signin_models import KeptText, OutgoingMail
from config.mail import is_refusal
from config.work import services as work


@shared_task(name="accounts.send_mail_task", soft_time_limit=50, time_limit=55)
def send_mail_task(mail_id: str) -> None:
    lease = work.claim(OutgoingMail, mail_id)
    if lease is None:
        return
    try:
        outbox.deliver(OutgoingMail.objects.get(pk=mail_id))
    except reach.Quiet as quiet:
        work.put_off(lease, quiet.until)
        return
    except OSError as error:
        # the kind of failure only: a server's answer may repeat the address
        work.fail(lease, type(error).__name__, outage=not is_refusal(error))
        return
    try:
        work.settle(lease, context={}, settled_at=timezone.now())
    except work.Fenced:
        return


@shared_task(name="accounts.tidy_task", soft_time_limit=50, time_limit=60)
def tidy_task() -> None:
    """Tries that count no more, and typed text that nobody came back for."""
    throttle.tidy()
    KeptText.objects.filter(expires_at__lte=timezone.now()).delete()
