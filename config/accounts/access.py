"""Who may open a view. Every view carries one of these marks; a test walks the URLconf and fails on one without."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

ANYONE = frozenset({"anyone"})
SIGNED_IN = frozenset({"signed_in"})

View = Callable[..., HttpResponse]


def public(view: View) -> View:
    view.allowed_roles = ANYONE  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    return _guarded(view, SIGNED_IN)


def role_required(*roles: str) -> Callable[[View], View]:
    """A signed-out person is asked to sign in; a signed-in person of another role finds nothing here (404)."""
    return lambda view: _guarded(view, frozenset(str(role) for role in roles))


def _guarded(view: View, allowed: frozenset[str]) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if allowed != SIGNED_IN and not (request.user.roles & allowed):
            raise Http404
        return view(request, *args, **kwargs)

    guarded.allowed_roles = allowed  # type: ignore[attr-defined]
    return guarded
