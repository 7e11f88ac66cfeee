from django.urls import path

from intake.views import links, patient, photos, pictures, steps, uploads

urlpatterns = [
    path("my/", patient.home, name="patient_home"),
    path("my/moved/<uuid:notice_id>/", patient.moved_notice, name="moved_notice"),
    path("my/cases/new/", patient.new_case, name="case_new"),
    path("my/cases/<uuid:case_id>/", patient.case, name="patient_case"),
    path("my/cases/<uuid:case_id>/go-on/", steps.case_draft, name="case_draft"),
    path("my/cases/<uuid:case_id>/step/<slug:step>/", steps.case_step, name="case_step"),
    path("my/cases/<uuid:case_id>/photos/", photos.upload_photo, name="upload_photo"),
    path("my/cases/<uuid:case_id>/uploads/", uploads.uploads_of_case, name="uploads"),
    path("my/uploads/<uuid:upload_id>/", uploads.upload, name="upload"),
    path("my/cases/<uuid:case_id>/slots/<slug:slot_key>/", photos.slot, name="slot"),
    path("my/cases/<uuid:case_id>/stop/", patient.case_stop, name="case_stop"),
    path("my/cases/<uuid:case_id>/consents/", patient.case_consents, name="case_consents"),
    path("my/cases/<uuid:case_id>/again/", patient.case_follow_up, name="case_follow_up"),
    path("my/cases/<uuid:case_id>/cancel/", patient.case_withdraw, name="case_withdraw"),
    path("my/photos/<uuid:photo_id>/circle/", photos.circle, name="circle"),
    path("my/photos/<uuid:photo_id>/<slug:action>/", photos.photo_action, name="photo_action"),
    path("link/<str:code>/", links.photo_link, name="photo_link"),
    path("pictures/<uuid:photo_id>/tiles/", pictures.tiles, name="tiles"),
    path("pictures/<uuid:photo_id>/tiles/<int:level>/<int:column>/<int:row>/", pictures.tile, name="tile"),
    path("pictures/<uuid:photo_id>/<slug:kind>/", pictures.picture, name="picture"),
]
