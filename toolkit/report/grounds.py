"""Which theorems each number rests on, in which sense, and what they say in numbers.

The numbers of a report come from the fitted process, in which all causes act at once; a theorem
says what one of them does alone, or what the kernel does in one step. So each number names its
theorems with the sense in which it rests on them, and where a theorem has a number of its own, at
the posterior's draws, that stands beside (:func:`quick_answers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, measures
from toolkit.report.gathering import Findings
from toolkit.theory import function

Floats = npt.NDArray[np.float64]


class Ground(NamedTuple):
    """Theorems, by name, and the sense in which a number rests on them."""

    theorems: tuple[str, ...]
    words: str


_TEXTS: Mapping[str, Ground] = {
    "fit": Ground(
        ("text_probs_martingale", "text_probs_covariance", "wright_fisher_homozygosity_moment"),
        "the likelihood has this mean and this covariance in every update; with certain captions "
        "it is the multinomial law itself",
    ),
    "rate": Ground(
        ("text_diversity_recursion", "text_diversity_one_hot", "text_half_life"),
        "drift alone, which all other causes add to; the number is that of the fitted loop with "
        "all of them",
    ),
    "causes": Ground(
        ("text_diversity_one_hot", "corpus_injection_recursion_before"),
        "drift and injection; the parts of other causes are found by running the fitted loop "
        "without them, with no theorem of their own",
    ),
    "forecast": Ground(
        ("text_probs_martingale", "wright_fisher_diversity_variance", "text_level_time"),
        "mean and scatter of one update of the kernel that every path runs, and a bound on the "
        "time that the mean takes by drift alone",
    ),
    "dose": Ground(
        ("corpus_injection_fraction_before", "corpus_injection_prob_ceiling_before"),
        "the smallest share, and the most that any share can keep, for the mean in the long run; "
        "the number is for a probability at the horizon",
    ),
}
_IMAGES: Mapping[str, Ground] = {
    "fit": Ground(
        ("directional_variance_mean", "directional_diversity_mean"),
        "the Wishart law of an updated covariance, of which these are moments",
    ),
    "rate": Ground(
        ("image_factor_mean", "image_diversity_upper_bound_counts", "image_exact_rate"),
        "chance alone; shrinkage and real images act besides it in the fitted loop",
    ),
    "causes": Ground(
        ("image_factor_mean", "user_content_mean_covariance"),
        "chance, with the shrinkage factor, and real images",
    ),
    "forecast": Ground(
        ("image_factor_mean", "replicate_diversity_variance", "image_level_time"),
        "mean and scatter of the updates that every path makes, and a bound on the time that the "
        "mean takes by chance alone",
    ),
    "dose": Ground(
        ("user_content_mean_covariance", "user_content_fidelity"),
        "what real images do to the covariance in one update, and to the mean in the long run",
    ),
}
_SCORES: Mapping[str, Ground] = {
    "fit": Ground(
        ("text_diversity_one_hot", "corpus_injection_recursion_before"),
        "the law is that of a mean which contracts geometrically, to zero or to a floor: exact "
        "for the loops of these theorems, an assumption for a score of another loop",
    ),
    "rate": Ground(
        ("text_diversity_one_hot", "directional_log_mean"),
        "a constant factor per generation, of the mean or (on the log scale) of a typical run",
    ),
    "forecast": Ground(
        ("corpus_injection_recursion_before", "transient_time"),
        "the way of the mean to its floor, and the time until it passes a level",
    ),
}
_STATES: Mapping[str, Ground] = {
    "fit": Ground(
        ("user_content_drift",),
        "a pool of generated and real data pulls the mean back by the share that is generated: "
        "the contraction factor is 1 minus the real share",
    ),
    "rate": Ground(("user_content_drift",), "the same factor, as a half-life"),
    "forecast": Ground(
        ("user_content_drift", "transient_time"),
        "the way of the mean to the fixed point, and the time until it passes a level",
    ),
}
_BY_MODEL = {
    "text_drift": (_TEXTS,),
    "image_contraction": (_IMAGES,),
    "coevolution": (_TEXTS, _IMAGES),
    "diversity_decay": (_SCORES,),
    "retraining": (_STATES,),
}


def grounds_of(found: Findings, what: str) -> tuple[Ground, ...]:
    """What a number rests on: ``"fit"``, ``"rate"``, ``"causes"``, ``"forecast"``, ``"dose"``.

    Parameters
    ----------
    found : Findings
    what : str
    """
    parts = _BY_MODEL[found.model]
    if what != "fit" and found.model == "coevolution":
        # One fit of both, but what is told is of the one or of the other.
        parts = (_IMAGES if found.variable.startswith("image") else _TEXTS,)
    chosen = [part[what] for part in parts if what in part]
    if what == "dose" and isinstance(found.dose, xr.Dataset):
        named = {name for one in chosen for name in one.theorems}
        chosen += [one for one in _by_closed_form(found.dose) if not named & set(one.theorems)]
    return tuple(chosen)


def _by_closed_form(dose: xr.Dataset) -> list[Ground]:
    if labels.CLOSED_FORM not in dose:
        return []
    name = str(dose[labels.CLOSED_FORM].attrs["theorem"])
    return [Ground((name,), "the quick answer, drawn beside the curve")]


def theorems_of(found: Findings) -> tuple[str, ...]:
    """All theorems that the report names, in order."""
    whats = ["fit", "rate", "causes", "forecast"]
    whats += ["dose"] if isinstance(found.dose, xr.Dataset) else []
    named = [name for what in whats for one in grounds_of(found, what) for name in one.theorems]
    return tuple(dict.fromkeys([*named, *(one.theorem for one in quick_answers(found))]))


class QuickAnswer(NamedTuple):
    """A theorem's own number, at each draw of the posterior.

    Attributes
    ----------
    words : str
    theorem : str
    values : array
    beside : str
        What in the report it is to be laid beside.
    """

    words: str
    theorem: str
    values: Floats
    beside: str


def quick_answers(found: Findings) -> tuple[QuickAnswer, ...]:
    """What the theorems say in closed form at the fitted numbers.

    Parameters
    ----------
    found : Findings
    """
    draws = _draws(found.fit)
    answers = {
        "text_drift": (_of_texts,),
        "coevolution": (_of_texts, _of_images),
        "image_contraction": (_of_images,),
        "diversity_decay": (_of_transient,),
        "retraining": (_of_transient,),
    }
    return tuple(one for make in answers[found.model] for one in make(found, draws))


def _draws(fit: xr.DataTree) -> dict[str, Floats]:
    posterior = fit["posterior"].to_dataset()
    order = (labels.CHAIN, labels.DRAW)
    arrays = {str(n): v.transpose(*order, ...).values for n, v in posterior.data_vars.items()}
    return {name: a.reshape(-1, *a.shape[2:]).astype(float) for name, a in arrays.items()}


def _of_texts(found: Findings, draws: Mapping[str, Floats]) -> Iterator[QuickAnswer]:
    size = draws[labels.EFFECTIVE_BATCH_SIZE]
    yield QuickAnswer(
        "Generations in which drift alone halves the mean text diversity",
        "text_half_life",
        np.asarray(function("text_half_life")(batch_size=size)),
        "half-life",
    )
    target = measures.text_diversity(_target(found.fit, draws))
    prob, fraction = draws[labels.INJECTION_PROB], draws[labels.INJECTION_FRACTION]
    if prob.any():
        level = function("corpus_injection_stationary_before")(
            batch_size=size, text_updates=1, injection_prob=prob, injection_fraction=fraction,
            target_diversity=target,
        )  # fmt: skip
        yield QuickAnswer(
            "Mean text diversity at which drift and the fitted injections balance",
            "corpus_injection_stationary_before",
            np.asarray(level),
            "forecast",
        )
    most = function("corpus_injection_prob_ceiling_before")(
        batch_size=size, text_updates=1, injection_prob=1.0, target_diversity=target
    )
    yield QuickAnswer(
        "The most that any share, injected in every generation, can keep",
        "corpus_injection_prob_ceiling_before",
        np.asarray(np.broadcast_to(most, size.shape)),
        "dose",
    )


def _target(fit: xr.DataTree, draws: Mapping[str, Floats]) -> Any:
    if labels.INJECTION_TARGET in draws:
        return draws[labels.INJECTION_TARGET]
    return fit["constant_data"][labels.INJECTION_TARGET].values


def _of_images(found: Findings, draws: Mapping[str, Floats]) -> Iterator[QuickAnswer]:
    each = draws.get(labels.EFFECTIVE_IMAGE_COUNT)
    if each is None:
        seen = found.fit["observed_data"]
        texts = seen.sizes.get(labels.TEXT) or found.fit["constant_data"].sizes[labels.TEXT]
        each = draws[labels.EFFECTIVE_BATCH_SIZE][:, None] / texts
    count = np.maximum(each.mean(axis=-1), 2.0)
    yield QuickAnswer(
        "Generations in which chance alone halves the mean sd of a text of average size",
        "directional_half_life",
        np.asarray(function("directional_half_life")(image_count=count)),
        "half-life",
    )
    yield QuickAnswer(
        "The same for a typical run instead of the mean",
        "typical_level_time",
        np.asarray(function("typical_level_time")(image_count=count, share_left=0.5)),
        "half-life",
    )


def _of_transient(found: Findings, draws: Mapping[str, Floats]) -> Iterator[QuickAnswer]:
    if found.level is None or found.variable not in (*found.fit["observed_data"].data_vars,):
        return
    now = float(found.ahead[labels.CURRENT].mean())
    factor = draws[labels.CONTRACTION_FACTOR]
    end = draws.get(labels.FLOOR, draws.get(labels.FIXED_POINT_VALUE))
    if end is None:
        return
    end = end.reshape(len(factor), -1)
    if end.shape[1] != 1:
        return
    far, left = now - end[:, 0], found.level - end[:, 0]
    falls = (left > 0) & (far > left) & (factor < 1)
    time = function("transient_time")(
        transient_size=np.where(falls, far, 2.0),
        transient_factor=np.where(factor < 1, factor, 0.5),
        transient_level=np.where(falls, left, 1.0),
    )
    yield QuickAnswer(
        f"Generations until the mean of all replicates is below {found.level:g}",
        "transient_time",
        np.where(falls, np.asarray(time), np.where(far <= left, 0.0, np.inf)),
        "time until first below",
    )
