r"""``coevolution``: the whole process as one program, for simulation and for inference.

:func:`program` is one NumPyro program with two kinds of evidence. With nothing observed
(:class:`Unobserved`) it draws parameters and a trajectory, site by site: that is what
``simulate_numpyro`` draws by ``Predictive``. With every state observed (:class:`Spec`) it draws
the same parameters and scores each transition by its density, in which what lies between two
states is summed out:

==================  ===========================================  =============================
drawn (collapsed)   scored                                       how
==================  ===========================================  =============================
``injection_due``   summed over both events                      exact
``caption_count``,  density of ``text_probs``                    exact for one-hot posteriors,
``images`` (text)                                                else T1's moments
``caption_count``   ``image_count`` where it is observed,        exact; else Gauss's rule with
(image)             else summed out                              a binomial's three moments
``mean_normals``    density of ``image_mean``                    exact
``scatter_..``      density of ``image_cov`` (Wishart)           exact without real images,
                                                                 else by matched moments
==================  ===========================================  =============================

The densities are those of :mod:`toolkit.models.text_drift` and
:mod:`toolkit.models.image_contraction`, whose docstrings state their approximations. Where they
are exact, a test shows that a scored transition has the density of the drawn sites. In the literal
form every caption and image is a site: images can be conditioned on (their captions are then
latent, with finitely many values), the states cannot, since they are functions of the images.

**Partial pooling.** Replicate r has the effective batch size

    log N_r = log effective_batch_size + replicate_spread z_r,  z_r ~ N(0, 1),

and one ``N_r`` explains the fluctuations of its texts and of its images. A single replicate has
``effective_batch_size`` itself.

Options: ``batch_size``, ``target``, ``likelihood`` (as for ``text_drift``); ``replenishment``,
``reference``, ``ddof`` (as for ``image_contraction``). ``real_share`` is the share of the
average text: ``n_0 / (n_0 + N_r / num_texts)``.

Default priors
--------------
effective_batch_size
    ``LogNormal(log B, 0.5)`` where texts are counts of B captions, else where images are
    counted, B their total; ``LogNormal(log batch_size, 1)`` where that is given; else
    ``LogNormal(log 500, 1.5)``, 25 to 10000.
replicate_spread
    ``HalfNormal(0.2)``: replicates of one loop seldom differ by more than a factor 1.5.
text_temperature, injection_prob, injection_fraction, injection_target
    Those of ``text_drift``.
shrinkage_factor, real_share
    Those of ``image_contraction``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro import handlers

from toolkit import labels
from toolkit.models import image_contraction, text_drift
from toolkit.models.coevolution_data import Array, Data, Spec, prepare
from toolkit.models.coevolution_generate import CoevolutionDesign, generate
from toolkit.models.coevolution_parts import Form, Numbers, State
from toolkit.models.coevolution_program import trajectory
from toolkit.models.coordinates import rounded
from toolkit.models.distributions import HalfNormal
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw
from toolkit.models.text_evidence import TextData
from toolkit.models.text_moments import Moments

__all__ = ["MODEL", "CoevolutionDesign", "Start", "Unobserved", "program"]

_SIZE = labels.EFFECTIVE_BATCH_SIZE
_OF_TEXT = (labels.TEXT_TEMPERATURE, labels.INJECTION_PROB, labels.INJECTION_FRACTION)
_DRAWN = (*_OF_TEXT, labels.SHRINKAGE_FACTOR)
_OFFSET = "replicate_offset"
_NO_AXIS = -1


class Unobserved(NamedTuple):
    """A trajectory of which nothing is observed: it is drawn."""

    form: Form
    generations: int


class Start(NamedTuple):
    """Where it starts, and the numbers that are no parameters."""

    numbers: Numbers
    initial: State


def priors(evidence: Evidence) -> dict[str, Prior]:
    """The default priors; see the module.

    Parameters
    ----------
    evidence : Evidence
    """
    spec = cast(Spec, evidence.spec)
    of_text = text_drift.priors(evidence._replace(spec=spec.text, data=evidence.data.text))
    of_image = image_contraction.priors(
        evidence._replace(spec=spec.image, data=evidence.data.image)
    )
    size: Prior = dist.LogNormal(math.log(500.0), 1.5)
    if spec.text.likelihood == "counts" or (spec.text.batch_given and spec.image.sizes != "counts"):
        size = of_text[_SIZE]
    elif spec.image.sizes == "counts":
        size = of_image[_SIZE]
    found = {**of_text, **of_image, _SIZE: size}
    if spec.pooled:
        found[labels.REPLICATE_SPREAD] = HalfNormal(0.2)
    return found


def program(spec: Spec | Unobserved, priors: Priors, data: Data | Start) -> None:
    """The NumPyro program.

    Parameters
    ----------
    spec : Spec or Unobserved
    priors : mapping
        Of an unobserved trajectory: temperature, shrinkage, injection; its batch size and real
        images are whole numbers, fixed by its form.
    data : Data or Start

    Examples
    --------
    A trajectory of which the temperature alone is unknown:

    >>> import numpyro, numpyro.distributions as dist
    >>> from toolkit.models.coevolution_parts import form_of, initial_of, numbers_of
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=20)
    >>> form = form_of(system, 2, "exact")
    >>> start = Start(numbers_of(system, form), initial_of(system, form))
    >>> priors = start.numbers._asdict() | {"text_temperature": dist.LogNormal(0.0, 0.25)}
    >>> with numpyro.handlers.trace() as sites, numpyro.handlers.seed(rng_seed=0):
    ...     program(Unobserved(form, 2), priors, start)
    >>> sites["text_temperature"]["type"], sites["text_probs"]["value"].shape
    ('sample', (2, 3))
    """
    if isinstance(spec, Unobserved):
        assert isinstance(data, Start)
        drawn = {name: draw(name, priors[name]) for name in _DRAWN}
        trajectory(spec.form, data.numbers._replace(**drawn), data.initial, spec.generations)
        return
    assert isinstance(data, Data)
    names = [name for name in MODEL.parameters if name in priors and name != _SIZE]
    causes = {_SIZE: draw(_SIZE, priors[_SIZE])} | {
        name: draw(name, _in_coordinates(name, priors[name], data)) for name in names
    }
    sizes = _replicate_sizes(spec, causes, data.size_sd)
    numpyro.factor(labels.TEXT_PROBS, _text_terms(spec, causes, sizes, data))
    for name, terms in _image_terms(spec, causes, sizes, data).items():
        numpyro.factor(name, terms)


def _in_coordinates(name: str, prior: Prior, data: Data) -> Prior:
    """What may well be 0 in coordinates in which it may.

    R replicates whose ``log N_r`` the data tell to the sd s tell a variance of them to s^2
    sqrt(2/R), and so a spread from 0 to the root of it.
    """
    if name == labels.REPLICATE_SPREAD:
        scale = jnp.mean(data.size_sd) * (2 / data.size_sd.size) ** 0.25
        return rounded(prior, scale=scale)
    if name == labels.REAL_SHARE:
        return rounded(prior, scale=data.image.typical_share)
    return prior


def _replicate_sizes(spec: Spec, causes: Values, known_sd: Array) -> Array:
    """The effective batch size of each replicate, shape (replicate,).

    Sampled is ``w_r = c z_r`` with ``c^2 = 1 + replicate_spread^2 / known_sd^2``. Where the data
    alone tell log N_r to ``known_sd``, the posterior of ``w_r`` given the spread has the sd 1,
    whatever the spread: there is no funnel, neither at a spread near zero nor at a large one.
    """
    num_replicates = spec.image.num_replicates
    if not spec.pooled:
        return jnp.broadcast_to(causes[_SIZE], (num_replicates,))
    spread = causes[labels.REPLICATE_SPREAD]
    widened = jnp.sqrt(1 + jnp.square(spread / known_sd))
    offset = numpyro.sample(_OFFSET, dist.Normal(0, widened).to_event(1))
    sizes = causes[_SIZE] * jnp.exp(spread / widened * offset)
    named: Array = numpyro.deterministic(labels.REPLICATE_BATCH_SIZE, sizes)
    return named


def _terms(
    other: Callable[[Any, Priors, Any], None], spec: Any, known: Priors, data: Any
) -> dict[str, Array]:
    """The terms of another model's program, its parameters known."""
    with handlers.block(), handlers.trace() as sites:
        other(spec, known, data)
    observed = {name: site for name, site in sites.items() if site.get("is_observed")}
    return {name: site["fn"].log_factor for name, site in observed.items()}


def _text_terms(spec: Spec, causes: Values, sizes: Array, data: Data) -> Array:
    """Log densities of ``text_probs``, shape (replicate, transition); 0 over a gap."""
    leaves, tree = jax.tree.flatten(data.text)
    axes = _axes(data.text)

    def of_replicate(size: Array, part: list[Array]) -> Array:
        # As a data set of one replicate.
        one = [
            leaf if axis is None else jnp.expand_dims(leaf, axis)
            for leaf, axis in zip(part, axes, strict=True)
        ]
        known = {**causes, _SIZE: size}
        sites = _terms(text_drift.program, spec.text, known, jax.tree.unflatten(tree, one))
        return sites[labels.TEXT_PROBS][0]

    terms = jax.vmap(of_replicate, (0, axes))(sizes, leaves)
    if not spec.gaps:
        return terms
    shape = (spec.image.num_replicates, spec.image.num_transitions)
    return jnp.zeros(shape).at[:, data.first].set(terms)


def _axes(text: TextData) -> list[int | None]:
    """Which axis of each statistic is the replicates'; None where there is none."""
    # Statistics end with (replicate, transition), but for a root, which is a matrix of each.
    last: Any = jax.tree.map(lambda leaf: jnp.ndim(leaf) - 2, text)
    axes = last.likelihood._replace(batch_size=_NO_AXIS)
    if isinstance(text.likelihood, Moments) and text.likelihood.shape is not None:
        axes = axes._replace(shape=axes.shape._replace(root=0))
    found = jax.tree.leaves(last._replace(likelihood=axes, target=_NO_AXIS))
    return [None if axis == _NO_AXIS else axis for axis in found]


def _image_terms(spec: Spec, causes: Values, sizes: Array, data: Data) -> dict[str, Array]:
    """Log densities of the images' states, shape (replicate, transition)."""
    known = {**causes, _SIZE: sizes[:, None, None]}
    return _terms(image_contraction.program, spec.image, known, data.image)


def replicate(spec: Spec, values: Values, rng_key: Array, data: Data) -> dict[str, Array]:
    """Each state drawn given the one before: texts and images as their own models draw them.

    Parameters
    ----------
    spec : Spec
    values : mapping
    rng_key : Array
    data : Data

    Returns
    -------
    dict
        ``text_probs``, ``image_mean``, ``image_cov``; a state over a gap is that before it.
    """
    sizes = values.get(labels.REPLICATE_BATCH_SIZE)
    of_state = values[_SIZE] if sizes is None else sizes[:, None, None]
    known = {**values, _SIZE: of_state}
    key_text, key_image = jax.random.split(rng_key)
    texts = text_drift.replicate(spec.text, known, key_text, data.text)[labels.TEXT_PROBS]
    if spec.gaps:
        texts = data.before.at[:, data.first].set(texts)
    images = image_contraction.replicate(spec.image, known, key_image, data.image)
    return {labels.TEXT_PROBS: texts, **images}


def identified(evidence: Evidence) -> tuple[str, ...]:
    """What these data cannot tell, whatever their values.

    Parameters
    ----------
    evidence : Evidence
    """
    spec = cast(Spec, evidence.spec)
    parts = (
        (text_drift.identified, spec.text, evidence.data.text),
        (image_contraction.identified, spec.image, evidence.data.image),
    )
    return tuple(
        sentence
        for told, of_part, data in parts
        for sentence in told(evidence._replace(spec=of_part, data=data))
    )


MODEL = Model(
    name="coevolution",
    summary="texts and images at once, partially pooled over replicates",
    parameters=(
        _SIZE,
        *_OF_TEXT,
        labels.INJECTION_TARGET,
        labels.SHRINKAGE_FACTOR,
        labels.REAL_SHARE,
        labels.REPLICATE_SPREAD,
    ),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=CoevolutionDesign(),
    options=("batch_size", "target", "likelihood", "replenishment", "reference", "ddof"),
    derived=(labels.REPLICATE_BATCH_SIZE,),
    coordinates=text_drift.coordinates,
    identified=identified,
)
