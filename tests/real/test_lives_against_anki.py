"""The same person in Anki's own core and in the scheduler: what is asked, and what each answer makes of every card."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.lives import FAKETIME, Place, live

pytest.importorskip("anki.collection", reason="needs the anki wheel")
pytestmark = pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime (apt-get install faketime)")


def test_every_session_asks_the_same_cards_and_every_answer_has_the_same_result_as_in_anki(tmp_path: Path) -> None:
    assert live(tmp_path, Place("America/New_York", 4, fuzz=False, seed=1, sittings=25))["differ"] == []


@pytest.mark.slow
@pytest.mark.parametrize("fuzz", [False, True])
@pytest.mark.parametrize(
    ("zone", "rollover"),
    [("Pacific/Apia", 0), ("Europe/Berlin", 5), ("America/Sao_Paulo", 23)],
)
def test_reviews_in_other_zones_with_other_rollovers_give_ankis_states(
    tmp_path: Path, zone: str, rollover: int, fuzz: bool
) -> None:
    assert live(tmp_path, Place(zone, rollover, fuzz, seed=2, sittings=50))["differ"] == []
