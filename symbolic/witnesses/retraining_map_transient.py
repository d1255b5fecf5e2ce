"""Witnesses of transient growth: norms of solved maps, and where they pass 1."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import mpmath as mp

from symbolic.witness import Case, Witness
from symbolic.witnesses.retraining_map import norm_reaches_one, with_digits
from symbolic.witnesses.retraining_map_family import (
    ROUNDING,
    Family,
    jacobian_of,
    operator_norm,
    rank_one,
)

_CLOSE = mp.mpf("1e-24")


def _family(curvatures: tuple[Any, Any], score: tuple[Any, Any]) -> Family:
    return rank_one(curvatures, score, mp.mpf(3) / 5, mp.mpf(1) / 2)


def _settings() -> tuple[tuple[tuple[Any, Any], tuple[Any, Any]], ...]:
    """Curvatures and scores along their axes."""
    m = mp.mpf
    return (
        ((m(2), m(5)), (m(3) / 2, m(2))),
        ((m(7), m(1) / 2), (m(1), m(-1) / 3)),
        ((m(1) / 3, m(4)), (m(2) / 3, m(5) / 2)),
    )


def _arrays(curvatures: Any, score: Any) -> dict[str, Any]:
    return {"num_parameters": 2, "axis_curvature": curvatures, "axis_score": score}


@with_digits
def _norm() -> Iterator[Case]:
    for (curvatures, score), ratio in zip(_settings(), (3, 40, 1), strict=True):
        value = operator_norm(jacobian_of(_family(curvatures, score), mp.mpf(ratio)))
        numbers = _arrays(curvatures, score) | {"synthetic_ratio": mp.mpf(ratio)}
        yield Case(numbers=numbers, value=value, error=ROUNDING)


_reached = functools.cache(norm_reaches_one)


@with_digits
def _threshold() -> Iterator[Case]:
    for curvatures, score in _settings():
        value = _reached(_family(curvatures, score))
        yield Case(numbers=_arrays(curvatures, score), value=value, error=_CLOSE)


@with_digits
def _soonest() -> Iterator[Case]:
    """The worst direction is found by search, over the share of the first axis."""
    for least, condition, size in ((mp.mpf(2), mp.mpf(5) / 2, mp.mpf(3)), (mp.mpf(1) / 2, 14, 1)):
        curvatures, numbers = (least, condition * least), {
            "smallest_curvature": least, "condition_number": condition, "fisher_size": size,
        }  # fmt: skip

        def excess(share: Any, given: Any = (curvatures, size)) -> Any:
            (first, second), total = given
            parts = (total * share / first, total * (1 - share) / second)
            lengths = mp.sqrt(total * (parts[0] / first + parts[1] / second))
            return lengths - parts[0] - parts[1]

        worst = _highest(excess)
        for share, sharp in ((worst, True), (mp.mpf(1) / 2, False)):
            score = (mp.sqrt(size * share), mp.sqrt(size * (1 - share)))
            value = _reached(_family(curvatures, score))
            yield Case(numbers=numbers, value=value, error=mp.mpf("1e-18"), sharp=sharp)


def _highest(of: Any) -> Any:
    """Search for the highest point of a function with one, on shares, by thirds."""
    low, high = mp.mpf(0), mp.mpf(1)
    for _ in range(120):
        left, right = (2 * low + high) / 3, (low + 2 * high) / 3
        low, high = (left, high) if of(left) < of(right) else (low, right)
    return (low + high) / 2


WITNESSES: dict[str, Witness] = {
    "rank_one_retraining_norm": Witness(
        quantity="J_norm", method="solving and differencing", make=_norm
    ),
    "rank_one_threshold": Witness(quantity="lambda_c", method="false position", make=_threshold),
    "retraining_threshold_transient": Witness(
        quantity="lambda_c", method="false position", make=_soonest
    ),
}
