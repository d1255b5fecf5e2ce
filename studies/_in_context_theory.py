"""What theory says of the loops of the study of regression in context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from studies import _in_context_cases as cases
from toolkit.theory import number

#: An error that is so many times that of answering 0 has run away.
_AWAY = 100.0


def threshold(config: Any, context: int | None = None) -> float:
    """Share of real examples below which the mean square is unbounded, 0 where none is."""
    share = float(
        number(
            "context_bounded_share_of_total",
            num_features=config.num_inputs,
            num_context=context or config.context,
            attention_gain=cases.closed_gain(config, config.long),
        )
    )
    return max(share, 0.0)


def predicted_growth(config: Any, real: Any) -> tuple[np.ndarray, np.ndarray]:
    """What a generation multiplies a squared difference by: in the mean, and typically.

    ``real`` are numbers of real examples in a context.
    """
    given = {
        "num_features": config.num_inputs,
        "num_generated": config.context - np.asarray(real),
        "attention_gain": cases.closed_gain(config, config.long),
        "real_share": np.asarray(real) / config.context,
    }
    square = number("context_growth_factor", **given)
    return np.asarray(square), np.exp(2 * number("context_typical_rate", **given))


def predicted_path(config: Any, share: float) -> np.ndarray:
    """Mean error by generation of the closed form of long contexts."""
    real = round(share * config.context)
    given = _loop(config, cases.closed_gain(config, config.long), real, config.context)
    generations = np.arange(config.generations + 1)
    if real == 0:
        del given["real_share"]
        return np.asarray(number("context_error_without_real", generations=generations, **given))
    return np.asarray(number("context_error", generations=generations, **given))


def stationary(config: Any, share: float, context: int) -> float:
    """Mean error in the long run of one layer at the length that it is the best for."""
    given = _loop(config, cases.closed_gain(config, context), round(share * context), context)
    return float(number("context_stationary_error", **given))


def _loop(config: Any, gain: float, real: int, context: int) -> dict[str, Any]:
    return {
        "num_features": config.num_inputs,
        "num_real": real or context,
        "num_generated": context - real,
        "real_share": real / context,
        "attention_gain": gain,
        "squared_norm": cases.squared_norm(config),
        "label_noise": config.noise_sd**2,
        "real_label_noise": config.noise_sd**2,
    }


def predicted_designs(config: Any) -> np.ndarray:
    """Mean error by generation on orthogonal designs: it grows by the same in each."""
    return np.asarray(
        number(
            "context_growth_unbiased",
            num_features=config.num_inputs,
            num_real=config.context,
            num_generated=config.context,
            label_noise=config.noise_sd**2,
            generations=np.arange(config.generations + 1),
        )
    )


def typical_threshold(config: Any) -> float:
    """Share below which a typical run grows, between whole numbers of real examples."""
    real = np.arange(config.context)
    logs = np.log(predicted_growth(config, real)[1])
    return float(np.interp(0.0, -logs, real / config.context))


def slope(
    sizes: Mapping[tuple[str, float, int], np.ndarray], name: str, share: float
) -> tuple[float, float]:
    """Slope of log error in log length at the two longest, and its standard error."""
    own = {at: found for (of, part, at), found in sizes.items() if (of, part) == (name, share)}
    two = sorted(own)[-2:]
    slopes = np.diff(np.log([own[at] for at in two]), axis=0)[0] / np.diff(np.log(two))
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes)))


def away(config: Any, found: np.ndarray) -> float:
    """The share of runs whose error has run away."""
    return float(np.mean(~(found < _AWAY * cases.squared_norm(config))))
