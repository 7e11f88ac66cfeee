from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import desk, facts, guards, invariants
        from billing.models import (
            Batch,
            BatchFile,
            ChargeDecision,
            ChargeLine,
            ChargeReversal,
            HoldRelease,
            ReferenceChange,
        )
        from config import navigation, registry, work
        from config.audit.triggers import register_append_only
        from intake import routing
        from review.models import Review

        work.register("charge", Review, "billing.charge_review_task", "default", "charge")
        work.register("decision", ChargeLine, "billing.decide_again_task", "default", "charge line")
        work.register_periodic("wake changed lines", "billing.wake_changed_task", 2)
        work.register_periodic("wake held lines", "billing.wake_all_task", 600)
        work.register("export", Batch, "billing.export_batch_task", "exports", "batch")
        for model in (BatchFile, ChargeDecision, ChargeReversal, HoldRelease, ReferenceChange):
            register_append_only(model._meta.db_table)
        guards.install()
        routing.register_roster(facts.roster_of)
        for check in (
            invariants.every_signed_review_has_one_decision,
            invariants.no_line_without_a_signature,
            invariants.lines_match_their_last_decision,
            invariants.batch_bytes_are_unchanged,
            invariants.batches_add_up,
            invariants.exported_lines_are_in_a_batch,
            invariants.void_lines_are_reversed_to_the_cent,
            invariants.superseded_lines_have_their_next_version,
        ):
            registry.register_invariant(check.__name__, check)
        navigation.register("biller", "Desk", "billing:desk", desk.ready_count)
        navigation.register("biller", "Batches", "billing:batches")
        navigation.register("biller", "Models and fees", "billing:reference")
        navigation.register("administrator", "Models and fees", "billing:reference")
