"""A loop is followed for 10,000 generations, its file tampered with: right answers, bounded memory.

The loop is a curve, ``0.9 exp(-g / 5000)`` with measurement noise, so that when it passes a level
is known: a forecast within the horizon is right or wrong, but for a few generations.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from toolkit import labels
from toolkit.forecast.monitoring import Report, crossing_probability, kept_length, monitor

pytestmark = pytest.mark.slow

LAST, STEP, WINDOW, HORIZON = 10_000, 100, 200, 20
LIFE, NOISE, LEVEL = 5000.0, 0.002, 0.5
#: The level at the end of the window is known to .0003, where it is 20 generations on to .0004.
UNSURE = 0.002
#: MiB, from generations 1000 to 2000, when the window is full, to the last 1000; the least of each.
#: The allocator keeps up to 40 that it has had; every answer kept would be over 500.
MOST_GROWTH = 96.0

EXACT = 0.9 * np.exp(-np.arange(LAST + HORIZON + 1) / LIFE)
SEEN = EXACT[: LAST + 1] + NOISE * np.random.default_rng(5).normal(size=LAST + 1)


def rows(end: int, scale: float = 1.0, start: int = 0) -> str:
    some = zip(range(start, end), SEEN[start:end], strict=True)
    return "".join(f"{generation},{scale * score:.6f}\n" for generation, score in some)


class Loop:
    """A running loop's file, and what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path, self.end, self.scale = path, 0, 1.0
        #: Generations in the file that are whole; None when no answer can be given.
        self.whole: int | None = None

    def grow(self) -> None:
        new = rows(self.end + STEP, 1.0, self.end)
        if self.end:
            with self.path.open("a") as file:
                file.write(new)
        else:
            self.path.write_text("generation,score\n" + new)
        self.end = self.whole = self.end + STEP

    def leave_alone(self) -> None:
        pass

    def restore(self) -> None:
        self.path.write_text("generation,score\n" + rows(self.end))
        self.whole, self.scale = self.end, 1.0

    def cut_off(self, share: float = 0.6) -> None:
        """In the middle of a number."""
        text = self.path.read_text()
        kept = text[: int(len(text) * share)]
        kept = kept.rpartition("\n")[0] + "\n" + "123456,0."[:5]
        self.path.write_text(kept)
        self.whole = kept.count("\n") - 1

    def cut_short(self) -> None:
        """Below the window."""
        self.path.write_text("generation,score\n" + rows(STEP))
        self.whole = STEP

    def rewrite(self) -> None:
        """Another loop, of as many generations."""
        self.scale = 0.5
        self.path.write_text("generation,score\n" + rows(self.end, self.scale))

    def half_a_line(self) -> None:
        with self.path.open("a") as file:
            file.write(f"{self.end},0.0")

    def spoil(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"\xff\x00,,,nonsense\n\n;;\n")
        self.whole = None

    def empty(self) -> None:
        self.path.write_text("")
        self.whole = None

    def delete(self) -> None:
        self.path.unlink()
        self.whole = None


def watched(loop: Loop, actions: list[Callable[[], None]]) -> Iterator[Report]:
    left = iter(actions)
    return monitor(
        loop.path,
        model="diversity_decay",
        below=LEVEL,
        seed=3,
        horizon=HORIZON,
        window=WINDOW,
        form="deterministic",
        floor=0.0,
        sleep=lambda _: next(left)(),
    )


def check(loop: Loop, look: Report) -> float:
    """What must be true of every look; how far the probability is from the truth."""
    if loop.whole is None:
        assert look.kind == "waiting", look
        assert look.words
        return 0.0
    assert look.kind == "answer", look
    assert look.forecast is not None
    last = loop.whole - 1
    observed = look.forecast[labels.OBSERVED_VALUE]
    assert observed.sizes[labels.OBSERVED_GENERATION] == kept_length(min(loop.whole, WINDOW))
    assert observed[labels.OBSERVED_GENERATION].values[-1] == last
    expected = loop.scale * SEEN[last + 1 - observed.size : last + 1]
    np.testing.assert_allclose(observed.values[0], expected, atol=1e-6)
    said = float(crossing_probability(look.forecast, HORIZON)[0])
    ahead = loop.scale * EXACT[last + HORIZON]
    if abs(ahead - LEVEL) < UNSURE:
        return 0.0
    return abs(said - (ahead < LEVEL))


def resident() -> float:
    """MiB; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_ten_thousand_generations_of_a_file_that_is_tampered_with(tmp_path: Path) -> None:
    loop = Loop(tmp_path / "loop.csv")
    tampering: list[Callable[[], None]] = [
        loop.leave_alone,
        loop.cut_off,
        loop.half_a_line,
        loop.rewrite,
        loop.delete,
        loop.spoil,
        loop.empty,
    ]
    actions: list[Callable[[], None]] = []
    for step in range(1, LAST // STEP):
        actions.append(loop.grow)
        if step == 4:
            actions += [loop.cut_short, loop.restore]
        elif step > 6 and step % 3 == 0:
            actions += [tampering[step // 3 % len(tampering)], loop.restore]
    loop.grow()
    looks = watched(loop, actions)
    wrong, spent, memory, answers = 0.0, [], {}, 0
    before = None, loop.scale
    for _ in range(1 + len(actions)):
        begun = time.perf_counter()
        look = next(looks)
        took = time.perf_counter() - begun
        if look.kind == "unchanged":
            assert before == (loop.whole, loop.scale)  # nothing that is whole is new
            continue
        before = loop.whole, loop.scale
        wrong = max(wrong, check(loop, look))
        answers += look.kind == "answer"
        spent.append(took)
        memory[loop.end] = resident()
    early, late = (
        min(memory[at] for at in memory if first <= at <= first + 1000) for first in (1000, 9000)
    )
    print(
        f"{answers} answers, farthest from the truth by {wrong:.3f}; a look takes "
        f"{np.median(spent):.2f} s in the middle, {max(spent):.1f} s with compiling; resident "
        f"{early:.0f} MiB to generation 2000, {late:.0f} MiB in the end"
    )
    assert loop.end == LAST
    assert answers > 120
    assert wrong < 0.05
    assert late - early < MOST_GROWTH


def test_programs_of_lengths_that_are_gone_are_let_go(tmp_path: Path) -> None:
    """Each length is compiled anew: what was compiled for the others must not pile up."""
    loop = Loop(tmp_path / "loop.csv")
    lengths = list(range(16, 33, 2))
    assert len({kept_length(length) for length in lengths}) == len(lengths)

    def write(length: int) -> Callable[[], Any]:
        return lambda: loop.path.write_text("generation,score\n" + rows(length))

    write(lengths[0])()
    looks = watched(loop, [write(length) for length in lengths[1:]])
    alive, memory = [], []
    for _ in lengths:
        assert next(looks).kind == "answer"
        alive.append(len(jax.devices()[0].client.live_executables()))
        memory.append(resident())
    print(f"compiled programs alive: {alive}; resident MiB: {[round(one) for one in memory]}")
    assert max(alive[1:]) <= alive[1] + 5
