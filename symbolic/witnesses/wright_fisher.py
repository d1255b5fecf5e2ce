"""Witnesses of drift with one-hot posteriors: the chain of all counts, with exact chances."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.enumeration import (
    PROBS,
    Probs,
    compositions,
    drift,
    drifted,
    gini,
    mean,
    solve,
    total_until_settled,
)

F = Fraction
TWO = (F(1, 4), F(3, 4))
EQUAL = {k: (F(1, k),) * k for k in (2, 3)}


def power_sum(probs: Probs, power: int) -> Fraction:
    """Sum of powers of the probabilities."""
    return sum((p**power for p in probs), F(0))


def _variance(probs: Probs, size: int, times: int) -> Fraction:
    law = drifted(probs, size, times)
    return mean(law, lambda p: gini(p) ** 2) - mean(law, gini) ** 2


def _settled(probs: Probs) -> Fraction:
    return F(max(probs) == 1)


# --------------------------------------------------------------------------------- one update

Moment = Callable[[Probs, int], Fraction]


def _one_update(value: Moment, *names: str) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for size, probs in ((2, PROBS), (3, PROBS), (4, TWO), (5, PROBS)):
            known = {
                "homozygosity": power_sum(probs, 2),
                "text_diversity": gini(probs),
                "third_power_sum": power_sum(probs, 3),
            }
            numbers = {"batch_size": size} | {name: known[name] for name in names}
            yield Case(numbers=numbers, value=value(probs, size))

    return cases


def _squared_homozygosity(probs: Probs, size: int) -> Fraction:
    return mean(drift(probs, size), lambda p: (1 - gini(p)) ** 2)


def _cubes(probs: Probs, size: int) -> Fraction:
    return mean(drift(probs, size), lambda p: power_sum(p, 3))


# -------------------------------------------------------------------------- along a trajectory


def _path(
    value: Callable[[Probs, int, int], Fraction], *, cubes: bool = True
) -> Callable[[], Iterator[Case]]:
    def cases() -> Iterator[Case]:
        for size, times, probs in ((2, 3, PROBS), (3, 2, PROBS), (4, 2, TWO), (4, 3, PROBS)):
            numbers = {
                "batch_size": size,
                "generations": times,
                "initial_text_diversity": gini(probs),
            }
            more = {"initial_third_power_sum": power_sum(probs, 3)} if cubes else {}
            yield Case(numbers=numbers | more, value=value(probs, size, times))

    return cases


def _covariance() -> Iterator[Case]:
    for size, times, i, k in ((2, 3, 0, 1), (3, 2, 2, 0), (4, 2, 1, 1), (3, 1, 2, 2)):
        law = drifted(PROBS, size, times)
        product = mean(law, lambda p, i=i, k=k: p[i] * p[k])  # type: ignore[misc]
        means = [mean(law, lambda p, i=i: p[i]) for i in (i, k)]  # type: ignore[misc]
        numbers = {"batch_size": size, "generations": times, "text_probs": PROBS}
        yield Case(
            numbers=numbers | {"text": i, "other_text": k}, value=product - means[0] * means[1]
        )


# --------------------------------------------------------------------------- one text is left


def _alone_by() -> Iterator[Case]:
    for size, times, i in ((2, 0, 0), (2, 1, 2), (2, 2, 1), (3, 0, 1), (4, 2, 2)):
        law = drifted(PROBS, size, times + 1)
        value = mean(law, lambda p, i=i: F(p[i] == 1))  # type: ignore[misc]
        numbers = {"batch_size": size, "generations": times, "text_probs": PROBS, "text": i}
        yield Case(numbers=numbers, value=value, sharp=size == 2)


def _alone_at_last() -> Iterator[Case]:
    for size, i in ((2, 0), (3, 1), (3, 2)):
        # The chance that the next update leaves this text alone, over all updates that are played.
        def gained(p: Probs, size: int = size, i: int = i) -> Fraction:
            return p[i] ** size

        value = total_until_settled(PROBS, size, gained)
        yield Case(numbers={"text_probs": PROBS, "text": i}, value=value)


def _unsettled(probs: Probs, size: int, times: int) -> Fraction:
    return 1 - mean(drifted(probs, size, times), _settled)


def _unsettled_below() -> Iterator[Case]:
    sharp = [(1, 0, EQUAL[3]), (1, 1, EQUAL[2])] + [(2, t, EQUAL[2]) for t in range(4)]
    for size, times, probs in [*sharp, (2, 1, PROBS), (4, 2, EQUAL[3]), (3, 3, TWO)]:
        numbers = {
            "batch_size": size,
            "generations": times,
            "num_texts": len(probs),
            "initial_text_diversity": gini(probs),
        }
        value = _unsettled(probs, size, times)
        yield Case(numbers=numbers, value=value, sharp=(size, times, probs) in sharp)


def _unsettled_above() -> Iterator[Case]:
    sharp = [(2, t, PROBS) for t in range(3)] + [(3, t, TWO) for t in range(3)]
    for size, times, probs in [*sharp, (4, 2, PROBS), (5, 1, TWO)]:
        numbers = {
            "batch_size": size,
            "generations": times,
            "initial_text_diversity": gini(probs),
        }
        value = _unsettled(probs, size, times + 1)
        yield Case(numbers=numbers, value=value, sharp=(size, times, probs) in sharp)


def _time(probs: Probs, size: int) -> Fraction:
    return total_until_settled(probs, size, lambda _: F(1))


def _time_below() -> Iterator[Case]:
    sharp = [(1, EQUAL[2]), (1, EQUAL[3]), (2, EQUAL[2])]
    for size, probs in [*sharp, (2, PROBS), (3, TWO), (4, EQUAL[3])]:
        numbers = {
            "batch_size": size,
            "num_texts": len(probs),
            "initial_text_diversity": gini(probs),
        }
        yield Case(numbers=numbers, value=_time(probs, size), sharp=(size, probs) in sharp)


def _least_diversity(texts: int, size: int) -> Fraction:
    """Smallest diversity of counts that leave two texts or more."""
    shares = (tuple(F(c, size) for c in counts) for counts in compositions(size, texts))
    return min(gini(p) for p in shares if not _settled(p))


def _time_slack(probs: Probs, size: int, cutoff: int) -> Fraction:
    """Before the cutoff the chance of being settled; then the diversity beyond the least there."""
    least = _least_diversity(len(probs), size)

    def excess(p: Probs) -> Fraction:
        return F(0) if _settled(p) else gini(p) / least - 1

    laws = [drifted(probs, size, t) for t in range(cutoff + 1)]
    settled = sum((mean(law, _settled) for law in laws), F(0))
    before = sum((mean(law, excess) for law in laws), F(0))
    return settled + total_until_settled(probs, size, excess) - before


def _time_above() -> Iterator[Case]:
    starts = ((2, 0, PROBS), (3, 0, TWO), (2, 2, TWO), (3, 1, PROBS), (4, 3, PROBS), (5, 5, TWO))
    for size, cutoff, probs in starts:
        numbers = {
            "batch_size": size,
            "cutoff_update": cutoff,
            "initial_text_diversity": gini(probs),
        }
        slack = _time_slack(probs, size, cutoff)
        yield Case(numbers=numbers, value=_time(probs, size), sharp=True, slack=slack)


def _by_text() -> Iterator[Case]:
    for size, probs in ((2, PROBS), (3, PROBS), (4, PROBS), (4, TWO)):
        against_the_rest = tuple(
            total_until_settled((p, 1 - p), size, lambda two: two[0]) for p in probs
        )
        numbers = {"num_texts": len(probs), "text_residence": against_the_rest}
        yield Case(numbers=numbers, value=_time(probs, size))


def two_text_times(size: int) -> list[float]:
    """Mean time until one of two texts is left, by the first's count; floating point."""
    logs = [math.lgamma(k + 1) for k in range(size + 1)]

    def chance(count: int, after: int) -> float:
        p, ways = count / size, logs[size] - logs[after] - logs[size - after]
        return math.exp(ways + after * math.log(p) + (size - after) * math.log(1 - p))

    inner = range(1, size)
    rows = [[float(c == other) - chance(c, other) for other in inner] for c in inner]
    times = solve(rows, [1.0] * (size - 1))
    return [0.0, *times, 0.0]


def _diffusion() -> Iterator[Case]:
    for size, counts in ((100, (10, 20, 35, 50)), (60, (18, 27))):
        times = two_text_times(size)
        for count in counts:
            probs = (F(count, size), 1 - F(count, size))
            numbers = {"batch_size": size, "num_texts": 2, "text_probs": probs}
            # The next term is (log N)/3 and a number below 1.
            error = mp.log(size) / 3 + 1
            yield Case(numbers=numbers, value=mp.mpf(times[count]), error=error)
    few, three = 8, (F(1, 8), F(1, 4), F(5, 8))
    numbers = {"batch_size": few, "num_texts": 3, "text_probs": three}
    yield Case(numbers=numbers, value=_time(three, few), error=mp.log(few) / 3 + 1)


def _next_order() -> Iterator[Case]:
    """Take the offset from equal texts; the other starts must then fit."""
    for size, counts in ((100, (10, 20, 35)), (60, (18, 42))):
        times = two_text_times(size)

        def without_offset(x: mp.mpf, size: int = size) -> mp.mpf:
            y = 1 - x
            slow = y * mp.log(y) + x * mp.log(x)
            return -2 * size * slow - (x * mp.log(y) + y * mp.log(x)) / 3

        offset = without_offset(mp.mpf(1) / 2) - times[size // 2]
        for count in counts:
            probs = (F(count, size), 1 - F(count, size))
            numbers = {"batch_size": size, "num_texts": 2, "text_probs": probs}
            yield Case(
                numbers=numbers | {"fixation_time_offset": offset},
                value=mp.mpf(times[count]),
                error=mp.mpf(1) / (size * min(*probs)) / 10,
            )


def _witness(quantity: str, make: Callable[[], Iterator[Case]], method: str = "chain") -> Witness:
    return Witness(quantity=quantity, method=method, make=make)


WITNESSES = {
    "wright_fisher_homozygosity_moment": _witness(
        "Mean(S_2'**2)",
        _one_update(_squared_homozygosity, "homozygosity", "third_power_sum"),
        "enumeration",
    ),
    "wright_fisher_diversity_variance": _witness(
        "Var_H",
        _one_update(lambda p, n: _variance(p, n, 1), "text_diversity", "third_power_sum"),
        "enumeration",
    ),
    "wright_fisher_third_moment": _witness(
        "Mean(S_3')", _one_update(_cubes, "text_diversity", "third_power_sum"), "enumeration"
    ),
    "text_diversity_one_hot": _witness(
        "Mean(H[t])", _path(lambda p, n, t: mean(drifted(p, n, t), gini), cubes=False)
    ),
    "wright_fisher_third_power_sum": _witness(
        "Mean(S_3[t])",
        _path(lambda p, n, t: mean(drifted(p, n, t), lambda q: power_sum(q, 3))),
    ),
    "text_diversity_variance": _witness("Var_H[t]", _path(_variance)),
    "text_probs_covariance_path": _witness("Cov_p[t]", _covariance),
    "fixation_prob_lower_bound": _witness("Mean(A[t + 1, i])", _alone_by),
    "fixation_prob": _witness("P_fix", _alone_at_last),
    "unsettled_lower_bound": _witness("Mean(U[t])", _unsettled_below),
    "unsettled_upper_bound": _witness("Mean(U[t + 1])", _unsettled_above),
    "fixation_time_lower_bound": _witness("T_fix", _time_below),
    "fixation_time_upper_bound": _witness("T_fix", _time_above),
    "fixation_time_by_text": _witness("T_fix", _by_text),
    "fixation_time_diffusion": _witness("T_fix", _diffusion, "chain of two texts"),
    "fixation_time_next_order": _witness("T_fix", _next_order, "chain of two texts"),
}
