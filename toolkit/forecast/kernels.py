"""Continuation by the loop's own kernel: ``text_drift``, ``image_contraction``, ``coevolution``.

Every path runs :func:`toolkit.loops.coevolving.step`, the kernel that ``simulate`` runs, with the
numbers of its draw of the posterior; one program serves all draws, replicates and overrides. What
the fitted models leave open is set as follows.

- *Sizes.* ``effective_batch_size`` is rounded to a whole number.
- *Texts* (``text_drift``, ``coevolution``). Where the fit knew no image Gaussians, or its
  likelihood was that of counts, captions are certain: the text update is the multinomial of
  effective_batch_size. Counts are sharpened before they are drawn, averages after. Where the
  Gaussians are known, posteriors are averaged over images as in the loop; of more than 128 images,
  128 are drawn and their deviation from the mean is scaled
  (:func:`toolkit.loops.posterior.mean_posterior`): mean and covariance, and so the mean diversity,
  are exact at any size, at a cost that does not grow with it. ``text_drift`` keeps the images as
  they were last.
- *Images* (``image_contraction``, ``coevolution``). The numbers of images are multinomial with the
  text probabilities. ``image_contraction`` says nothing of texts: their probabilities stay those
  of the last state, or the mean of the last four counts, or, where neither is known, proportional
  to effective_image_count. Real images come from the reference of the fit; their number for a text
  need not be whole and is rounded up or down by chance in each update. A text with fewer than
  ``d + 1`` images keeps its Gaussian. Without image means, means start at the reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels, measures
from toolkit.forecast.engine import run_paths
from toolkit.forecast.source import Paths, Source
from toolkit.loops.coevolving_parts import Params, Spec, State, Varying
from toolkit.measures import Array, ScaledFactor

FloatArray = npt.NDArray[np.float64]

#: Images whose posteriors are averaged in one text update.
_MOST_IMAGES = 128
#: Generations whose counts say how images are shared among texts from now on.
_RECENT = 4

_OF_TEXTS = (labels.TEXT_DIVERSITY, labels.TEXT_ENTROPY, labels.TEXT_EFFECTIVE_NUMBER)
_OF_COVS = (
    labels.IMAGE_DIVERSITY,
    labels.IMAGE_TOTAL_SD,
    labels.IMAGE_TOTAL_VARIANCE,
    labels.IMAGE_VOLUME_SCALE,
    labels.IMAGE_DIRECTIONAL_SD,
)
_OF_MEANS = (labels.IMAGE_FIDELITY, labels.IMAGE_FIDELITY_SQUARED, labels.IMAGE_WASSERSTEIN)


class _Start(NamedTuple):
    """States that paths start from; leading axes (draw or 1, replicate or 1)."""

    text_probs: FloatArray
    image_mean: FloatArray
    image_cov: FloatArray
    reference_mean: FloatArray
    reference_cov: FloatArray


class KernelSource(Source):
    """A fit whose paths run the co-evolving loop's kernel."""

    has_texts = False
    has_images = False

    def __init__(self, fit: xr.DataTree) -> None:
        super().__init__(fit)
        self.options = json.loads(fit.attrs.get("options", "{}"))
        self.variables, names = {}, [labels.EFFECTIVE_BATCH_SIZE]
        if self.has_texts:
            names += [labels.TEXT_TEMPERATURE, labels.INJECTION_PROB, labels.INJECTION_FRACTION]
            names += [labels.INJECTION_TARGET]
            self._offer(*_OF_TEXTS, labels.TEXT_PROBS)
        if self.has_images:
            names += [labels.SHRINKAGE_FACTOR, labels.REAL_SHARE, labels.NUM_USER_IMAGES]
            self._offer(*_OF_COVS)
            if labels.IMAGE_MEAN in self.observed:
                self._offer(*_OF_MEANS)
        if labels.EFFECTIVE_IMAGE_COUNT in fit["posterior"]:
            names += [labels.EFFECTIVE_IMAGE_COUNT]
        self.parameters = tuple(names)
        states = self.observed if self.has_images else self.constant
        self.features = states.sizes.get(labels.FEATURE, 0)
        of_texts = self.observed if labels.TEXT in self.observed.dims else self.constant
        self.num_texts = of_texts.sizes[labels.TEXT]
        known = of_texts[labels.TEXT].values if labels.TEXT in of_texts.coords else None
        self.coords = {labels.TEXT: np.arange(self.num_texts) if known is None else known}

    def _offer(self, *names: str) -> None:
        self.variables |= {name: labels.variable(name).dims for name in names}

    @property
    def certain(self) -> bool:
        """Whether captions are certain."""
        return self.constant.attrs.get("likelihood") == "counts" or not self.features

    def run(self, paths: Paths, generations: int, names: tuple[str, ...]) -> dict[str, FloatArray]:
        """Paths by the kernel."""
        tree = (self._params(paths), self._states(paths))
        return run_paths(self._spec(paths), names, tree, paths, generations)

    def numbers(self, paths: Paths) -> dict[str, FloatArray]:
        """What the closed forms take, draws first: averages over the replicates."""
        params, state = self._params(paths), self._states(paths)
        draws = len(next(iter(paths.values.values())))
        scale = np.exp(2 * np.asarray(state.reference_factor.log_scale))
        unit = np.asarray(state.reference_factor.unit)
        leaves = {
            "batch_size": params.batch_size,
            labels.INJECTION_PROB: params.corpus_prob,
            labels.INJECTION_FRACTION: params.corpus_fraction,
            "corpus": params.corpus_target,
            labels.TEXT_PROBS: state.text_probs,
            "reference_cov": (unit * scale[..., None, :]) @ np.swapaxes(unit, -1, -2),
        }
        means = {name: np.asarray(leaf, float).mean(axis=1) for name, leaf in leaves.items()}
        return {n: np.broadcast_to(m, (draws, *m.shape[1:])) for n, m in means.items()}

    def _spec(self, paths: Paths) -> Spec:
        d = max(self.features, 1)
        options = self.options.get("replenishment", "images")
        real = self.has_images and (options != "none" or bool(_REAL & set(paths.overridden)))
        return Spec(
            method="exact",
            dtype="float64",
            num_texts=self.num_texts,
            num_features=d,
            batch_size=_MOST_IMAGES,
            text_updates=int(self.has_texts),
            image_updates=int(self.has_images),
            ddof=int(self.options.get("ddof", 1)),
            min_images=d + 1,
            sharpen=self.has_texts,
            reading="fixed_corpus" if self.has_texts else None,
            fresh_corpus=False,
            new_text_given=(False, False),
            user_images=0,
            user_images_given=False,
            varying=Varying(
                captions="certain" if self.certain else "images",
                sharpen_first=self.constant.attrs.get("likelihood") == "counts",
                real_images=real,
            ),
        )

    def _params(self, paths: Paths) -> Params:
        """Numbers of the kernel, leading axes (draw or 1, replicate or 1)."""
        d = max(self.features, 1)
        values = paths.values
        one = np.ones((1, 1))

        def number(name: str, default: float) -> FloatArray:
            return values[name][:, None] if name in values else default * one

        size = self._sizes(paths)
        odds = number(labels.REAL_SHARE, 0.0)
        odds = odds / (1 - odds)
        shared = self.options.get("replenishment") == "share"
        real = number(labels.NUM_USER_IMAGES, 0.0)
        if labels.NUM_USER_IMAGES in values:
            odds = 0 * one
        elif not shared:
            real, odds = odds * size / self.num_texts, 0 * one
        eye = _factor(np.eye(d)[None, None])
        numbers: dict[str, Any] = {
            "inverse_temperature": 1 / number(labels.TEXT_TEMPERATURE, 1.0),
            "shrinkage_factor": number(labels.SHRINKAGE_FACTOR, 1.0),
            "corpus_prob": number(labels.INJECTION_PROB, 0.0),
            "corpus_fraction": number(labels.INJECTION_FRACTION, 0.0),
            "corpus_target": self._target(values),
            "corpus_concentration": one,
            "new_text_mean": np.zeros((1, 1, d)),
            "new_text_factor": eye,
            "user_images": np.zeros((1, 1, self.num_texts, 1, d)),
            "user_available": np.ones((1, 1, self.num_texts), int),
            "batch_size": np.maximum(np.round(size), 2.0),
            "real_number": real,
            "real_odds": odds,
        }
        return Params(**numbers)

    def _target(self, values: dict[str, FloatArray]) -> FloatArray:
        name = labels.INJECTION_TARGET
        if name in values:
            target = values[name]
            return np.asarray(target / target.sum(axis=-1, keepdims=True))[:, None]
        if name in self.constant:
            return np.asarray(self.constant[name].values, float)[None, None]
        return np.full((1, 1, self.num_texts), 1 / self.num_texts)

    def _sizes(self, paths: Paths) -> FloatArray:
        """Effective batch sizes of each draw, and replicate where they differ."""
        values, name = paths.values, labels.EFFECTIVE_BATCH_SIZE
        own = values.get(labels.REPLICATE_BATCH_SIZE)
        if own is None or name in paths.overridden:
            return values[name][:, None]
        if not paths.anew:
            return own
        # A new replicate's, by a normal variable for each draw and replicate of this seed.
        normal = np.zeros(own.shape)
        normal[paths.draw, paths.replicate] = np.asarray(_normals(paths.keys))
        spread = values[labels.REPLICATE_SPREAD][:, None]
        return np.asarray(values[name][:, None] * np.exp(spread * normal))

    def _states(self, paths: Paths) -> State:
        start = self._start(paths)
        probs = start.text_probs / start.text_probs.sum(axis=-1, keepdims=True)
        parts: dict[str, Any] = {
            "text_probs": probs,
            "text_active": np.ones((1, 1, self.num_texts), bool),
            "image_mean": start.image_mean,
            "image_factor": _factor(start.image_cov),
            "reference_mean": start.reference_mean,
            "reference_factor": _factor(start.reference_cov),
        }
        return State(**parts)

    def _start(self, paths: Paths) -> _Start:
        d, texts = max(self.features, 1), self.num_texts
        at = 0 if paths.anew else -1
        probs = self._shares(paths)
        nowhere = np.zeros((1, 1, texts, d))
        unit = np.broadcast_to(np.eye(d), (1, 1, texts, d, d))
        if not self.features:
            return _Start(probs, nowhere, unit, nowhere, unit)
        if not self.has_images:
            fixed = (self.constant[name] for name in (labels.IMAGE_MEAN, labels.IMAGE_COV))
            mean_fixed, cov_fixed = (variable.values[None] for variable in fixed)
            return _Start(probs, mean_fixed, cov_fixed, mean_fixed, cov_fixed)
        cov = self._complete(labels.IMAGE_COV)
        mean = self._complete(labels.IMAGE_MEAN) if labels.IMAGE_MEAN in self.observed else None
        real_cov = cov[:, 0][None]
        real_mean = nowhere if mean is None else mean[:, 0][None]
        if labels.REFERENCE_COV in self.constant:
            real_cov = self.constant[labels.REFERENCE_COV].values[None, None]
        if labels.REFERENCE_MEAN in self.constant:
            real_mean = self.constant[labels.REFERENCE_MEAN].values[None, None]
        now = real_mean if mean is None else mean[:, at][None]
        return _Start(probs, now, cov[:, at][None], real_mean, real_cov)

    def _shares(self, paths: Paths) -> FloatArray:
        """Text probabilities at the start, or what they are taken to be."""
        at = 0 if paths.anew else -1
        if self.has_texts:
            return self._complete(labels.TEXT_PROBS)[:, at][None]
        if labels.IMAGE_COUNT in self.constant:
            count = self.constant[labels.IMAGE_COUNT].values[:, 1:].astype(float)
            recent = count[:, :_RECENT] if paths.anew else count[:, -_RECENT:]
            return np.asarray(recent.sum(axis=1))[None]
        if labels.TEXT_PROBS in self.constant:
            return np.asarray(self.constant[labels.TEXT_PROBS].values[:, at], float)[None]
        return paths.values[labels.EFFECTIVE_IMAGE_COUNT][:, None]

    def _complete(self, name: str) -> FloatArray:
        values = np.asarray(self.observed[name].transpose(*labels.dims(name)).values, float)
        ends = values[:, [0, -1]]
        bad = ~np.isfinite(ends).reshape(len(values), -1).all(axis=1)
        if bad.any():
            raise ValueError(
                f"{name} of replicate {self.replicate[bad.argmax()]} is not known at the first or "
                "last generation, where paths start; fit the data cut to generations that are."
            )
        return values


class TextSource(KernelSource):
    """Texts alone, their images fixed or not known."""

    model = "text_drift"
    has_texts = True


class ImageSource(KernelSource):
    """Images alone, their texts fixed."""

    model = "image_contraction"
    has_images = True

    def _sizes(self, paths: Paths) -> FloatArray:
        each = paths.values.get(labels.EFFECTIVE_IMAGE_COUNT)
        if each is None or labels.EFFECTIVE_BATCH_SIZE in paths.overridden:
            return super()._sizes(paths)
        return np.asarray(each.sum(axis=-1))[:, None]


class BothSource(KernelSource):
    """Texts and images."""

    model = "coevolution"
    has_texts = has_images = True


SOURCES: dict[str, Callable[[xr.DataTree], Source]] = {
    source.model: source for source in (TextSource, ImageSource, BothSource)
}
_REAL = {labels.REAL_SHARE, labels.NUM_USER_IMAGES}


def _factor(cov: FloatArray) -> ScaledFactor:
    factor: ScaledFactor = jax.tree.map(np.asarray, measures.factorise(cov))
    return factor


@jax.jit
@jax.vmap
def _normals(key: Array) -> Array:
    return jax.random.normal(jax.random.fold_in(key, 2**31))
