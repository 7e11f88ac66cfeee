from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("administration/data/", admin.site.urls),
    path("", include("config.accounts.urls")),
    path("", include("config.audit.urls")),
    path("", include("config.work.urls")),
    path("", include("intake.urls")),
    path("", include("review.urls")),
    path("", include("billing.urls")),
]
