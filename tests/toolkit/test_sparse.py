"""Many texts: only neighbours' posteriors are computed; what is left out is as little as said."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import toolkit as tk
from toolkit.loops import loop_of, posterior, sparse, tiles
from toolkit.rng import fold_in, normals
from toolkit.systems import CoevolvingSystem, CorpusInjection

DOUBLE = jnp.dtype("float64")


def many(num_texts: int = 1600, sd: float = 0.05, **options: Any) -> CoevolvingSystem:
    """Texts spread over a square of side 6, each with some neighbours."""
    rng = np.random.default_rng(2)
    root = sd * (np.eye(2) + 0.3 * np.tril(rng.standard_normal((num_texts, 2, 2))))
    return CoevolvingSystem(
        text_probs=rng.dirichlet(np.ones(num_texts)),
        image_mean=rng.uniform(0, 6, (num_texts, 2)),
        image_cov=root @ root.swapaxes(-1, -2),
        **({"batch_size": 500} | options),
    )


def both(system: CoevolvingSystem, neighbours: int) -> tuple[Any, Any, float]:
    """Sums of the posteriors of the same images: of neighbours, and of all texts."""
    state = loop_of(system).initial
    key, number = jax.random.key(1), system.batch_size
    count = jnp.asarray(np.random.default_rng(3).multinomial(number, system.text_probs))
    given = (state.text_probs, state.image_mean, state.image_factor)
    got, dropped = sparse.summed_posteriors(
        key,
        count,
        *given,
        state.image_mean,
        batch_size=number,
        neighbours=neighbours,
        dtype=DOUBLE,
    )
    own = jnp.repeat(jnp.arange(system.num_texts), count, total_repeat_length=number)
    z = normals(fold_in(key, 0), 2, number, jnp.dtype("float32")) * np.float32(tiles.UNIT)
    inverse = posterior.gaussians.scaled_inverse(state.image_factor)
    r = posterior.posteriors(own, z.astype(float) / tiles.UNIT, *given, inverse)
    return np.asarray(got), np.sum(r, axis=1), float(dropped)


def test_posteriors_of_neighbours_are_all_but_a_millionth() -> None:
    system = many()
    room = loop_of(system, method="sparse").spec.neighbours
    assert 16 <= room < system.num_texts
    got, full, dropped = both(system, room)
    lost = np.abs(got - full).sum() / 2 / system.batch_size
    assert dropped == sparse.LOST
    assert 0 < lost <= sparse.LOST
    # Four images a text that is drawn: the posteriors that were kept are not those of captions.
    assert np.abs(full - np.round(full)).sum() > 20


def test_what_finds_no_room_is_in_the_bound() -> None:
    # Twenty texts overlap; room for three loses mass that can be seen.
    system = many(20, 1.0, batch_size=20_000)
    got, full, dropped = both(system, 3)
    lost = np.abs(got - full).sum() / 2 / system.batch_size
    assert 0.02 < lost <= dropped
    assert abs(got.sum() - system.batch_size) < 1e-6


def test_neighbours_are_those_of_the_definition() -> None:
    system = many()
    probs, mean = system.text_probs, system.image_mean
    variance = np.trace(system.image_cov, axis1=-2, axis2=-1)
    gone = probs.copy()
    gone[:5] = 0
    gone /= gone.sum()
    moved = mean + 0.1 * np.random.default_rng(4).standard_normal(mean.shape)
    asked = np.array([7, 30, 200])
    own = np.repeat(asked, [2, 1, 3])
    table, _ = sparse._neighbours(own, moved, variance, gone, mean, room=1600)
    logs = np.log(np.sqrt(gone).sum() ** 2 / (2 * sparse.LOST))
    for text, row in zip(own, table, strict=True):
        apart = np.square(moved - moved[text]).sum(-1)
        near = (apart <= 4 * logs * (variance + variance[text])) & (gone > 0)
        near[text] = False
        found = row[row < system.num_texts]
        assert found[0] == text
        assert set(found[1:]) == set(np.flatnonzero(near))


def test_simulation_has_the_law_of_the_exact_one() -> None:
    system = many(300, 0.1, batch_size=1000)
    runs = {
        method: tk.simulate(
            system, generations=10, replicates=10, seed=5, method=method, progress=False,
            record=["text_diversity", "image_diversity", *extra],
        )
        for method, extra in (("exact", ()), ("sparse", ("text_left_out",)))
    }  # fmt: skip
    assert float(runs["sparse"].text_left_out.max()) == sparse.LOST
    for name in ("text_diversity", "image_diversity"):
        last = [run[name].isel(generation=-1) for run in runs.values()]
        means = [run.mean(set(run.dims) - {"replicate"}).values for run in last]
        error = np.sqrt(sum(np.var(each, ddof=1) / 10 for each in means))
        assert abs(means[0].mean() - means[1].mean()) < 5 * error, name


def test_where_it_does_not_apply_it_says_so() -> None:
    with pytest.raises(ValueError, match='posteriors are not sparse; use method="exact"'):
        loop_of(many(100, 3.0), method="sparse")
    growing = many(corpus=CorpusInjection(prob=0.1, fraction=0.1, reading="new_text"))
    with pytest.raises(ValueError, match='use "exact" where texts come in'):
        loop_of(growing, method="sparse", generations=5)
    with pytest.raises(ValueError, match="text_left_out cannot be recorded"):
        tk.simulate(many(), generations=1, replicates=1, seed=1, record=["text_left_out"])
