"""Small loops, drawn in plain NumPy, that do something which a model does not know.

Beside them, for each model, loops that do what it assumes. All are literal: captions and images are
drawn one generation after the other, and nothing of the toolkit's kernels or likelihoods is used.
Captions are certain (one-hot posteriors), so that a generation's text probabilities are the shares
of its captions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.labelled import labelled

Floats = npt.NDArray[np.float64]
Rng = np.random.Generator

AS_ASSUMED = "as assumed"
#: Share of the mass that injections bring in a generation, on average.
INJECTED_SHARE = "injected_share"


class Drawn(NamedTuple):
    """A data set and the true values of what a fit reports of it."""

    dataset: xr.Dataset
    truth: Mapping[str, float]


class UnknownLoop(NamedTuple):
    """A loop, and how it is fitted.

    Attributes
    ----------
    model : str
    name : str
    summary : str
        What it does that the model does not know.
    make : callable
        ``make(rng) -> Drawn``.
    options : mapping
        Of the model's ``prepare``.
    """

    model: str
    name: str
    summary: str
    make: Callable[[Rng], Drawn]
    options: Mapping[str, Any] = {}

    @property
    def assumed(self) -> bool:
        """Whether it does what the model assumes."""
        return self.name.startswith(AS_ASSUMED)


_TEXTS, _BATCH, _REPLICATES, _GENERATIONS = 4, 200, 4, 30
_PROB, _FRACTION, _SHARPENED = 0.2, 0.1, 0.97
_PREFERENCE, _FIRST_BATCH, _LAST_BATCH = 0.2, 400, 80


class _TextLoop(NamedTuple):
    """What happens in one generation, besides chance."""

    batch_size: Callable[[int], int] = lambda generation: _BATCH
    injected: Callable[[Rng, Floats], Floats] = lambda rng, probs: probs
    captions: Callable[[Floats], Floats] = lambda probs: probs
    after: Callable[[Floats], Floats] = lambda probs: probs
    slots: int = _TEXTS


def _text_probs(rng: Rng, loop: _TextLoop) -> Floats:
    probs = np.zeros((_REPLICATES, _GENERATIONS + 1, loop.slots))
    probs[:, 0, :_TEXTS] = 1 / _TEXTS
    for replicate in probs:
        for generation in range(_GENERATIONS):
            mass = loop.captions(loop.injected(rng, replicate[generation]))
            size = loop.batch_size(generation)
            replicate[generation + 1] = loop.after(rng.multinomial(size, mass) / size)
    return probs


def _fixed_corpus(rng: Rng, probs: Floats) -> Floats:
    if rng.random() >= _PROB:
        return probs
    return (1 - _FRACTION) * probs + _FRACTION / len(probs)


def _new_text(rng: Rng, probs: Floats) -> Floats:
    """A text that was not there takes the share, as long as a slot is free."""
    free = np.flatnonzero(probs == 0)
    if rng.random() >= _PROB or not len(free):
        return probs
    mass = (1 - _FRACTION) * probs
    mass[free[0]] = _FRACTION
    return mass


def _sharpened(probs: Floats) -> Floats:
    power = probs ** (1 / _SHARPENED)
    return np.asarray(power / power.sum())


def _curated(probs: Floats) -> Floats:
    """With some probability two captions are drawn and the preferred one is kept."""
    below = np.concatenate([[0.0], np.cumsum(probs)])
    best_of_two = np.diff(np.square(np.clip(below, 0, 1)))
    mass = (1 - _PREFERENCE) * probs + _PREFERENCE * best_of_two
    return np.asarray(mass / mass.sum())


def _falling(generation: int) -> int:
    ratio = (_LAST_BATCH / _FIRST_BATCH) ** (1 / (_GENERATIONS - 1))
    return round(_FIRST_BATCH * ratio**generation)


def _texts(temperature: float = 1.0, **loop: Any) -> Callable[[Rng], Drawn]:
    """A maker of text probabilities with injections of a fixed corpus, unless told otherwise."""
    chosen = _TextLoop(**({"injected": _fixed_corpus} | loop))
    # Chance adds up as the inverse of the batch size does.
    sizes = [chosen.batch_size(generation) for generation in range(_GENERATIONS)]
    truth = {
        labels.EFFECTIVE_BATCH_SIZE: float(1 / np.mean(1 / np.array(sizes))),
        labels.TEXT_TEMPERATURE: temperature,
        INJECTED_SHARE: _PROB * _FRACTION,
    }

    def make(rng: Rng) -> Drawn:
        return Drawn(labelled({labels.TEXT_PROBS: _text_probs(rng, chosen)}), truth)

    return make


_IMAGES, _FEATURES, _IMAGE_TEXTS, _IMAGE_GENERATIONS = 60, 2, 3, 20
_SHRINKAGE, _REJECTED = 0.98, 0.05


def _images(
    rng: Rng, number: Callable[[int], int], ddof: int, *, curated: bool
) -> tuple[Floats, Floats]:
    """Means and covariances of Gaussians retrained on their own images."""
    shape = (_REPLICATES, _IMAGE_GENERATIONS + 1, _IMAGE_TEXTS)
    means, covs = np.zeros((*shape, _FEATURES)), np.zeros((*shape, _FEATURES, _FEATURES))
    covs[:, 0] = np.eye(_FEATURES)
    for replicate in range(_REPLICATES):
        for generation in range(_IMAGE_GENERATIONS):
            for text in range(_IMAGE_TEXTS):
                here = (replicate, generation, text)
                normals = rng.standard_normal((number(generation), _FEATURES))
                if curated:
                    far = np.square(normals).sum(axis=1)
                    normals = normals[far <= np.quantile(far, 1 - _REJECTED)]
                images = means[here] + normals @ np.linalg.cholesky(covs[here]).T
                after = (replicate, generation + 1, text)
                means[after] = images.mean(axis=0)
                covs[after] = _SHRINKAGE * np.cov(images.T, ddof=ddof)
    return means, covs


def _falling_images(generation: int) -> int:
    return round(3 * _IMAGES * (1 / 9) ** (generation / (_IMAGE_GENERATIONS - 1)))


def _image_loop(
    number: Callable[[int], int] = lambda generation: _IMAGES,
    ddof: int = 1,
    *,
    curated: bool = False,
) -> Callable[[Rng], Drawn]:
    sizes = np.array([number(generation) for generation in range(_IMAGE_GENERATIONS)])
    truth = {
        labels.EFFECTIVE_BATCH_SIZE: _IMAGE_TEXTS * float(1 / np.mean(1 / sizes)),
        labels.SHRINKAGE_FACTOR: _SHRINKAGE,
    }

    def make(rng: Rng) -> Drawn:
        means, covs = _images(rng, number, ddof, curated=curated)
        return Drawn(labelled({labels.IMAGE_MEAN: means, labels.IMAGE_COV: covs}), truth)

    return make


_FACTOR, _START, _FLOOR, _DRIFT_SD, _NOISE_SD = 0.9, 1.0, 0.2, 0.02, 0.02


def _scores(
    factor: Callable[[int], float] = lambda generation: _FACTOR, jump: float = 0.0
) -> Callable[[Rng], Drawn]:
    """Scores that fall to a floor, with drift and noise; now and then one may jump back."""
    truth = {labels.CONTRACTION_FACTOR: _FACTOR, labels.FLOOR: _FLOOR}

    def make(rng: Rng) -> Drawn:
        state = np.full((_REPLICATES, _GENERATIONS + 1), _START)
        for generation in range(_GENERATIONS):
            left = state[:, generation] - _FLOOR
            back = jump * (rng.random(_REPLICATES) < 0.1) * (_START - state[:, generation])
            push = _DRIFT_SD * rng.standard_normal(_REPLICATES)
            state[:, generation + 1] = _FLOOR + factor(generation) * left + back + push
        noise = _NOISE_SD * rng.standard_normal(state.shape)
        return Drawn(labelled({labels.SCORE: state + noise}), truth)

    return make


def _slowing(generation: int) -> float:
    """From a factor of .8 to one of .98: a power law rather than an exponential."""
    return 0.8 + 0.18 * generation / (_GENERATIONS - 1)


def _retrained(noise_sd: float = 0.0, loss: float = 0.0) -> Callable[[Rng], Drawn]:
    """A state pulled to a fixed point; seen with noise, or with ever less real data."""
    truth = {labels.CONTRACTION_FACTOR: _FACTOR}

    def make(rng: Rng) -> Drawn:
        state = np.full((_REPLICATES, _GENERATIONS + 1), _START)
        for generation in range(_GENERATIONS):
            factor = 1 - (1 - _FACTOR) * (1 - loss) ** generation
            push = 0.05 * rng.standard_normal(_REPLICATES)
            state[:, generation + 1] = factor * state[:, generation] + push
        seen = state + noise_sd * rng.standard_normal(state.shape)
        return Drawn(labelled({labels.SCORE: seen}), truth)

    return make


_MOMENTS = {"likelihood": "moments"}
_NO_REAL = {"replenishment": "none"}
_SHARED_START = {"common_start": True}

#: All loops, those that a model knows first.
UNKNOWN_LOOPS: tuple[UnknownLoop, ...] = (
    UnknownLoop("text_drift", AS_ASSUMED, "chance and an injected corpus", _texts()),
    UnknownLoop(
        "text_drift",
        f"{AS_ASSUMED}, sharpened",
        "averages are sharpened: no counts",
        _texts(_SHARPENED, after=_sharpened),
        _MOMENTS,
    ),
    UnknownLoop(
        "text_drift",
        "new texts",
        "the other reading of injection: a text that was not there",
        _texts(injected=_new_text, slots=12),
    ),
    UnknownLoop(
        "text_drift",
        "tempered sampling",
        "captions are sharpened when sampled, not their averages after",
        _texts(_SHARPENED, captions=_sharpened),
        _MOMENTS,
    ),
    UnknownLoop(
        "text_drift",
        "curated outputs",
        "one caption in five is the preferred one of two",
        _texts(captions=_curated),
    ),
    UnknownLoop(
        "text_drift",
        "drifting batch size",
        "the batch size falls from 400 to 80",
        _texts(batch_size=_falling),
    ),
    UnknownLoop("image_contraction", AS_ASSUMED, "chance and shrinkage", _image_loop(), _NO_REAL),
    UnknownLoop(
        "image_contraction",
        "ddof 0",
        "covariances are divided by the number of images",
        _image_loop(ddof=0),
        _NO_REAL,
    ),
    UnknownLoop(
        "image_contraction",
        "curated outputs",
        "one image in twenty, the farthest out, is left out",
        _image_loop(curated=True),
        _NO_REAL,
    ),
    UnknownLoop(
        "image_contraction",
        "drifting batch size",
        "images of a text fall from 180 to 20",
        _image_loop(_falling_images),
        _NO_REAL,
    ),
    UnknownLoop("diversity_decay", AS_ASSUMED, "an exponential", _scores(), _SHARED_START),
    UnknownLoop(
        "diversity_decay",
        "slowing decay",
        "the contraction factor rises from .8 to .98",
        _scores(_slowing),
        _SHARED_START,
    ),
    UnknownLoop(
        "diversity_decay",
        "restored now and then",
        "one generation in ten regains half of what was lost",
        _scores(jump=0.5),
        _SHARED_START,
    ),
    UnknownLoop("retraining", AS_ASSUMED, "a pull to a fixed point", _retrained()),
    UnknownLoop("retraining", "seen with noise", "measurement noise", _retrained(noise_sd=0.05)),
    UnknownLoop(
        "retraining",
        "less and less real data",
        "the share of real data falls by a tenth in each generation",
        _retrained(loss=0.1),
    ),
)
