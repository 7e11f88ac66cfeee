from django.urls import path

from config.audit import views

app_name = "audit"

urlpatterns = [path("administration/audit/", views.trail, name="trail")]
