from django.urls import path

from review.views import letters, paper, record, results

urlpatterns = [
    path("my/results/<uuid:case_id>/", results.patient_result, name="patient_result"),
    path("my/record/", record.record, name="record"),
    path("my/record/<uuid:patient_id>/make/", record.ask, name="record_ask"),
    path("my/record/<uuid:export_id>/file/", record.download, name="record_download"),
    path("results/<uuid:case_id>/read/<slug:kind>/", results.acknowledge, name="acknowledge"),
    path("referrals/", results.referrer_home, name="referrer_home"),
    path("referrals/<uuid:case_id>/", results.referrer_result, name="referrer_result"),
    path("results/", results.results_to_close, name="results_to_close"),
    path("results/<uuid:case_id>/", results.staff_result, name="staff_result"),
    path("results/<uuid:case_id>/close/", results.close, name="close"),
    path("results/<uuid:case_id>/wrong-person/", results.report_wrong_person, name="report_wrong_person"),
    path("results/told/<uuid:delivery_id>/", results.told, name="told"),
    path("letters/print/", paper.to_print, name="to_print"),
    path("letters/print/<uuid:delivery_id>/", paper.printed, name="printed"),
    path("letters/", letters.letter_check, name="letter_check_form"),
    path("letters/<str:code>/", letters.letter_check, name="letter_check"),
    path("letters/<uuid:pair_id>/<slug:audience>/<slug:paper>.pdf", letters.letter, name="letter"),
    path("letters/<uuid:pair_id>/release/", letters.release, name="release_letters"),
    path("signed/<uuid:review_id>/addendum/", results.addendum, name="addendum"),
]
