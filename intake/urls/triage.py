from django.urls import path

from intake.views import calls, links, patients, photos, redirects, requests, triage, uploads

urlpatterns = [
    path("triage/", triage.triage_queue, name="triage_queue"),
    path("triage/photo-hints/", photos.photo_hints, name="photo_hints"),
    path("triage/asked/", triage.asked, name="asked"),
    path("triage/calls/", calls.call_list, name="calls"),
    path("triage/cases/", triage.all_cases, name="all_cases"),
    path("triage/<uuid:case_id>/", triage.triage_case, name="triage_case"),
    path("triage/<uuid:case_id>/accept/", triage.accept, name="accept"),
    path("triage/<uuid:case_id>/ask/", requests.ask, name="ask"),
    path("triage/<uuid:case_id>/in-person/", redirects.redirect_away, name="redirect"),
    path("triage/<uuid:case_id>/call/", calls.call, name="call"),
    path("triage/<uuid:case_id>/more-time/", calls.more_time, name="more_time"),
    path("my/cases/<uuid:case_id>/sheet/", calls.sheet, name="sheet"),
    path("triage/<uuid:case_id>/back/", triage.back_to_triage, name="back_to_triage"),
    path("triage/<uuid:case_id>/go-on/", requests.go_on_without, name="go_on_without"),
    path("my/cases/<uuid:case_id>/answer/", requests.case_answer, name="case_answer"),
    path("triage/uploads/<uuid:upload_id>/skip/", uploads.upload_skip, name="upload_skip"),
    path("patients/", patients.patients, name="patients"),
    path("patients/new/", patients.patient_new, name="patient_new"),
    path("patients/<uuid:patient_id>/", patients.patient, name="patient"),
    path("patients/<uuid:patient_id>/address/", patients.patient_edit, name="patient_edit"),
    path("patients/<uuid:patient_id>/invite/", patients.patient_invite, name="patient_invite"),
    path("patients/<uuid:patient_id>/link/", links.link_new, name="link_new"),
    path("patients/<uuid:patient_id>/related/", links.related_invite, name="related_invite"),
    path("patients/related/<uuid:related_id>/end/", links.related_end, name="related_end"),
    path("triage/<uuid:case_id>/link/", links.link_for_case, name="link_for_case"),
]
