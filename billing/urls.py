from django.urls import path

from billing import views

app_name = "billing"
urlpatterns = [
    path("billing/", views.desk, name="desk"),
    path("billing/export/", views.export, name="export"),
    path("billing/lines/<uuid:uid>/", views.line, name="line"),
    path("billing/lines/<uuid:uid>/release/<slug:code>/", views.release, name="release"),
    path("billing/lines/<uuid:uid>/void/", views.void, name="void"),
    path("billing/batches/", views.batches, name="batches"),
    path("billing/batches/<uuid:batch_id>/", views.batch, name="batch"),
    path("billing/batches/<uuid:batch_id>/files/<int:file_id>/", views.batch_file, name="batch_file"),
    path("billing/reference/", views.reference, name="reference"),
    path("billing/reference/<slug:kind>/new/", views.reference_edit, name="reference_new"),
    path("billing/reference/<slug:kind>/<int:pk>/", views.reference_edit, name="reference_edit"),
]
