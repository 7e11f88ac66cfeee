from django.urls import path

from review.views import critical

urlpatterns = [
    path("critical/", critical.board, name="critical_board"),
    path("critical/<uuid:critical_id>/take/", critical.take, name="critical_take"),
    path("critical/reviews/<uuid:review_id>/mark/", critical.mark, name="critical_mark"),
]
