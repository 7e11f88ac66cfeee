"""Signing out whoever went away, without losing what was typed.

A session ends after 15 minutes (30 for patients) without a request, and after 12 hours in any case. The page warns
2 minutes before (config/static/js/idle.js). What a form posts after that is kept for its person for an hour: after
signing in, /accounts/kept/ shows it and sends it on to the same address. Views do nothing for this. Two marks exist:

- `@passive` on a view (or the header `X-Background: 1` on a request): it does not count as activity, such as polling.
- A script's request that finds the session over gets 401 with `{"signed_out": true, "sign_in": url}`, and htmx a
  redirect of the whole page; text fields that it posted are kept in the same way.
"""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from config.accounts.access import ANYONE
from config.accounts.landing import roles_with_homes
from config.accounts.models import User
from config.accounts.roles import Role
from config.accounts.signin_models import KeptText

STARTED, SEEN, WAS = "started", "seen", "was"
KEEP_FOR = timedelta(hours=1)
TOUCH_EVERY = 30  # s; a session row is not written more often than this
NEVER_KEPT = ("password", "csrfmiddlewaretoken")
KEPT_BYTES = 200_000
KEPT_FIELD = "kept_text"


def passive(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    view.passive = True  # type: ignore[attr-defined]
    return view


def start_session(request: HttpRequest) -> None:
    request.session[STARTED] = request.session[SEEN] = timezone.now().timestamp()


def idle_seconds(user: User) -> int:
    only_patient = user.roles <= {Role.PATIENT.value}
    return 60 * (settings.IDLE_MINUTES_PATIENT if only_patient else settings.IDLE_MINUTES_STAFF)


def is_over(request: HttpRequest) -> bool:
    now, session, user = timezone.now().timestamp(), request.session, request.user
    started, seen = session.get(STARTED), session.get(SEEN)
    if started is None or seen is None:
        return False
    if user.sessions_valid_from and started < user.sessions_valid_from.timestamp():
        return True
    return now - seen > idle_seconds(user) or now - started > settings.SESSION_HOURS * 3600


class IdleMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
            if KEPT_FIELD in request.POST and response.status_code < 400:
                forget(request.user, request.POST[KEPT_FIELD])
        return response

    # Here and not in __call__: the CSRF check has passed by now, so nobody else can put words into a kept text.
    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponse | None:
        if request.user.is_authenticated:
            if not is_over(request):
                self._touch(request, view)
                return None
            was = str(request.user.pk)
            logout(request)
            request.session[WAS] = was
        was = request.session.get(WAS)
        if not was or getattr(view, "allowed_roles", ANYONE) == ANYONE:
            return None
        if request.method == "POST":
            keep(request, user_id=was)
        return self._ask_to_sign_in(request)

    def _touch(self, request: HttpRequest, view) -> None:
        now, session = timezone.now().timestamp(), request.session
        if STARTED not in session:
            start_session(request)
        elif getattr(view, "passive", False) or request.headers.get("X-Background"):
            return
        elif now - session[SEEN] >= TOUCH_EVERY:
            session[SEEN] = now

    def _ask_to_sign_in(self, request: HttpRequest) -> HttpResponse:
        answer = redirect_to_login(page_of(request))
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": answer.url})
        if request.headers.get("Sec-Fetch-Dest") == "empty" or "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"signed_out": True, "sign_in": answer.url}, status=401)
        return answer


def page_of(request: HttpRequest) -> str:
    """The page the person was on: for a POST or a script's request the one that it came from."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    referer = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        parts = urlsplit(referer)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return request.get_full_path() if request.method == "GET" else "/"


def keep(request: HttpRequest, *, user_id: str) -> None:
    fields = {
        name: values
        for name, values in request.POST.lists()
        if not any(word in name.lower() for word in NEVER_KEPT) and any(value.strip() for value in values)
    }
    if not fields or sum(len(value) for values in fields.values() for value in values) > KEPT_BYTES:
        return
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        return
    now = timezone.now()
    KeptText.objects.update_or_create(
        user_id=user_id,
        path=request.get_full_path()[:500],
        defaults={
            "page": page_of(request)[:500],
            "fields": fields,
            "had_files": bool(request.FILES),
            "kept_at": now,
            "expires_at": now + KEEP_FOR,
        },
    )


def kept_for(user: User):
    return KeptText.objects.filter(user=user, expires_at__gt=timezone.now()).order_by("-kept_at")


def forget(user: User, kept_id: str) -> None:
    """It arrived where it was going."""
    try:
        KeptText.objects.filter(user_id=user.pk, pk=kept_id).delete()
    except ValidationError:
        pass  # not an id of ours


def session_facts(request: HttpRequest) -> dict:
    """Context processor: what the idle warning and the role switcher need to know."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"frame": "base_patient.html"}
    roles = roles_with_homes(request.user)
    return {
        # accounts pages serve everybody: patients get their large, quiet frame
        "frame": "base_patient.html" if set(roles) <= {Role.PATIENT.value} else "base.html",
        "idle_seconds": idle_seconds(request.user),
        "role_switch": [(role, Role(role).label) for role in roles] if len(roles) > 1 else [],
    }
