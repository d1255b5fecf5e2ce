"""Doses by the theorems on stationary means: the quick answer, and a check of the found one.

- ``text_diversity`` under a fixed corpus (T5): the injection_fraction or injection_prob from which
  the stationary mean diversity is at least the target; certain captions, no sharpening.
- ``image_fidelity_squared`` under user content (I10): the number of real images from which its
  stationary mean is at most the target, of a text with its expected number of images; no
  shrinkage, unbiased covariances.

They say nothing of a horizon nor of a probability: a mean at the target is below it about half the
time, and a loop that starts far from it takes its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit import labels, measures

FloatArray = npt.NDArray[np.float64]

_THEOREMS = {
    labels.INJECTION_FRACTION: ("corpus_injection_fraction_before", labels.INJECTION_PROB),
    labels.INJECTION_PROB: ("corpus_injection_prob_before", labels.INJECTION_FRACTION),
}
_OF_IMAGES = "user_content_smallest_user_images"


def closed_form(
    vary: str, variable: str, target: float, params: Mapping[str, Any]
) -> tuple[str, FloatArray] | None:
    """The dose of each draw by the theorem on the stationary mean, and the theorem's name.

    Parameters
    ----------
    vary, variable : str
    target : float
    params : mapping
        By name, draws first: ``batch_size``, ``injection_prob``, ``injection_fraction``,
        ``corpus`` (the injected probabilities), ``text_probs`` and ``reference_cov`` (of the
        texts, as they are now).

    Returns
    -------
    (str, array) or None
        inf where no dose gives it; None where there is no such theorem.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"batch_size": np.array([1000.0]), "injection_prob": np.array([0.2]),
    ...           "corpus": np.full((1, 5), 0.2)}
    >>> name, dose = closed_form("injection_fraction", "text_diversity", 0.6, params)
    >>> name, round(float(dose[0]), 5)
    ('corpus_injection_fraction_before', 0.00754)
    """
    # The library of theorems takes long to import; no other answer needs it.
    from toolkit.theory import function

    if vary in _THEOREMS and variable == labels.TEXT_DIVERSITY:
        name, other = _THEOREMS[vary]
        diversity = measures.text_diversity(params["corpus"])
        found = function(name)(
            batch_size=jnp.asarray(params["batch_size"], float),
            diversity_floor=target,
            target_diversity=diversity,
            text_updates=1,
            **{other: jnp.asarray(params[other], float)},
        )
        possible = (diversity > target) & jnp.isfinite(found) & (found <= 1)
        return name, np.asarray(jnp.where(possible, found, jnp.inf))
    if vary == labels.NUM_USER_IMAGES and variable == labels.IMAGE_FIDELITY_SQUARED:
        trace = np.trace(np.asarray(params["reference_cov"]), axis1=-2, axis2=-1)
        count = np.asarray(params["batch_size"])[:, None] * params["text_probs"]
        found = function(_OF_IMAGES)(
            image_count=jnp.asarray(count), image_variance=jnp.asarray(trace), fidelity_cap=target
        )
        return _OF_IMAGES, np.ceil(np.maximum(np.asarray(found), 1.0)).max(axis=-1)
    return None
