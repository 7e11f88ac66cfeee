"""What other apps hang on accounts. They register in `apps.ready()`; accounts never imports them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from config.accounts.models import User

invitation_links: list[Callable[[UUID, User], None]] = []
_profile_forms: dict[str, "ProfileForm"] = {}


@dataclass(frozen=True)
class ProfileForm:
    """A further card on /accounts/me/. `form(data, user=user, prefix=key)` is built and `form.save(by=user)` called."""

    key: str
    title: str
    applies: Callable[[User], bool]
    form: Callable[..., Any]


def register_invitation_link(link: Callable[[UUID, User], None]) -> None:
    """`link(subject_id, user)` ties the record named by the invitation to its person, in the same transaction."""
    if link not in invitation_links:
        invitation_links.append(link)


def register_profile_form(hook: ProfileForm) -> None:
    _profile_forms[hook.key] = hook


def profile_forms(user: User) -> Iterable[ProfileForm]:
    return [hook for hook in _profile_forms.values() if hook.applies(user)]
