from django.urls import path

from review.views import results

urlpatterns = [
    path("my/results/<uuid:case_id>/", results.patient_result, name="patient_result"),
    path("results/<uuid:case_id>/read/<slug:kind>/", results.acknowledge, name="acknowledge"),
    path("referrals/", results.referrer_home, name="referrer_home"),
    path("referrals/<uuid:case_id>/", results.referrer_result, name="referrer_result"),
    path("results/", results.results_to_close, name="results_to_close"),
    path("results/<uuid:case_id>/", results.staff_result, name="staff_result"),
    path("results/<uuid:case_id>/close/", results.close, name="close"),
    path("results/<uuid:case_id>/wrong-person/", results.report_wrong_person, name="report_wrong_person"),
    path("results/told/<uuid:delivery_id>/", results.told, name="told"),
    path("signed/<uuid:review_id>/addendum/", results.addendum, name="addendum"),
]
