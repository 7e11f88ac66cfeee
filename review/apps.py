from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"

    def ready(self) -> None:
        from config import navigation, registry, work
        from config.audit.triggers import register_append_only, register_frozen
        from intake import steps
        from review import critical, delivery, guards, invariants, items, paper, worklist
        from review.models import (
            ActionItem,
            AddedTime,
            Addendum,
            Annotation,
            AnnotationWithdrawal,
            AssistantTime,
            Beat,
            CriticalResult,
            CriticalStep,
            Delivery,
            InterlockAnswer,
            Letter,
            LetterPair,
            PathologyReport,
            RecordExport,
            Review,
            Truth,
        )
        from review.record import building

        work.register("notice", Delivery, "review.send_notice_task", "mail", "notice of a result")
        work.register(
            "record",
            RecordExport,
            "review.make_record_task",
            "exports",
            "a patient's whole record",
            building.LEASE_SECONDS,
        )
        work.register_periodic("records-tidy", "review.tidy_records_task", every_seconds=3600)
        work.register("letters", LetterPair, "review.make_letters_task", "mail", "letters as PDF")
        for model in (
            Beat, CriticalStep, AddedTime, AssistantTime, Addendum, InterlockAnswer, Annotation, AnnotationWithdrawal, Truth,
            Letter,
        ):  # fmt: skip
            register_append_only(model._meta.db_table)
        register_frozen(Review._meta.db_table, since="signed_at", columns=Review.FROZEN)
        register_frozen(ActionItem._meta.db_table, since="frozen_at", columns=ActionItem.FROZEN)
        register_frozen(CriticalResult._meta.db_table, since="raised_at", columns=CriticalResult.FROZEN)
        guards.install()
        register_frozen(PathologyReport._meta.db_table, since="at", columns=PathologyReport.FROZEN)
        steps.register(items.counts_of_patient)
        work.register_periodic("critical results", "review.critical_task", 60)
        work.register_periodic("follow up", "review.follow_up_task", 60)
        for check in (
            invariants.signed_reviews_are_what_was_signed,
            invariants.measured_time_is_what_the_tape_says,
            invariants.no_clinician_is_credited_twice_for_a_moment,
            invariants.no_case_is_closed_with_a_critical_result_open,
            invariants.letters_are_what_was_made,
            invariants.pathology_files_are_what_was_attached,
        ):
            registry.register_invariant(check.__name__, check)
        navigation.register("specialist", "Work list", "review:worklist", worklist.count_for_bar)
        navigation.register("specialist", "Signed", "review:signed_list", items.unseen_pathology)
        navigation.register("specialist", "Your texts", "review:texts", seldom=True)
        navigation.register("specialist", "Your readings", "review:calibration", seldom=True)
        navigation.register("administrator", "Reading order", "review:reading_order", seldom=True)
        navigation.register("referrer", "Referred patients", "review:referrer_home", delivery.unread_by_referrer)
        navigation.register("staff", "Results", "review:results_to_close", delivery.count_to_close)
        for role in ("staff", "referrer", "specialist", "administrator"):
            navigation.register(role, "Critical", "review:critical_board", critical.waiting)
        for role in ("staff", "referrer", "specialist"):
            navigation.register(role, "Steps", "review:items", items.waiting_on(role))
        navigation.register("staff", "To print", "review:to_print", paper.count_to_print, seldom=True)
