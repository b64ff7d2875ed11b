"""Random lives of a collection here and in Anki, as `make lives` lives many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.exchange_lives import Life

pytest.importorskip("anki.collection", reason="needs the anki wheel")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_both_sides_do_nothing_is_lost_doubled_or_changed_by_the_exchange(tmp_path: Path, seed: int) -> None:
    life = Life(tmp_path, seed)
    life.exchange(1)
    life.world.close()
