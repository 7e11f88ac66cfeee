from django.urls import path

from config.work import views

app_name = "work"

urlpatterns = [
    path("administration/work/", views.attention, name="attention"),
    path("administration/work/again/", views.try_all_again, name="try_all_again"),
    path("administration/work/<slug:kind>/<str:pk>/again/", views.try_again, name="try_again"),
]
