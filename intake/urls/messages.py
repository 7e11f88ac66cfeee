from django.urls import path

from intake.views import message_templates, messages, referrals

urlpatterns = [
    path("referrals/new/", referrals.referral_find, name="referral_find"),
    path("referrals/new/<uuid:patient_id>/", referrals.referral_new, name="referral_new"),
    path("messages/", messages.inbox, name="inbox"),
    path("messages/texts/", message_templates.template_list, name="message_templates"),
    path("messages/texts/<int:template_id>/remove/", message_templates.template_remove, name="message_template_remove"),
    path("messages/<uuid:case_id>/", messages.thread, name="messages"),
    path("messages/<uuid:case_id>/close/", messages.put_away, name="messages_put_away"),
]
