from django.urls import path

from billing.views import batches, desk, lines, reference

app_name = "billing"
urlpatterns = [
    path("billing/", desk.desk, name="desk"),
    path("billing/preview/", batches.preview, name="preview"),
    path("billing/export/", batches.export, name="export"),
    path("billing/lines/<uuid:uid>/", lines.line, name="line"),
    path("billing/lines/<uuid:uid>/release/<slug:code>/", lines.release, name="release"),
    path("billing/lines/<uuid:uid>/void/", lines.void, name="void"),
    path("billing/batches/", batches.batches, name="batches"),
    path("billing/batches/<uuid:batch_id>/", batches.batch, name="batch"),
    path("billing/batches/<uuid:batch_id>/sent/", batches.change, {"verb": "sent"}, name="batch_sent"),
    path("billing/batches/<uuid:batch_id>/cancel/", batches.change, {"verb": "cancel"}, name="batch_cancel"),
    path("billing/batches/<uuid:batch_id>/again/", batches.change, {"verb": "again"}, name="batch_again"),
    path("billing/batches/<uuid:batch_id>/files/<int:file_id>/", batches.batch_file, name="batch_file"),
    path("billing/reference/", reference.reference, name="reference"),
    path("billing/reference/<slug:kind>/new/", reference.reference_edit, name="reference_new"),
    path("billing/reference/<slug:kind>/<int:pk>/", reference.reference_edit, name="reference_edit"),
]
