"""What is measured of the approximate text updates: their error beside the exact one, their speed.

Errors are those of the mean of text diversity, of its variance over replicates and of the share of
texts extinct, as numbers and in standard errors of the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import toolkit as tk
from tests.benchmarks import measure
from tests.benchmarks.tables import Section, Table, number

#: Texts as confused as the paper's, and texts that images tell apart but for one in 10^7.
SYSTEMS = {"confused": 1.0, "nearly one-hot": 0.01}
METHODS: tuple[Any, ...] = ("diffusion", "one_hot")


class Size(NamedTuple):
    """A batch size, what is seen of it, and how often."""

    batch_size: int
    replicates: int
    generations: tuple[int, ...]


SIZES = (Size(10**3, 1000, (10, 100, 500)), Size(10**5, 100, (10, 100)))
#: Generations of 8 replicates that are timed, by batch size, of the exact method.
_TIMED = {10**3: 256, 10**4: 128, 10**5: 32, 10**6: 8}
_REPLICATES = 8


class Difference(NamedTuple):
    """A statistic of one method less that of the exact one, and its standard error."""

    exact: float
    difference: float
    error: float

    @property
    def score(self) -> float:
        """In standard errors; 0 where both are the same constant."""
        return self.difference / self.error if self.error else 0.0


def differences(exact: Any, other: Any) -> dict[str, Difference]:
    """What two samples of simulations in one generation differ by.

    Parameters
    ----------
    exact, other : xr.Dataset
        One generation of ``simulate`` each, with ``text_diversity`` and ``text_extinct``.
    """
    diversity = [each.text_diversity.values for each in (exact, other)]
    squares = [np.square(each - each.mean()) * len(each) / (len(each) - 1) for each in diversity]
    extinct = [each.text_extinct.mean("text").values for each in (exact, other)]
    pairs = {"mean": diversity, "variance": squares, "extinct": extinct}
    return {name: _difference(*pair) for name, pair in pairs.items()}


def _difference(exact: Any, other: Any) -> Difference:
    error = np.sqrt(sum(np.var(each, ddof=1) / len(each) for each in (exact, other)))
    return Difference(float(exact.mean()), float(other.mean() - exact.mean()), float(error))


def simulated(variance: float, size: Size, method: Any) -> Any:
    """Text diversity and extinct texts along generations."""
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=5, variance=variance, batch_size=size.batch_size
    )
    return tk.simulate(
        system,
        generations=size.generations[-1],
        replicates=size.replicates,
        # Samples of two methods are compared as independent ones.
        seed=1 + ("exact", *METHODS).index(method),
        method=method,
        every=size.generations[0],
        record=["text_diversity", "text_extinct"],
        progress=False,
    )


def methods(rounds: int, *, quick: bool = False) -> Section:
    """Errors and speed of the approximations."""
    headings = ("", "generation", "of", "exact", "difference", "standard errors")
    tables, numbers = [], []
    for name, variance in SYSTEMS.items():
        rows = []
        for size in SIZES[:1] if quick else SIZES:
            exact = simulated(variance, size, "exact")
            for method in METHODS:
                other = simulated(variance, size, method)
                for generation in size.generations:
                    pair = (run.sel(generation=generation) for run in (exact, other))
                    found = differences(*pair)
                    case = f"{method}, batch_size {size.batch_size}"
                    rows += [
                        (
                            case, str(generation), statistic, number(each.exact),
                            f"{each.difference:+.2g}", f"{each.score:+.1f}",
                        )
                        for statistic, each in found.items()
                    ]  # fmt: skip
                    record = {key: each._asdict() for key, each in found.items()}
                    numbers.append(
                        {"system": name, "case": case, "generation": generation, **record}
                    )
        tables.append(Table(f"text diversity and extinct texts, {name}", headings, rows))
    speed, times = _speed(rounds, quick=quick)
    sizes = "; ".join(f"{size.replicates} replicates at {size.batch_size}" for size in SIZES)
    variances = " and ".join(f"{value:g}" for value in SYSTEMS.values())
    return Section(
        "methods: approximate text updates beside the exact one",
        (*tables, speed),
        {},
        {"errors": numbers, "seconds": times},
        (
            f"coupled, 5 texts on the unit circle, variances {variances}; {sizes}.",
            "a text is extinct when its probability is below 1/(2 batch_size).",
        ),
    )


def _speed(rounds: int, *, quick: bool) -> tuple[Table, dict[str, float]]:
    """Microseconds of a replicate's generation, by method and batch size."""
    works: dict[str, Callable[[int], Any]] = {}
    updates = {}
    for batch_size, generations in list(_TIMED.items())[: 2 if quick else None]:
        system = tk.CoevolvingSystem.on_unit_circle(
            num_texts=5, variance=1.0, batch_size=batch_size
        )
        for method in ("exact", *METHODS):
            number_of = generations if method == "exact" else _TIMED[10**3]
            name = f"{method} {batch_size}"
            updates[name] = number_of * _REPLICATES
            works[name] = partial(_run, system, number_of, method)
    _, timings = measure.timed(works, rounds)
    seconds = {name: timing.median / updates[name] for name, timing in timings.items()}
    rows = []
    for batch_size in list(_TIMED)[: 2 if quick else None]:
        each = [seconds[f"{method} {batch_size}"] for method in ("exact", *METHODS)]
        ratios = [f"{each[0] / other:.2g}" for other in each[1:]]
        rows.append((str(batch_size), *(number(1e6 * value) for value in each), *ratios))
    headings = ("batch_size", "exact, us", *(f"{method}, us" for method in METHODS))
    ratios = tuple(f"exact / {method}" for method in METHODS)
    title = f"a replicate's generation by the clock, confused, {_REPLICATES} replicates"
    return Table(title, (*headings, *ratios), rows), seconds


def _run(system: Any, generations: int, method: Any, seed: int) -> Any:
    return tk.simulate(
        system,
        generations=generations,
        replicates=_REPLICATES,
        seed=seed,
        method=method,
        record=["text_diversity"],
        progress=False,
    )
