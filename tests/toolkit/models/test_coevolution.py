"""One program: conditioned on every state it has the density of the sites that it draws."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray as xr
from numpyro import handlers
from numpyro.infer.util import log_density

import toolkit as tk
from tests.statistics import level, same_law
from toolkit import labels
from toolkit.models import coevolution_program, image_contraction, model_of, text_drift
from toolkit.models.coevolution import MODEL, CoevolutionDesign, Start, Unobserved, program
from toolkit.models.coevolution_parts import form_of, initial_of, numbers_of
from toolkit.systems import CoevolvingSystem, CorpusInjection

VALUES: dict[str, Any] = {
    "effective_batch_size": 70.0,
    "replicate_spread": 0.3,
    "text_temperature": 1.1,
    "injection_prob": 0.3,
    "injection_fraction": 0.2,
    "shrinkage_factor": 0.95,
    "real_share": 0.1,
}
DESIGN = CoevolutionDesign(replicates=2, generations=4, batch_size=60)


def generated(**values: float) -> xr.Dataset:
    return MODEL.generate(DESIGN, VALUES | values, jax.random.key(1))


def overlapping() -> xr.Dataset:
    system = CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=1.0,
        batch_size=200,
        corpus=CorpusInjection(prob=0.3, fraction=0.2),
    )
    return tk.simulate(system, generations=4, replicates=2, seed=1, progress=False)


def factors(evidence: Any, values: dict[str, Any], of: Any = program) -> dict[str, np.ndarray]:
    """The terms of each factor at known values."""
    known = {name: jnp.asarray(value, float) for name, value in values.items()}
    found = _traced(of, evidence.spec, known, evidence.data)
    return {name: np.asarray(terms) for name, terms in found.items()}


@functools.partial(jax.jit, static_argnums=(0, 1))
def _traced(of: Any, spec: Any, values: dict[str, Any], data: Any) -> dict[str, Any]:
    seeded = handlers.substitute(handlers.seed(of, 0), data=values)
    sites = handlers.trace(seeded).get_trace(spec, values, data)
    observed = {name: site for name, site in sites.items() if site.get("is_observed")}
    return {name: site["fn"].log_factor for name, site in observed.items()}


# ------------------------------------------------------------------- scored as drawn, site by site


def separated(**options: Any) -> CoevolvingSystem:
    """Two texts whose images are never confused: posteriors are one-hot to the last digit."""
    return CoevolvingSystem(
        text_probs=np.array([0.35, 0.65]),
        image_mean=np.array([[0.0, 0.0], [300.0, 0.0]]),
        image_cov=np.array([[[1.0, 0.3], [0.3, 0.5]], [[0.6, -0.2], [-0.2, 2.0]]]),
        batch_size=20,
        shrinkage_factor=0.9,
        corpus=CorpusInjection(prob=0.3, fraction=0.25, target=np.array([0.8, 0.2])),
        **options,
    )


def one_generation(system: CoevolvingSystem, method: Any, seed: int) -> tuple[Any, Any, Any]:
    """Its trace, the state before and the state after, without the scan over generations."""
    form = form_of(system, 1, method)
    arguments = form, numbers_of(system, form), initial_of(system, form)
    traced = handlers.trace(handlers.seed(coevolution_program.generation, seed))
    sites = traced.get_trace(*arguments)
    substituted = handlers.substitute(
        coevolution_program.generation, {k: v["value"] for k, v in sites.items()}
    )
    return sites, arguments, substituted(*arguments)


@pytest.mark.parametrize("seed", [1, 2])
def test_scored_text_update_has_the_density_of_the_drawn_sites(seed: int) -> None:
    system = separated()
    sites, arguments, (after, events) = one_generation(system, "exact", seed)
    name = "text_update_0/caption_count"
    count = sites[name]["value"]
    np.testing.assert_allclose(after.text_probs, count / 20, atol=1e-12)
    # The sites' own density, summed over the event, which is not observed.
    both = []
    for due in (0, 1):
        given = {k: v["value"] for k, v in sites.items()} | {"injection_due": jnp.asarray(due)}
        of_event = handlers.condition(coevolution_program.generation, given)
        found = handlers.trace(of_event).get_trace(*arguments)
        both.append(
            sum(found[k]["fn"].log_prob(found[k]["value"]) for k in ("injection_due", name))
        )
    scored = factors(evidence_of(system, after, events), known(system))
    np.testing.assert_allclose(scored["text_probs"], [[np.logaddexp(*both)]], rtol=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_scored_image_update_has_the_density_of_the_drawn_sites(seed: int) -> None:
    system = separated()
    sites, arguments, (after, events) = one_generation(system, "exact", seed)
    assert not events.image_kept.any()
    prefix, lower = "image_update_0/", np.tril_indices(2)
    shapes = {"mean_normals": (2, 2), "scatter_squares": (2, 2), "scatter_normals": (2, 1)}

    def state(flat: Any) -> Any:
        """Means and covariances as a function of the random numbers that they are made of."""
        parts = jnp.split(flat, [4, 8])
        values = {k: v["value"] for k, v in sites.items()}
        for (name, shape), part in zip(shapes.items(), parts, strict=True):
            whole = part.reshape(shape)
            if name == "scatter_normals":  # of which the entry below the diagonal alone is used
                whole = values[prefix + name].at[:, 1, 0].set(whole[:, 0])
            values[prefix + name] = whole
        new, _ = handlers.substitute(coevolution_program.generation, values)(*arguments)
        cov = new.image_cov[:, lower[0], lower[1]]
        return jnp.concatenate([new.image_mean.ravel(), cov.ravel()])

    normals = sites[prefix + "mean_normals"]["value"], sites[prefix + "scatter_normals"]["value"]
    squares = sites[prefix + "scatter_squares"]
    flat = jnp.concatenate([normals[0].ravel(), squares["value"].ravel(), normals[1][:, 1, 0]])
    drawn = dist.Normal(0, 1).log_prob(jnp.delete(flat, np.arange(4, 8))).sum()
    drawn += squares["fn"].log_prob(squares["value"])
    change = jnp.linalg.slogdet(jax.jacfwd(state)(flat))[1]
    scored = factors(evidence_of(system, after, events), known(system))
    total = scored["image_mean"] + scored["image_cov"]
    np.testing.assert_allclose(total, [[drawn - change]], rtol=1e-9)


def evidence_of(system: CoevolvingSystem, after: Any, events: Any) -> Any:
    """What the model makes of one observed transition."""
    states = {
        name: np.stack([getattr(system, name), getattr(after, name)])[None]
        for name in (labels.TEXT_PROBS, labels.IMAGE_MEAN, labels.IMAGE_COV)
    }
    states[labels.IMAGE_COUNT] = np.stack([np.zeros(2), events.image_count])[None]
    data = xr.Dataset({name: (labels.dims(name), value) for name, value in states.items()})
    return MODEL.prepare(
        data.assign_coords(generation=[0, 1], text=[0, 1]),
        batch_size=system.batch_size,
        likelihood="counts",
        target=None if system.corpus is None else system.corpus.target,
        replenishment="none",
    )


def known(system: CoevolvingSystem) -> dict[str, Any]:
    assert system.corpus is not None
    return {
        "effective_batch_size": float(system.batch_size),
        "text_temperature": system.text_temperature,
        "shrinkage_factor": system.shrinkage_factor,
        "injection_prob": system.corpus.prob,
        "injection_fraction": system.corpus.fraction,
    }


def test_next_text_probs_are_the_mean_posterior_of_latent_captions() -> None:
    # The literal program, conditioned on its images; captions have finitely many values.
    system = CoevolvingSystem.on_unit_circle(
        num_texts=2, num_features=1, variance=1.0, batch_size=6, image_updates=0
    )
    sites, arguments, (after, _) = one_generation(system, "literal", 3)
    name = "text_update_0/captions"
    values = {k: v["value"] for k, v in sites.items()}

    def joint(captions: Any) -> Any:
        given = values | {name: captions}
        return log_density(
            handlers.condition(coevolution_program.generation, given), arguments, {}, {}
        )[0]

    every = np.array(list(itertools.product((0, 1), repeat=6)))
    weight = jax.nn.softmax(jax.vmap(joint)(jnp.asarray(every)))
    mean = weight @ (every == 1).mean(axis=1)
    np.testing.assert_allclose(after.text_probs, [1 - mean, mean], rtol=1e-10)


# ------------------------------------------------------------------------------- partial pooling


@pytest.mark.parametrize("data", [generated, overlapping], ids=["counts", "moments"])
def test_terms_are_those_of_the_parts_at_each_replicate_s_size(data: Any) -> None:
    dataset = data()
    evidence = MODEL.prepare(dataset)
    normal = np.array([-1.0, 0.5])
    offset = normal * np.sqrt(1 + (0.3 / evidence.data.size_sd) ** 2)
    sizes = 70.0 * np.exp(0.3 * normal)
    terms = factors(evidence, VALUES | {"replicate_offset": offset})
    for index, size in enumerate(sizes):
        one = dataset.isel(replicate=[index])
        values = VALUES | {"effective_batch_size": size}
        image = image_contraction.MODEL.prepare(one)
        parts = factors(image, values, image_contraction.program)
        if evidence.spec.text.likelihood == "counts":
            text = text_drift.prepare(one, batch_size=DESIGN.batch_size, likelihood="counts")
            parts |= factors(text, values, text_drift.program)
        assert len(parts) >= 2
        for name, expected in parts.items():
            np.testing.assert_allclose(terms[name][index], expected[0], rtol=1e-9, err_msg=name)
    # Cells of rare texts are fixed by all replicates together, so moments have them in common.
    text = text_drift.prepare(dataset)
    for index, size in enumerate(sizes):
        values = VALUES | {"effective_batch_size": size}
        whole = factors(text, values, text_drift.program)["text_probs"]
        np.testing.assert_allclose(terms["text_probs"][index], whole[index], rtol=1e-9)


def test_sizes_of_replicates_have_the_promised_law() -> None:
    evidence = MODEL.prepare(generated())
    known = {name: VALUES[name] for name in VALUES if name != "replicate_spread"}

    def sizes(key: Any, spread: Any) -> Any:
        drawn = handlers.substitute(handlers.seed(program, key), {"replicate_spread": spread})
        priors = known | {"replicate_spread": dist.HalfNormal(1.0)}
        sites = handlers.trace(drawn).get_trace(evidence.spec, priors, evidence.data)
        return sites["replicate_batch_size"]["value"]

    draw = jax.jit(jax.vmap(sizes, (0, None)))  # what is not returned is not computed
    for spread in (0.0, 0.01, 0.4):
        found = np.log(draw(jax.random.split(jax.random.key(0), 4000), spread) / 70)
        np.testing.assert_allclose(found.std(), spread, rtol=0.05)
        np.testing.assert_allclose(found.mean(), 0, atol=0.05 * spread + 1e-12)


def test_data_tell_a_replicate_s_size_about_as_well_as_is_assumed() -> None:
    """The sd by the terms' curvature in log size."""
    design = CoevolutionDesign(replicates=4, generations=15, batch_size=200, replenishment="none")
    known = {"replicate_spread": 0.1, "effective_batch_size": 200.0}
    evidence = MODEL.prepare(
        MODEL.generate(design, VALUES | known, jax.random.key(3)), **design.options
    )

    @jax.jit
    def totals(offset: Any) -> Any:
        """Of each replicate, at its own offset."""
        values = VALUES | known | {"replicate_offset": offset}
        return sum(
            part.sum(axis=1)
            for part in _traced(program, evidence.spec, values, evidence.data).values()
        )

    step = 0.1 * np.ones(4)
    curvature = (totals(step) - 2 * totals(0 * step) + totals(-step)) / step**2
    curvature *= 1 + (known["replicate_spread"] / evidence.data.size_sd) ** 2
    sd = known["replicate_spread"] * (-curvature) ** -0.5
    np.testing.assert_allclose(sd, evidence.data.size_sd, rtol=0.5)


def test_single_replicate_has_the_loop_s_batch_size() -> None:
    evidence = MODEL.prepare(generated().isel(replicate=[0]))
    assert "replicate_spread" not in MODEL.priors(evidence)
    assert "no replicate_spread" in evidence.remarks[-1]
    values = {k: v for k, v in VALUES.items() if k != "replicate_spread"}
    both = factors(MODEL.prepare(generated()), VALUES | {"replicate_offset": np.zeros(2)})
    for name, terms in factors(evidence, values).items():
        np.testing.assert_allclose(terms[0], both[name][0], rtol=1e-9)


def test_transition_over_a_gap_has_no_term() -> None:
    whole = generated()
    some = whole.isel(generation=[0, 1, 3, 4])
    values = VALUES | {"replicate_offset": np.zeros(2)}
    terms, every = (factors(MODEL.prepare(d, batch_size=60), values) for d in (some, whole))
    said = MODEL.prepare(some, batch_size=60).remarks
    assert sum("1 of 3 transitions are over more than one generation" in one for one in said) == 1
    for name in ("text_probs", "image_mean", "image_cov"):
        assert np.all(terms[name][:, 1] == 0)
        np.testing.assert_allclose(terms[name][:, [0, 2]], every[name][:, [0, 3]], rtol=1e-9)
    evidence = MODEL.prepare(some, batch_size=60)
    drawn = MODEL.replicate(evidence.spec, values, jax.random.key(0), evidence.data)
    assert {name: value.shape for name, value in drawn.items()} == {
        name: (2, 3, *variable.shape[2:]) for name, variable in evidence.observed.items()
    }
    np.testing.assert_array_equal(drawn["text_probs"][:, 1], some.text_probs[:, 1])


@pytest.mark.parametrize("data", [generated, overlapping], ids=["counts", "moments"])
def test_gradient_is_finite_wherever_a_text_is_lost(data: Any) -> None:
    dataset = data()
    lost = dataset.text_probs.values.copy()
    lost[0, 3:, 0], lost[0, 3:, 1:] = 0, lost[0, 3:, 1:] / lost[0, 3:, 1:].sum(-1, keepdims=True)
    counts = np.rint(60 * lost)
    if data is generated:
        counts[0, 3:, 2] += 60 - counts[0, 3:].sum(-1)
        lost = counts / 60
    evidence = MODEL.prepare(dataset.assign(text_probs=(dataset.text_probs.dims, lost)))

    def total(values: dict[str, Any]) -> Any:
        at = {name: value for name, value in values.items() if name != "replicate_offset"}
        seeded = handlers.substitute(handlers.seed(program, 0), data=values)
        sites = handlers.trace(seeded).get_trace(evidence.spec, at, evidence.data)
        return sum(
            site["fn"].log_factor.sum() for site in sites.values() if site.get("is_observed")
        )

    values = {k: jnp.asarray(v) for k, v in VALUES.items()} | {"replicate_offset": jnp.zeros(2)}
    value, slope = jax.jit(jax.value_and_grad(total))(values)
    assert np.isfinite(value)
    assert all(np.isfinite(part).all() for part in slope.values())


# ------------------------------------------------------------------------------------ generation


def test_generated_and_simulated_have_one_law_where_both_are_exact() -> None:
    design = CoevolutionDesign(
        replicates=1500, generations=3, num_texts=3, batch_size=30, replenishment="none"
    )
    start = MODEL.generate(dataclasses.replace(design, replicates=1), law(1.0), jax.random.key(0))
    first = start.isel(replicate=0, generation=0)
    system = CoevolvingSystem(
        text_probs=first.text_probs.values,
        image_mean=1000 * first.image_mean.values,  # no image is ever confused
        image_cov=first.image_cov.values,
        batch_size=30,
        shrinkage_factor=0.9,
        corpus=CorpusInjection(prob=0.3, fraction=0.2),
    )
    simulated = summaries(
        tk.simulate(system, generations=3, replicates=1500, seed=5, progress=False)
    )
    right = summaries(MODEL.generate(design, law(0.9), jax.random.key(2)))
    wrong = summaries(MODEL.generate(design, law(0.9 * 0.95), jax.random.key(3)))
    alpha = level("law: coevolution's own")
    same_law(right, simulated).require(alpha)
    assert same_law(wrong, simulated).p_value < alpha


def law(shrinkage: float) -> dict[str, Any]:
    return VALUES | {
        "effective_batch_size": 30.0,
        "replicate_spread": 0.0,
        "text_temperature": 1.0,
        "shrinkage_factor": shrinkage,
        "real_share": 0.0,
    }


def summaries(data: xr.Dataset) -> dict[str, np.ndarray]:
    cov, mean = data.image_cov.values, data.image_mean.values
    values = np.linalg.eigvalsh(cov)
    return {
        f"{name} at {generation}": np.round(value[:, generation], 9)
        for name, value in {
            "text_probs": data.text_probs.values,
            "image_count": data.image_count.values,
            "log scales": np.log(values),
            "shape": cov[..., 0, 1] / values.sum(-1),
            "step": mean - mean[:, :1],
        }.items()
        for generation in (1, 3)
    }


def test_replicates_differ_by_their_spread() -> None:
    design = CoevolutionDesign(replicates=400, generations=1, batch_size=60, replenishment="none")

    def spread(of: float) -> float:
        data = MODEL.generate(design, VALUES | {"replicate_spread": of}, jax.random.key(4))
        return float(np.var(data.image_mean[:, 1, 2, 1]))

    # Given N the means have variance 1/n; averaged over N_r it is exp(spread^2 / 2) as much.
    assert 1.2 < spread(1.0) / spread(0.0) < 2.6


# ---------------------------------------------------------------- one program, drawn and observed


def test_unobserved_program_draws_parameters_from_their_priors() -> None:
    system = separated()
    form = form_of(system, 2, "exact")
    start = Start(numbers_of(system, form), initial_of(system, form))
    priors = start.numbers._asdict() | {"shrinkage_factor": dist.LogNormal(0.0, 0.2)}
    seeded = handlers.seed(program, 1)
    sites = handlers.trace(seeded).get_trace(Unobserved(form, 2), priors, start)
    assert sites["shrinkage_factor"]["type"] == "sample"
    assert sites["injection_prob"]["value"] == 0.3
    assert sites["image_cov"]["value"].shape == (2, 2, 2, 2)


def test_model_is_found_by_its_name() -> None:
    assert model_of("coevolution") is MODEL
    assert set(MODEL.parameters) <= set(labels.PARAMETERS)


# ---------------------------------------------------------------------------- data, and mistakes


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="image_mean is missing; record it, or fit text_drift"):
        MODEL.prepare(generated().drop_vars("image_mean"))


@pytest.mark.parametrize(
    ("updates", "mend"),
    [
        ({"text_updates": 0}, "text_updates=0; fit image_contraction"),
        ({"image_updates": 2}, "image_updates=2; record the state after each update"),
    ],
)
def test_more_than_one_update_has_no_law(updates: dict[str, int], mend: str) -> None:
    data = generated()
    data.attrs[labels.SYSTEM] = separated(**updates).to_json()
    with pytest.raises(ValueError, match=mend):
        MODEL.prepare(data)


def test_batch_size_has_a_prior_where_it_is_known_best() -> None:
    counted, rest = generated(), overlapping()
    for data, options, median in (
        (counted, {}, 60),
        (rest, {}, 200),
        (rest.drop_vars("image_count"), {"batch_size": 150}, 150),
        (rest.drop_vars("image_count"), {}, 500),
    ):
        prior = MODEL.priors(MODEL.prepare(data, **options))["effective_batch_size"]
        np.testing.assert_allclose(np.exp(prior.base_dist.loc), median, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("variance", [0.01, 1.0])
def test_fit_finds_what_drove_a_simulated_loop(variance: float) -> None:
    system = CoevolvingSystem.on_unit_circle(
        num_texts=4,
        variance=variance,
        batch_size=500,
        shrinkage_factor=0.98,
        corpus=CorpusInjection(prob=0.3, fraction=0.2),
    )
    data = tk.simulate(system, generations=30, replicates=4, seed=2, progress=False)
    posterior = tk.fit(data, model="coevolution", seed=1)["posterior"]
    truth = known(system) | {"text_temperature": 1.0}
    for name, value in truth.items():
        draws = posterior[name].values
        # 4 posterior standard deviations, in logs where the parameter is a scale.
        off = (np.log(draws.mean()) - np.log(value)) / np.std(np.log(draws))
        assert abs(off) < 4, name
    assert float(posterior.replicate_spread.mean()) < 0.2
