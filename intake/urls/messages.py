from django.urls import path

from intake.views import messages

urlpatterns = [
    path("messages/", messages.inbox, name="inbox"),
    path("messages/<uuid:case_id>/", messages.thread, name="messages"),
]
