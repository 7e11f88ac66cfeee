"""Django's data tables at /administration/data/: same sign-in page, administrators only, nothing is deleted."""

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest
from django.shortcuts import redirect

from config.accounts.roles import Role
from config.audit.services import record


def is_administrator(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_active and Role.ADMINISTRATOR.value in user.roles


class DataSite(admin.AdminSite):
    site_header = "Dermforward data tables"
    site_title = "Dermforward"
    index_title = "Data tables"
    site_url = "/administration/"
    allowed_roles = frozenset({Role.ADMINISTRATOR.value})

    def has_permission(self, request: HttpRequest) -> bool:
        return is_administrator(request)

    def login(self, request: HttpRequest, extra_context=None):
        """Signed out: the one sign-in page. Signed in without the role: there is nothing here."""
        if request.user.is_authenticated and not is_administrator(request):
            raise Http404
        return redirect_to_login(request.GET.get("next", self.site_url))

    def password_change(self, request: HttpRequest, extra_context=None):
        return redirect("accounts:password_change")


class DataModelAdmin(admin.ModelAdmin):
    """Any administrator may look and edit; rows are ended or switched off, never deleted. Each change is audited."""

    def has_view_permission(self, request, obj=None) -> bool:
        return is_administrator(request)

    def has_add_permission(self, request) -> bool:
        return is_administrator(request)

    def has_change_permission(self, request, obj=None) -> bool:
        return is_administrator(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        return False

    def has_module_permission(self, request) -> bool:
        return is_administrator(request)

    def save_model(self, request, obj, form, change) -> None:
        super().save_model(request, obj, form, change)
        record(
            "data.changed" if change else "data.added",
            by=request.user,
            role=Role.ADMINISTRATOR,
            subject=obj,
            data={"fields": sorted(form.changed_data)},
            request=request,
        )
