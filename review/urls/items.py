from django.urls import path

from review.views import items, standing

urlpatterns = [
    path("my/steps/", items.own_steps, name="own_steps"),
    path("my/steps/<uuid:item_id>/", items.own_step, name="own_step"),
    path("steps/", items.item_list, name="items"),
    path("steps/standing/", standing.standing_page, name="standing"),
    path("steps/standing/<slug:measure>/csv/", standing.standing_csv, name="standing_csv"),
    path("steps/<uuid:item_id>/", items.item, name="item"),
    path("steps/<uuid:item_id>/open/", items.item_reopen, name="item_reopen"),
    path("results/pathology/<int:report_id>/report.pdf", items.pathology_file, name="pathology_file"),
    path("results/<uuid:case_id>/pathology/", items.pathology_new, name="pathology_new"),
]
