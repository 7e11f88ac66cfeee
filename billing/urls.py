from django.urls import path

from billing.views import batches, desk, imports, lines, payers, reference, whatif

app_name = "billing"
urlpatterns = [
    path("billing/", desk.desk, name="desk"),
    path("billing/preview/", batches.preview, name="preview"),
    path("billing/export/", batches.export, name="export"),
    path("billing/lines/<uuid:uid>/", lines.line, name="line"),
    path("billing/lines/<uuid:uid>/release/<slug:code>/", lines.release, name="release"),
    path("billing/lines/<uuid:uid>/void/", lines.void, name="void"),
    path("billing/lines/<uuid:uid>/claim/", payers.claim, name="claim"),
    path("billing/lines/<uuid:uid>/fhir/", payers.fhir, name="fhir"),
    path("billing/payers/", payers.payers, name="payers"),
    path("billing/payers/<uuid:file_id>/", payers.payer_file, name="payer_file"),
    path("billing/payers/<uuid:file_id>/bytes/", payers.payer_file_bytes, name="payer_file_bytes"),
    path("billing/payers/unmatched/<int:answer_id>/", payers.resolve, name="resolve_answer"),
    path("billing/reconciliation/", payers.reconcile, name="reconciliation"),
    path("billing/reconciliation/close/", payers.close_settled, name="close_settled"),
    path("billing/batches/", batches.batches, name="batches"),
    path("billing/batches/<uuid:batch_id>/", batches.batch, name="batch"),
    path("billing/batches/<uuid:batch_id>/sent/", batches.change, {"verb": "sent"}, name="batch_sent"),
    path("billing/batches/<uuid:batch_id>/cancel/", batches.change, {"verb": "cancel"}, name="batch_cancel"),
    path("billing/batches/<uuid:batch_id>/again/", batches.change, {"verb": "again"}, name="batch_again"),
    path("billing/batches/<uuid:batch_id>/files/<int:file_id>/", batches.batch_file, name="batch_file"),
    path("billing/what-if/", whatif.what_if, name="what_if"),
    path("billing/reference/", reference.reference, name="reference"),
    path("billing/reference/<slug:kind>/new/", reference.reference_edit, name="reference_new"),
    path("billing/reference/<slug:kind>/import/", imports.reference_import, name="reference_import"),
    path("billing/reference/<slug:kind>/file/", imports.reference_file, name="reference_file"),
    path("billing/reference/<slug:kind>/", reference.reference_kind, name="reference_kind"),
    path("billing/reference/<slug:kind>/<slug:pk>/", reference.reference_edit, name="reference_edit"),
    path("billing/reference/<slug:kind>/<slug:pk>/withdraw/", reference.reference_withdraw, name="reference_withdraw"),
]
