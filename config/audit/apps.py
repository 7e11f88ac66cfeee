from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    name = "config.audit"
    label = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from config.audit import guards, invariants, triggers
        from config.registry import register_invariant
        from config.work.registry import register_periodic

        triggers.register_append_only("audit_auditevent", "audit_auditseal")
        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="append_only_triggers")
        # a guard that reads another table would stop SQLite from remaking that one
        pre_migrate.connect(guards.remove_before_migrate, sender=self, dispatch_uid="row_guards_away")
        post_migrate.connect(guards.install_after_migrate, sender=self, dispatch_uid="row_guards")
        register_invariant("audit chain", invariants.chain_holds)
        register_invariant("append-only tables", invariants.append_only_tables_are_guarded)
        register_periodic("audit-seal", "audit.seal_task", every_seconds=2, queue="default")
        register_periodic("audit-seal-stragglers", "audit.seal_stragglers_task", every_seconds=240, queue="default")
