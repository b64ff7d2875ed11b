from __future__ import annotations

import pytest

from tests.render.fixture import Case, cases
from tests.render.produce import PRODUCERS


def _all() -> list[object]:
    return [pytest.param(name, case, id=f"{name}.md:{case}") for name in PRODUCERS for case in cases(name)]


@pytest.mark.parametrize(("name", "case"), _all())
def test_a_source_renders_as_in_its_fixture(name: str, case: Case) -> None:
    assert PRODUCERS[name](case.source) == case.expected
