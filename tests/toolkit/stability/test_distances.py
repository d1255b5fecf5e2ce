"""What is chosen on some replicates is never measured on the same ones."""

import jax
import jax.numpy as jnp
import numpy as np

import toolkit as tk
from toolkit.stability.distances import _between, _projected
from toolkit.systems.families import Points

BATCHES = 8


def test_a_projection_finds_nothing_in_noise() -> None:
    """Along its own mean every cloud seems to be apart: by 0.22 here, 0 along that of others."""
    noise = jax.random.normal(jax.random.key(1), (800, 5))
    found = np.asarray(_projected(noise, BATCHES))
    assert abs(found.mean()) < 5 / np.sqrt(800)
    own = np.linalg.norm(np.asarray(noise).reshape(BATCHES, 100, 5).mean(axis=1), axis=1)
    assert own.mean() > 5 / np.sqrt(800)


def test_an_event_finds_nothing_between_runs_of_one_law() -> None:
    """Unpaired models of one law: events that know them would tell them apart."""
    law = tk.Gaussian(mean=[0.0], cov=[[1.0]], known_cov=True).law
    keys = jax.random.split(jax.random.key(2), 4)
    runs, number = 400, 10

    def side(one: jax.Array, other: jax.Array) -> tuple[object, Points]:
        means = 8 * jax.random.normal(one, (runs, 1))
        noise = jax.random.normal(other, (runs, number, 1))
        model = jax.vmap(law.of_vector)(means)
        return model, Points(means[:, None] + noise, jnp.ones((runs, number)))

    found = _between(law, BATCHES, True, side(*keys[:2]), side(*keys[2:]))
    held_out = np.asarray(found.tv_held_out)
    assert abs(held_out.mean()) < 5 * held_out.std() / np.sqrt(runs)
    # The mixtures over finitely many models are apart: from above, and not to be taken for it.
    assert float(found.tv_mixture.mean()) > 0.2
    assert float(found.tv_coupled.mean()) > float(found.tv_mixture.mean())
