from intake.urls.messages import urlpatterns as messages
from intake.urls.patient import urlpatterns as patient
from intake.urls.triage import urlpatterns as triage

app_name = "intake"
urlpatterns = [*patient, *triage, *messages]
