"""Each line opens to its proof, and an auditor can take it away and check it."""

import json
from hashlib import sha256

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import evidence
from billing.models import Fee
from config.audit.models import AuditEvent
from config.audit.seals import seal
from tests import factories
from tests.billing.test_decisions import charge, run_due


def proof(client, line):
    answer = client.get(reverse("billing:evidence_json", args=[line.uid]))
    assert answer.status_code == 200 and answer["Cache-Control"] == "private, no-store"
    return json.loads(answer.content)


def test_the_proof_holds_what_the_line_rests_on(signed, sign_in, kay, patient, dana):
    line = charge(signed())
    seal()
    found = proof(sign_in(kay), line)
    assert (found["line"]["number"], found["line"]["code"], found["line"]["amount"]) == (line.number, "G9868", "42.00")
    assert found["review"]["attestation"] == "I spent the time." and found["review"]["content_sha256"] == "ab" * 32
    assert (found["time"]["measured_ms"], found["time"]["total_ms"]) == (462_000, 462_000)
    assert set(found["reference_rows"]) == {"programme", "alignment", "roster", "fee", "hcpcs"}
    assert found["reference_rows"]["programme"]["version"] == 1
    [decision] = found["decisions"]
    assert decision["rule_version"] and decision["facts_sha256"] == line.decisions.get().facts_sha256
    assert [row["has_it"] for row in found["deliveries"]] == [True]
    [event] = [event for event in found["audit"] if event["verb"] == "charge.decided"]
    assert event["seal"] and len(event["seal_sha256"]) == 64


def test_the_fingerprint_can_be_made_again_by_anybody(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    first, second = proof(client, line), proof(client, line)
    plain = {name: value for name, value in first.items() if name != "fingerprint"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert first["fingerprint"] == second["fingerprint"] == sha256(text.encode()).hexdigest()
    seen = AuditEvent.objects.filter(verb="charge.evidence_downloaded", subject_id=str(line.pk))
    assert [event.data["fingerprint"] for event in seen] == [first["fingerprint"]] * 2
    assert not any(event["verb"] == "charge.evidence_downloaded" for event in second["audit"])


def test_rows_stay_as_they_were_when_the_reference_changes(signed, sign_in, kay):
    line = charge(signed())
    line.__class__.objects.filter(pk=line.pk).update(status="exported")
    Fee.objects.update(withdrawn_at=timezone.now())
    run_due()
    assert proof(sign_in(kay), line)["reference_rows"]["fee"]["amount"] == "42.00"


def test_no_clinical_word_and_no_note_of_the_specialist_leaves(signed, sign_in, kay):
    review = signed(findings="An irregular network", plan="Excise it", patient_text="You need a small operation")
    line = charge(review)
    client = sign_in(kay)
    text = client.get(reverse("billing:evidence_json", args=[line.uid])).content.decode()
    page = client.get(reverse("billing:line", args=[line.uid])).content.decode()
    for word in ("irregular network", "Excise", "small operation", "A brown spot that grew", "Melanocytic"):
        assert word not in text and word not in page


def test_the_time_as_signed_stands_beside_the_time_computed_again(signed, kay, sign_in):
    content = {"time": {"intervals_ms": [[1_000, 463_000]], "not_counted_ms": [{"start": 463_000, "end": 500_000, "why": "idle"}],
               "added": [{"start_ms": 1, "stop_ms": 2, "reason": "colleague", "note": "asked about the lesion"}]}}  # fmt: skip
    line = charge(signed(signed_record=content))
    time = evidence.time_of(line.review)
    assert time["intervals_ms"] == [[1_000, 463_000]] and time["not_counted_ms"][0]["why"] == "idle"
    # the test's review has no beats: what the kept beats give differs, and that is said
    assert (time["recomputed_ms"], time["is_the_same"]) == (0, False)
    assert time["added"] == [{"start_ms": 1, "stop_ms": 2, "reason": "colleague"}]
    page = sign_in(kay).get(reverse("billing:line", args=[line.uid]))
    assert [(bar["x"], bar["w"], bar["counts"]) for bar in page.context["bars"]] == [
        (0, 925.9, True),
        (925.9, 74.1, False),
    ]
    assert b"another number" in page.content and b"asked about the lesion" not in page.content


def test_strangers_find_no_proof(signed, sign_in, dana, ada):
    line = charge(signed())
    other = factories.make_user("Kim", "biller", factories.make_clinic("group"))
    for user in (other, dana, ada):
        for name in ("evidence_json", "evidence", "evidence_pdf"):
            assert sign_in(user).get(reverse(f"billing:{name}", args=[line.uid])).status_code == 404


def test_all_of_it_stands_open_on_a_page_to_print(signed, sign_in, kay):
    line = charge(signed())
    client = sign_in(kay)
    found = proof(client, line)
    page = client.get(reverse("billing:evidence", args=[line.uid])).content.decode()
    for part in (
        found["fingerprint"],
        "ab" * 32,
        found["decisions"][0]["facts_sha256"],
        "charge.decided",
        "programme: version",
    ):
        assert part in page
    assert "<details" not in page.split("<main")[1] and "data-print" in page


@pytest.mark.parametrize("spoil", ["alignment", "policy"])
def test_the_facts_of_the_day_are_said_with_their_rows(signed, sign_in, kay, spoil):
    if spoil == "alignment":
        from billing.models import Alignment

        Alignment.objects.all().delete()
    else:
        from intake.models import Coverage

        Coverage.objects.update(payer_code="aetna", plan="commercial", member_id="W1")
    line = charge(signed())
    page = sign_in(kay).get(reverse("billing:line", args=[line.uid]))
    facts = {fact["name"]: fact["is_so"] for fact in page.context["day_facts"]}
    assert facts["Less than 10 minutes"]
    assert facts["Patient aligned" if spoil == "alignment" else "The payer pays for it"] is False
    # and each hold links to where it is resolved
    place = reverse("billing:reference_kind", args=["alignment" if spoil == "alignment" else "policy"])
    assert f'href="{place}"' in page.content.decode()


def test_the_pdf_is_made_alike_each_time(signed, sign_in, kay, patient):
    type(patient).objects.filter(pk=patient.pk).update(first_name='#read("x") *"', last_name="[Ł] $x$")
    line = charge(signed())
    client = sign_in(kay)
    first, again = (client.get(reverse("billing:evidence_pdf", args=[line.uid])) for _ in range(2))
    assert first["Content-Type"] == "application/pdf" and first.content[:5] == b"%PDF-"
    assert first.content == again.content and first["Content-Disposition"].endswith(f'evidence-{line.number}.pdf"')
