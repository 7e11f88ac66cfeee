from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"

    def ready(self) -> None:
        from billing import alignment, desk, facts, guards, invariants, posting, queries
        from billing.models import (
            AnswerMatch,
            Batch,
            BatchFile,
            ChargeDecision,
            ChargeLine,
            ChargeReversal,
            ClaimCorrection,
            HoldRelease,
            PayerAnswer,
            PayerFile,
            PayerTransaction,
            Posting,
            ReferenceChange,
        )
        from config import navigation, registry, work
        from config.audit.triggers import register_append_only
        from intake import patient_cards, routing
        from review.models import Review

        work.register("charge", Review, "billing.charge_review_task", "default", "charge")
        work.register("decision", ChargeLine, "billing.decide_again_task", "default", "charge line")
        work.register_periodic("wake changed lines", "billing.wake_changed_task", 2)
        work.register_periodic("wake held lines", "billing.wake_all_task", 600)
        work.register_periodic("charge backlog", "billing.charge_backlog_task", 2)
        work.register("export", Batch, "billing.export_batch_task", "exports", "batch")
        for model in (
            AnswerMatch, BatchFile, ChargeDecision, ChargeReversal, ClaimCorrection, HoldRelease, PayerAnswer, PayerFile,
            PayerTransaction, Posting, ReferenceChange,
        ):  # fmt: skip
            register_append_only(model._meta.db_table)
        guards.install()
        routing.register_roster(facts.roster_of)
        patient_cards.register(alignment.CARD)
        for check in (
            invariants.every_signed_review_has_one_decision,
            invariants.no_line_without_a_signature,
            invariants.lines_match_their_last_decision,
            invariants.batch_bytes_are_unchanged,
            invariants.batches_add_up,
            invariants.exported_lines_are_in_a_batch,
            invariants.lines_stand_as_their_answers_say,
            invariants.void_lines_are_reversed_to_the_cent,
            invariants.superseded_lines_have_their_next_version,
        ):
            registry.register_invariant(check.__name__, check)
        navigation.register("biller", "Desk", "billing:desk", desk.ready_count)
        navigation.register("biller", "Batches", "billing:batches")
        navigation.register("biller", "Claims and payments", "billing:payers", posting.unmatched_count)
        navigation.register("biller", "Missing charges", "billing:missing", seldom=True)
        navigation.register("biller", "Totals", "billing:totals", seldom=True)
        navigation.register("biller", "Models and fees", "billing:reference")
        navigation.register("specialist", "Questions to you", "billing:questions", queries.waiting_for, seldom=True)
        navigation.register("administrator", "Models and fees", "billing:reference", seldom=True)
