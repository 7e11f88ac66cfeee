from django.urls import path

from config.accounts.views import administration as admin
from config.accounts.views import own, signin

app_name = "accounts"

urlpatterns = [
    path("", signin.home, name="home"),
    path("accounts/login/", signin.sign_in, name="login"),
    path("accounts/logout/", signin.sign_out, name="logout"),
    path("accounts/still-here/", signin.still_here, name="still_here"),
    path("accounts/language/", signin.choose_language, name="language"),
    path("accounts/role/", signin.switch_role, name="switch_role"),
    path("accounts/kept/", signin.kept, name="kept"),
    path("accounts/password/", own.password_change, name="password_change"),
    path("accounts/password/forgot/", own.password_reset, name="password_reset"),
    path("accounts/password/set/<str:uid>/<str:token>/", own.password_set, name="password_set"),
    path("accounts/me/", own.me, name="me"),
    path("accounts/me/email/", own.email_change, name="email_change"),
    path("accounts/email/<str:token>/", own.email_confirm, name="email_confirm"),
    path("accounts/invitation/", own.invitation, name="invitation_code"),
    path("accounts/invitation/<str:code>/", own.invitation, name="invitation"),
    path("administration/", admin.administration, name="administration"),
    path("administration/people/new/", admin.person_new, name="person_new"),
    path("administration/people/<uuid:user_id>/", admin.person, name="person"),
    path("administration/people/<uuid:user_id>/<slug:action>/", admin.person_action, name="person_action"),
    path("administration/clinics/", admin.clinics, name="clinics"),
    path("administration/licences/", admin.licences, name="licences"),
    path("administration/invitations/", admin.invitations, name="invitations"),
    path(
        "administration/invitations/<uuid:invitation_id>/revoke/",
        admin.invitation_revoke,
        name="invitation_revoke",
    ),
    path("administration/mail/", admin.mails, name="mails"),
    path("administration/mail/<slug:name>/", admin.mail_text, name="mail_text"),
]
