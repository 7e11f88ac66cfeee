from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "config.accounts"
    label = "accounts"
    verbose_name = "People and clinics"

    def ready(self) -> None:
        from config import navigation
        from config.accounts import contact, hooks, invariants, spoken
        from config.accounts.roles import Role
        from config.accounts.signin_models import OutgoingMail
        from config.registry import register_invariant
        from config.work.registry import register, register_periodic

        hooks.register_profile_form(contact.NOTICES_CARD)
        register("account mail", OutgoingMail, "accounts.send_mail_task", "mail")
        register_periodic("accounts-tidy", "accounts.tidy_task", every_seconds=3600, queue="default")
        register_invariant("memberships", invariants.memberships_are_sane)
        register_invariant("addresses", invariants.addresses_are_lower_case)
        register_invariant("invitations", invariants.invitations_are_used_in_time)

        hooks.register_profile_form(spoken.LANGUAGES_CARD)

        for label, url_name, seldom in (
            ("People", "accounts:administration", False),
            ("Clinics and groups", "accounts:clinics", False),
            ("Licenses", "accounts:licences", False),
            ("Invitations", "accounts:invitations", True),
            ("Mail", "accounts:mails", True),
            ("Audit trail", "audit:trail", False),
            ("Data tables", "admin:index", True),
        ):
            navigation.register(Role.ADMINISTRATOR.value, label, url_name, seldom=seldom)
