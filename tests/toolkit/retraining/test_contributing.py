"""The family and the policy that CONTRIBUTING.md shows are what it says: complete, and enough."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tests import tolerances
from tests.statistics import follows, level
from tests.toolkit.retraining import cases
from tests.toolkit.retraining.test_policies import REAL_VALUES, found, of_weight, training_sets
from toolkit.systems import system_from_dict
from toolkit.systems.families import FAMILIES, Points
from toolkit.systems.policies import POLICIES

TEXT = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text()
SECTION = TEXT.split("## Adding a family or a data policy\n")[1].split("\n## ")[0]


def blocks() -> list[str]:
    """The Python files that the section shows."""
    return [textwrap.dedent(part.split("```")[0]) for part in SECTION.split("```python\n")[1:]]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ModuleType]:
    """Both files, imported, and their classes in the registries."""
    modules = []
    for index, source in enumerate(blocks()):
        path = tmp_path / f"contributed_{index}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        modules.append(module)
    family, policy = modules
    monkeypatch.setitem(FAMILIES, "rayleigh", family.Rayleigh)
    monkeypatch.setitem(POLICIES, "decaying", policy.Decaying)
    return modules


def test_the_family_is_a_rayleigh_law(written: list[ModuleType]) -> None:
    family = written[0].Rayleigh(scale=2.0)
    law, params, peer = family.law, family.parameters, stats.rayleigh(scale=2.0)
    x = np.linspace(0.1, 9, 20)
    np.testing.assert_allclose(law.log_prob(params, x[:, None]), peer.logpdf(x), rtol=1e-12)
    mean, variance = peer.stats("mv")
    np.testing.assert_allclose(law.moments(params).location, [mean], rtol=tolerances.ROUNDING)
    np.testing.assert_allclose(law.moments(params).covariance, [[variance]], rtol=1e-12)
    nodes = law.quadrature(params, 16)
    assert float(law.fit(nodes, None)) == pytest.approx(2.0, rel=1e-12)
    assert float(law.of_vector(law.vector(params))) == 2.0
    drawn = np.asarray(law.sample(params, jax.random.key(97), 2**14))[:, 0]
    assert follows(drawn, peer.cdf) >= level("retraining: families", 15)
    scale = stats.rayleigh.fit(drawn, floc=0)[1]
    fitted = law.fit(Points(jnp.asarray(drawn)[:, None], jnp.ones(drawn.size)), None)
    assert float(fitted) == pytest.approx(scale, rel=1e-12)
    assert not law.usable(jnp.zeros(()))
    with pytest.raises(ValueError, match=r"scale must lie in \(0, inf\), not 0"):
        written[0].Rayleigh(scale=0.0)


def test_the_policy_lets_weights_decay(written: list[ModuleType]) -> None:
    first, _, last = training_sets(written[1].Decaying(decay=0.5))
    assert found(first) == of_weight(0.5, REAL_VALUES) | of_weight(1, [10, 11])
    expected = of_weight(0.125, REAL_VALUES) | of_weight(0.25, [10, 11])
    assert found(last) == expected | of_weight(0.5, [20, 21]) | of_weight(1, [30, 31])


def test_both_go_to_a_file_and_are_simulated(written: list[ModuleType]) -> None:
    family, policy = written[0].Rayleigh(scale=2.0), written[1].Decaying(decay=0.75)
    system = cases.system(family, policy, num_generated=10)
    assert system_from_dict(tomllib.loads(system.to_toml())) == system
    run = cases.simulate(system)
    sizes = [0.0]
    for generation in range(cases.GENERATIONS):
        sizes.append((sizes[-1] if generation else 20) * 0.75 + 10)
    np.testing.assert_allclose(run.training_size[0, :, 0], sizes, rtol=tolerances.ROUNDING)
    for name in run.data_vars:
        assert np.all(np.isfinite(run[name])), name
    assert not run.model_kept.any()
    assert len(np.unique(run.model_variance)) == cases.BLOCK * (cases.GENERATIONS + 1)


def test_what_is_shown_is_in_the_style_that_is_asked_for() -> None:
    assert len(blocks()) == 2
    assert max(map(len, "\n".join(blocks()).splitlines())) <= 100
