"""FSRS-6: parameters, forgetting curve, and the memory states of one card or of whole histories.

This is the only file that knows which version of FSRS is used. A later version is adopted here.

One card is computed by py-fsrs, a whole log by fsrs-rs (Anki's own core). Both get whole days, because Anki counts
calendar days where py-fsrs counts blocks of 24 hours; then they agree to 2e-5 in stability and 2e-6 in difficulty.
The formulas are those of https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from scheduler.model import Memory, Rating

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fsrs import Scheduler
    from fsrs_rs_python import FSRS, FSRSItem, MemoryState
    from numpy import float64, int64
    from numpy.typing import NDArray

DEFAULT_PARAMETERS: tuple[float, ...] = (
    *(0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796),
    *(1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
)
"""The default parameters of FSRS-6, fitted to the histories of many people."""

VERSIONS = {17: "FSRS-4.5", 19: "FSRS-5", 21: "FSRS-6"}
"""The supported versions, by their number of parameters."""

MINIMUM_STABILITY = 0.001
MAXIMUM_STABILITY = 36_500.0

_FSRS5_DECAY = 0.5


def fill_parameters(parameters: Sequence[float]) -> tuple[float, ...]:
    """Convert parameters of FSRS-4.5 (17), FSRS-5 (19) or FSRS-6 (21) to equivalent FSRS-6 ones, as fsrs-rs does.

    Raise `ValueError` if their version is unknown, or if with them nothing would ever be forgotten.
    """
    given = tuple(float(value) for value in parameters)
    if len(given) == 21 and not given[20] > 0:
        raise ValueError("the last one must be more than 0")
    if len(given) == 21:
        return given
    if len(given) == 19:
        return (*given, 0.0, _FSRS5_DECAY)
    if len(given) == 17:
        w4, w5, w6 = given[4:7]
        return (*given[:4], w4 + 2 * w5, math.log(3 * w5 + 1) / 3, w6 + 0.5, *given[7:], 0.0, 0.0, 0.0, _FSRS5_DECAY)
    known = ", ".join(f"{name} has {count}" for count, name in VERSIONS.items())
    raise ValueError(f"{len(given)} numbers belong to no supported version ({known})")


Numbers = TypeVar("Numbers", float, "NDArray[float64]")


class Curve(NamedTuple):
    """The forgetting curve of FSRS-6: recall is (1 + factor * days / stability) ** -decay, 0.9 at the stability."""

    decay: float

    @property
    def factor(self) -> float:
        """The factor at which recall after as many days as the stability is 0.9."""
        return float(0.9 ** (-1 / self.decay) - 1)

    def recall(self, stability: Numbers, days: Numbers) -> Numbers:
        """Compute the probability of recall this many days after a rating that left this stability, 0 to 1."""
        found: Numbers = (1 + self.factor * days / stability) ** -self.decay
        return found

    def interval(self, stability: float, retention: float) -> float:
        """Compute the days until recall falls to `retention`, unrounded."""
        return float(stability / self.factor * (retention ** (-1 / self.decay) - 1))


def read_curve(parameters: Sequence[float]) -> Curve:
    """Return the forgetting curve for FSRS parameters."""
    return Curve(fill_parameters(parameters)[20])


def has_short_term(parameters: Sequence[float]) -> bool:
    """Return whether FSRS with these parameters models repetitions on one day; otherwise it never repeats a card then.

    As in Anki: FSRS-4.5 (17 parameters) does not, nor do others whose short-term parameters are 0.
    """
    return len(parameters) >= 19 and parameters[17] > 0 and parameters[18] > 0


def find_parameter_problem(parameters: Sequence[float]) -> str | None:
    """Return the reason why these are not valid FSRS parameters, to follow their name, or nothing if they are."""
    try:
        Model(parameters).next_memories(None, 0)
    except ValueError as error:
        return f"must be parameters of FSRS: {' '.join(str(error).split()).removesuffix('.')}"
    return None


class Model:
    """FSRS with one set of parameters. Reuse it: creating one imports and sets up the library."""

    __slots__ = ("_batch", "_one", "curve", "parameters")

    def __init__(self, parameters: Sequence[float] = DEFAULT_PARAMETERS) -> None:
        self.parameters = fill_parameters(parameters)
        self.curve = read_curve(self.parameters)
        self._one: Scheduler | None = None
        self._batch: FSRS | None = None

    def next_memories(
        self, memory: Memory | None, elapsed_days: int, ratings: Iterable[Rating] = Rating
    ) -> dict[Rating, Memory]:
        """Compute the memory after each rating, `elapsed_days` after the previous one; 0 uses short-term rules."""
        from datetime import UTC, datetime, timedelta

        from fsrs import Card
        from fsrs import Rating as Grade
        from fsrs import State as Phase

        epoch = datetime(2000, 1, 1, tzinfo=UTC)
        if memory is None:
            card = Card(card_id=0, due=epoch)
        else:
            stability = max(memory.stability, MINIMUM_STABILITY)
            card = Card(0, Phase.Review, None, stability, memory.difficulty, due=epoch, last_review=epoch)
        at = epoch + timedelta(days=elapsed_days)
        scheduler = self._get_scheduler()
        after = {rating: scheduler.review_card(card, Grade(rating.value), at)[0] for rating in ratings}
        return {rating: _make_memory(card.stability, card.difficulty) for rating, card in after.items()}

    def interval_days(self, stability: float, retention: float) -> float:
        """Compute the days until recall falls to `retention`, unrounded."""
        return self.curve.interval(stability, retention)

    def retrievability(self, stability: float, elapsed_days: float) -> float:
        """Compute the probability of recall after this many days, 0 to 1."""
        return float(self.curve.recall(stability, elapsed_days))

    def replay_all(
        self, histories: Sequence[FSRSItem], starts: Sequence[Memory | None] | None = None
    ) -> NDArray[float64]:
        """Compute the memory at the end of each history (a row, not empty), from `starts` if there are any."""
        import numpy as np

        states = self._get_fsrs().memory_state_batch(histories, _convert_starts(starts))
        found = np.empty((len(states), 2))
        found[:, 0] = [state.stability for state in states]
        found[:, 1] = [state.difficulty for state in states]
        found[:, 0] = np.clip(found[:, 0], MINIMUM_STABILITY, MAXIMUM_STABILITY)
        return found

    def rate_all(
        self, rating: Rating, stability: NDArray[float64], difficulty: NDArray[float64], elapsed_days: NDArray[int64]
    ) -> NDArray[float64]:
        """Compute the states of many cards after one rating, as `replay_all` does; NaN before marks a new card."""
        from fsrs_rs_python import FSRSItem, FSRSReview

        items = {days: FSRSItem([FSRSReview(rating, days)]) for days in set(elapsed_days.tolist())}
        memories = zip(stability.tolist(), difficulty.tolist(), strict=True)
        starts = [None if math.isnan(memory[0]) else Memory(*memory) for memory in memories]
        return self.replay_all([items[days] for days in elapsed_days.tolist()], starts)

    def replay_each(self, histories: Sequence[FSRSItem], starts: Sequence[Memory | None]) -> list[list[Memory]]:
        """Compute the memory state after every entry of each history; arguments as in `replay_all`."""
        found = self._get_fsrs().historical_memory_state_batch(histories, _convert_starts(starts))
        # If there is a starting state, it comes first.
        kept = (states[start is not None :] for states, start in zip(found, starts, strict=True))
        return [[_make_memory(state.stability, state.difficulty) for state in states] for states in kept]

    def memory_after(self, ease: float, interval_days: float) -> Memory:
        """Convert an SM-2 ease factor (usually 2.5) and interval to the equivalent memory state.

        This is how FSRS converts cards with lost reviews. It assumes that they became due at a recall of 0.9.
        """
        state = self._get_fsrs().memory_state_from_sm2(ease, interval_days, 0.9)
        return _make_memory(state.stability, state.difficulty)

    def _get_scheduler(self) -> Scheduler:
        if self._one is None:
            from fsrs import Scheduler

            # Only the memory formulas are used; steps, intervals and fuzz are ours.
            self._one = Scheduler(self.parameters, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
        return self._one

    def _get_fsrs(self) -> FSRS:
        if self._batch is None:
            from fsrs_rs_python import FSRS

            self._batch = FSRS(list(self.parameters))
        return self._batch


class QuickModel(Model):
    """The same computation with only fsrs-rs, which is ten times as fast for one review, in single precision."""

    __slots__ = ()

    def next_memories(
        self,
        memory: Memory | None,
        elapsed_days: int,
        ratings: Iterable[Rating] = Rating,  # noqa: ARG002 - one call computes all four
    ) -> dict[Rating, Memory]:
        """Compute as in `Model`, always for all four ratings."""
        from fsrs_rs_python import MemoryState

        state = None if memory is None else MemoryState(*memory)
        after = self._get_fsrs().next_states(state, 0.9, elapsed_days)
        memories = (each.memory for each in (after.again, after.hard, after.good, after.easy))
        return {
            rating: _make_memory(each.stability, each.difficulty) for rating, each in zip(Rating, memories, strict=True)
        }


def _convert_starts(starts: Sequence[Memory | None] | None) -> list[MemoryState | None] | None:
    if starts is None or not any(starts):
        return None
    from fsrs_rs_python import MemoryState

    return [None if start is None else MemoryState(*start) for start in starts]


def _make_memory(stability: float | None, difficulty: float | None) -> Memory:
    if stability is None or difficulty is None:
        raise ValueError("a rated card has a memory state")
    return Memory(min(max(stability, MINIMUM_STABILITY), MAXIMUM_STABILITY), difficulty)
