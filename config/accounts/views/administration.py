"""People, clinics, licences, invitations and kept mail. Administrators see no clinical content on any of these."""

from django.contrib import messages
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config import mail
from config.accounts import services
from config.accounts.access import role_required
from config.accounts.forms import MembershipForm, PersonForm
from config.accounts.models import Clinic, Licence, Membership, User
from config.accounts.roles import Role
from config.accounts.signin_models import Invitation, OutgoingMail

PAGE = 50
administrators = role_required(Role.ADMINISTRATOR)


@administrators
@require_GET
def administration(request: HttpRequest) -> HttpResponse:
    """The list of people. Pages continue after the last address shown, so that a million people cost nothing."""
    words, after = request.GET.get("q", "").split()[:5], request.GET.get("after", "")
    people = User.objects.order_by("email")
    for word in words:
        people = people.filter(
            Q(email__icontains=word) | Q(first_name__istartswith=word) | Q(last_name__istartswith=word)
        )
    active = Membership.objects.filter(is_active=True).select_related("clinic")
    rows = list(
        people.filter(email__gt=after).prefetch_related(Prefetch("memberships", active, to_attr="shown"))[: PAGE + 1]
    )
    facts = {
        "people": rows[:PAGE],
        "more": rows[PAGE - 1].email if len(rows) > PAGE else "",
        "q": " ".join(words),
        "after": after,
    }
    return render(request, "accounts/administration.html", facts)


@administrators
def person_new(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = services.add_person(by=request.user, **form.cleaned_data)
        messages.success(request, f"{user} has an account. A mail with a link to set the password is on its way.")
        return redirect("accounts:person", user_id=user.pk)
    return render(request, "accounts/person_new.html", {"form": form})


@administrators
def person(request: HttpRequest, user_id) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    form = MembershipForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.grant(by=request.user, user=user, **form.cleaned_data)
        messages.success(request, "The role is added.")
        return redirect("accounts:person", user_id=user.pk)
    memberships = user.memberships.filter(is_active=True).select_related("clinic").order_by("clinic__name", "role")
    return render(request, "accounts/person.html", {"person": user, "memberships": memberships, "form": form})


@administrators
@require_POST
def person_action(request: HttpRequest, user_id, action: str) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    try:
        if action == "end-role":
            membership = get_object_or_404(user.memberships, pk=request.POST.get("membership") or 0)
            services.end_membership(by=request.user, membership=membership)
            messages.success(request, "The role has ended.")
        elif action in {"turn-off", "turn-on"}:
            services.set_active(by=request.user, users=[user], active=action == "turn-on")
            messages.success(request, "The account is on." if action == "turn-on" else "The account is off.")
        elif action == "password-link":
            services.ask_for_password_reset(email=user.email)
            messages.success(request, f"A link to set a new password is on its way to {user.email}.")
        else:
            raise Http404
    except services.AdministrationRefused as error:
        messages.error(request, str(error))
    return redirect("accounts:person", user_id=user.pk)


@administrators
@require_GET
def clinics(request: HttpRequest) -> HttpResponse:
    active = Count("memberships", filter=Q(memberships__is_active=True))
    rows = Clinic.objects.annotate(people=active).order_by("kind", "name")[:500]
    return render(request, "accounts/clinics.html", {"clinics": rows})


@administrators
@require_GET
def licences(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    rows = (
        Licence.objects.select_related("practitioner__user")
        .prefetch_related("practitioner__spoken")
        .order_by("practitioner__user__last_name", "state")[:500]
    )
    return render(request, "accounts/licences.html", {"licences": rows, "today": today})


@administrators
@require_GET
def invitations(request: HttpRequest) -> HttpResponse:
    rows = Invitation.objects.select_related("clinic", "created_by").order_by("-created_at")[:100]
    return render(request, "accounts/invitations.html", {"invitations": rows})


@administrators
@require_POST
def invitation_revoke(request: HttpRequest, invitation_id) -> HttpResponse:
    services.revoke_invitation(by=request.user, invitation=get_object_or_404(Invitation, pk=invitation_id))
    messages.success(request, "The invitation no longer works.")
    return redirect("accounts:invitations")


@administrators
@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """What was sent: with a mail server only the state of account mails, without one also the texts."""
    facts = {
        "in_folder": mail.is_kept_in_folder(),
        "kept": mail.kept_mails() if mail.is_kept_in_folder() else [],
        "outgoing": OutgoingMail.objects.order_by("-created_at")[:50],
    }
    return render(request, "accounts/mails.html", facts)


@administrators
@require_GET
def mail_text(request: HttpRequest, name: str) -> HttpResponse:
    found = mail.kept_mail(name) if mail.is_kept_in_folder() else None
    if found is None:
        raise Http404
    return render(request, "accounts/mail_text.html", {"mail": found})
