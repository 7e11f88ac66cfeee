from django.urls import path

from review.views import clock, codes, marks, opinions, reading, room, signing, story, texts

urlpatterns = [
    path("reading/", reading.worklist, name="worklist"),
    path("reading/next/", reading.claim_next, name="claim_next"),
    path("reading/signed/", reading.signed_list, name="signed_list"),
    path("reading/codes/", codes.codes, name="codes"),
    path("reading/codes/favourite/", codes.favourite, name="favourite"),
    path("reading/texts/", texts.texts, name="texts"),
    path("reading/texts/new/", texts.text, name="new_text"),
    path("reading/texts/<int:pk>/", texts.text, name="text"),
    path("reading/texts/<int:pk>/remove/", texts.remove_text, name="remove_text"),
    path("reading/<uuid:case_id>/", room.room, name="room"),
    path("reading/<uuid:case_id>/claim/", reading.claim, name="claim"),
    path("reading/<uuid:case_id>/release/", reading.release, name="release"),
    path("reading/<uuid:case_id>/ask/", reading.ask, name="ask"),
    path("reading/<uuid:case_id>/in-person/", reading.in_person, name="in_person"),
    path("reading/<uuid:case_id>/back/", reading.back_to_triage, name="back_to_triage"),
    path("reading/<uuid:case_id>/save/", room.save, name="save"),
    path("reading/<uuid:case_id>/ahead/", story.ahead, name="ahead"),
    path("reading/<uuid:case_id>/earlier/", story.earlier, name="earlier"),
    path("reading/<uuid:case_id>/marks/", marks.marks, name="marks"),
    path("reading/<uuid:case_id>/marks/<uuid:mark_id>/withdraw/", marks.withdraw_mark, name="withdraw_mark"),
    path("reading/<uuid:case_id>/beats/", clock.beats, name="beats"),
    path("reading/<uuid:case_id>/sign/", signing.sign, name="sign"),
    path("reading/<uuid:case_id>/interlock/", signing.interlock, name="interlock"),
    path("reading/<uuid:case_id>/opinion/", opinions.opinion, name="opinion"),
    path("reading/opinion/<uuid:opinion_id>/close/", opinions.close_opinion, name="close_opinion"),
    path("reading/<uuid:case_id>/time/", clock.time, name="time"),
    path("reading/<uuid:case_id>/signed/", reading.signed, name="signed"),
]
