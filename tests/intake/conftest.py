"""A case at the desk, complete and licensed for, as the patient sent it."""

import pytest

from intake import services
from intake.models import Case
from tests import factories


@pytest.fixture
def waiting(draft, ana, dana):
    services.give_consent(case=draft, by=ana, kinds={"treatment", "photography"})
    factories.make_ready_photo(draft, by=ana)
    Case.objects.update(reason="A spot", history="")
    draft.refresh_from_db()
    return services.submit_case(case=draft, by=ana)


@pytest.fixture
def desk(sign_in, ben):
    return sign_in(ben)
