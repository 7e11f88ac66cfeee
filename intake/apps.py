from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "intake"

    def ready(self) -> None:
        from config import mail, navigation, registry, work
        from config.accounts import hooks
        from config.audit.triggers import register_append_only
        from intake import calls, guards, invariants, messages, people, queue
        from intake.models import (
            CallAttempt,
            CaseChange,
            CaseEvent,
            Message,
            MessagePhoto,
            Misfiling,
            Photo,
            PhotoAdequacy,
            RelatedPerson,
            ShiftNote,
            TileSet,
        )

        guards.install()
        work.register("photo", Photo, "intake.process_photo_task", "images", "photo")
        work.register("tiles", TileSet, "intake.make_tiles_task", "images", "tiles of a large photo")
        work.register_periodic("reminders", "intake.remind_task", 120, "mail")
        work.register_periodic("uploads", "intake.sweep_uploads_task", 60, "images")
        work.register_periodic("targets", "intake.targets_task", 60)
        append_only = (CaseEvent, Message, MessagePhoto, CallAttempt, CaseChange, PhotoAdequacy, Misfiling, ShiftNote)
        register_append_only(*(model._meta.db_table for model in append_only))
        navigation.register("staff", "Triage", "intake:triage_queue", queue.waiting)
        navigation.register("staff", "Waiting for patients", "intake:asked", queue.with_patients, seldom=True)
        navigation.register("staff", "To call", "intake:calls", calls.waiting)
        navigation.register("staff", "Routing", "intake:routes", seldom=True)
        navigation.register("specialist", "Away", "intake:away", seldom=True)
        navigation.register("administrator", "Away", "intake:away", seldom=True)
        navigation.register("staff", "All cases", "intake:all_cases", seldom=True)
        navigation.register("staff", "Patients", "intake:patients")
        navigation.register("staff", "Messages", "intake:inbox", messages.waiting_at_clinic)
        navigation.register("specialist", "Messages", "intake:inbox", messages.waiting_at_specialist)
        navigation.register("referrer", "Messages", "intake:inbox", messages.waiting_at_referrer)
        navigation.register("administrator", "Targets and hours", "intake:targets")
        navigation.register("patient", "Your cases", "intake:patient_home")
        for check in (
            invariants.originals_are_there_and_unchanged,
            invariants.ready_photos_have_their_renditions,
            invariants.every_case_follows_its_events,
            invariants.no_late_photo_without_alarm,
            invariants.open_requests_belong_to_waiting_cases,
            invariants.every_redirect_has_its_task,
            invariants.submitted_before_it_was_signed,
            invariants.seeded_cases_only_in_a_demo,
            invariants.every_open_case_is_in_the_queue,
            invariants.merged_records_are_empty_and_say_why,
            invariants.wrong_persons_are_on_record,
            invariants.conversations_are_with_their_person,
        ):
            registry.register_invariant(check.__name__, check)
        # whoever acts for a patient works on the patient's pages
        registry.register_role_rows("patient", RelatedPerson.objects.active)
        hooks.register_invitation_link(people.link_patient)
        hooks.register_profile_form(people.ADDRESS_CARD)
        mail.register_language(people.language_of_address)
