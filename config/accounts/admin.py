from django.contrib import admin

from config.accounts.admin_site import DataModelAdmin
from config.accounts.models import Clinic, Licence, Membership, Practitioner, SpokenLanguage, User


@admin.register(User)
class UserAdmin(DataModelAdmin):
    list_display = ["email", "last_name", "first_name", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["email", "last_name", "first_name"]
    fields = ["email", "first_name", "last_name", "phone", "date_joined"]
    readonly_fields = ["date_joined"]
    show_full_result_count = False

    def has_add_permission(self, request) -> bool:
        return False  # people are added where they are also given a role: /administration/people/new/


@admin.register(Clinic)
class ClinicAdmin(DataModelAdmin):
    list_display = ["name", "kind", "city", "state", "is_active"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name"]


@admin.register(Membership)
class MembershipAdmin(DataModelAdmin):
    list_display = ["user", "clinic", "role", "lead", "is_active"]
    list_filter = ["role", "is_active"]
    search_fields = ["user__email", "clinic__name"]
    autocomplete_fields = ["user", "clinic"]
    list_select_related = ["user", "clinic"]
    show_full_result_count = False


class LicenceInline(admin.TabularInline):
    model = Licence
    extra = 0
    can_delete = False

    def has_view_permission(self, request, obj=None) -> bool:
        return True  # the page itself is for administrators

    has_add_permission = has_change_permission = has_view_permission


class SpokenLanguageInline(admin.TabularInline):
    model = SpokenLanguage
    extra = 0
    verbose_name, verbose_name_plural = "language besides English", "languages besides English"

    def has_view_permission(self, request, obj=None) -> bool:
        return True  # the page itself is for administrators

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(Practitioner)
class PractitionerAdmin(DataModelAdmin):
    list_display = ["user", "npi", "specialty", "credentials"]
    list_filter = ["specialty"]
    search_fields = ["user__email", "user__last_name", "npi"]
    autocomplete_fields = ["user"]
    list_select_related = ["user"]
    inlines = [LicenceInline, SpokenLanguageInline]


@admin.register(Licence)
class LicenceAdmin(DataModelAdmin):
    list_display = ["practitioner", "state", "number", "valid_from", "valid_until"]
    list_filter = ["state"]
    list_select_related = ["practitioner__user"]
