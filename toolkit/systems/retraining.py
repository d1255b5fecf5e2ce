"""Iterative retraining: models of one family, trained again and again by a data policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import jax
import numpy as np

from toolkit.systems import validation
from toolkit.systems.families import FAMILIES, Data, Family, scaled
from toolkit.systems.files import Configuration
from toolkit.systems.network import Network
from toolkit.systems.policies import POLICIES, Mix, Policy, Replace
from toolkit.systems.validation import FloatArray

_LARGEST_COUNT, _SEEDS = 2**53, 2**63
#: Nodes of a quadrature of the real law, and fits to them until an iterative one has settled.
_NODES, _REFITS = 20_000, 2000
#: Examples of which n / (n - ddof) is 1.
_WITHOUT_END = 1e18


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class RetrainingSystem(Configuration):
    """A model that is retrained on a mixture of real data and of what it generated itself.

    In each generation ``num_generated`` examples are drawn from the model, the policy makes a
    training set of them, and the model of the next generation is the fit to it. Generation 0 is
    the fit to ``num_real`` real examples. A training set that has no fit (a singular covariance,
    say) leaves the model as it was, and the event is recorded.

    Parameters
    ----------
    family : Family
        What is retrained: ``Categorical``, ``Gaussian``, ``ExponentialFamily``,
        ``GaussianMixture``, ``KernelDensity``, ``LinearRegression`` or ``InContextRegression``,
        with the parameters that the real data have, unless ``real`` says otherwise; iterative
        fits start from them.
    policy : Policy
        ``Replace``, ``Mix``, ``Accumulate``, ``Budget``, ``Fresh``, ``Curated`` or ``Injected``.
    num_real : int
        Real examples at the start.
    num_generated : int
        Examples that a model generates in the first generation.
    growth : float
        Generation k (from 0) generates ``num_generated (k + 1)^growth`` of them, rounded.
    real : Family, optional
        What real data are drawn from, where the family is not right about them.
    temperature : float
        Examples are drawn from the density's power ``1/temperature``, renormalised: below 1 they
        are sharper than the model, above 1 wider.
    first_fit : bool
        Whether generation 0 is fitted to the real data; otherwise it has the family's parameters.
    real_seed : int, optional
        The seed of a first real data set that all replicates share; each draws its own unless
        given.
    real_data : array_like, shape (num_real, width), optional
        The first real data set itself, which all replicates share. What a policy draws afresh
        still comes from the real law.
    network : Network, optional
        Several models that train on one another's outputs. Each has its own real data.

    Raises
    ------
    ValueError
        When a value is outside its range or parts do not go together.

    References
    ----------
    Q. Bertrand, A. J. Bose, A. Duplessis, M. Jiralerspong, G. Gidel, "On the Stability of
    Iterative Retraining of Generative Models on their own Data".

    Examples
    --------
    >>> from toolkit.systems import Gaussian, Mix
    >>> system = RetrainingSystem(family=Gaussian(mean=[0.0], cov=[[1.0]]), policy=Mix(),
    ...                           num_real=100, num_generated=50)
    >>> system.synthetic_ratio
    0.5
    """

    kind: ClassVar[str] = "retraining"
    nested: ClassVar[Mapping[str, type[Any] | Mapping[str, type[Any]]]] = {
        "family": FAMILIES,
        "real": FAMILIES,
        "policy": POLICIES,
        "network": Network,
    }

    family: Family
    policy: Policy
    num_real: int
    num_generated: int
    growth: float = 0.0
    real: Family | None = None
    temperature: float = 1.0
    first_fit: bool = True
    real_seed: int | None = None
    real_data: FloatArray | None = None
    network: Network | None = None

    def __post_init__(self) -> None:
        self._check_parts()
        law = self.family.law
        for name in ("num_real", "num_generated"):
            number = validation.integer(getattr(self, name), name, 1)
            if number > _LARGEST_COUNT:
                raise ValueError(f"{name} must be at most 2**53, where counts are exact.")
            if number < law.fewest:
                raise ValueError(
                    f"{name} must be at least {law.fewest}, not {number}: fewer have no fit in the "
                    f"family {self.family.name!r}."
                )
            self._set(name, number)
        self._set("growth", validation.real(self.growth, "growth", 0))
        self._set("temperature", validation.real(self.temperature, "temperature", 0, open_low=True))
        if self.temperature != 1 and not law.tempers:
            raise ValueError(
                f"temperature must be 1 for the family {self.family.name!r}, whose powers are no "
                "members of it."
            )
        if not isinstance(self.first_fit, bool):
            raise ValueError(f"first_fit must be true or false, not {self.first_fit!r}.")
        if self.real_seed is not None:
            self._set("real_seed", validation.integer(self.real_seed, "real_seed", 0))
            if self.real_seed >= _SEEDS:
                raise ValueError(f"real_seed must be below 2**63, not {self.real_seed}.")
        if self.real_data is not None:
            self._check_real_data()
        weighted = self.network is not None and self.network.real_weights is not None
        if weighted and not isinstance(self.policy, Mix):
            raise ValueError(
                f"network.real_weights go with the policy 'mix', not {self.policy.name!r}: under "
                "the others no real data set stands in every training set."
            )
        self.policy.check(law, self.num_real, self.num_generated)

    def _check_parts(self) -> None:
        for name, base, required in (
            ("family", Family, True),
            ("policy", Policy, True),
            ("real", Family, False),
            ("network", Network, False),
        ):
            part = getattr(self, name)
            if not isinstance(part, base) and (required or part is not None):
                raise ValueError(f"{name} must be a {base.__name__}, not {type(part).__name__}.")
        if self.real is not None:
            self.family.check_real(self.real)

    def _check_real_data(self) -> None:
        values = validation.frozen_array(self.real_data, "real_data", 2)
        self._set("real_data", values)
        shape = self.num_real, self.family.law.width
        if values.shape != shape:
            raise ValueError(
                f"real_data must have shape (num_real, numbers of an example) = {shape}, not "
                f"{values.shape}."
            )
        if self.real_seed is not None:
            raise ValueError("real_data and real_seed both say what the real data are; give one.")
        if self.num_models > 1:
            raise ValueError("real_data are of one model; each of a network has its own.")
        impossible = ~self.truth.law.supports(self.truth.parameters, values)
        if impossible.any():
            row = int(np.flatnonzero(impossible)[0])
            raise ValueError(
                f"real_data has an example that the family {self.truth.name!r} cannot have: row "
                f"{row}, {values[row].tolist()}."
            )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def truth(self) -> Family:
        """What real data are drawn from."""
        return self.family if self.real is None else self.real

    @property
    def synthetic_ratio(self) -> float:
        """Lambda: generated examples for each real one at the start."""
        return self.num_generated / self.num_real

    @property
    def real_share(self) -> float:
        """Share of the real data set in every training set: under ``Mix``; 0 under ``Replace``.

        Raises
        ------
        ValueError
            Under another policy, or where batches grow: it has no share that is constant.

        Examples
        --------
        >>> from toolkit.systems import Gaussian, Mix
        >>> RetrainingSystem(family=Gaussian(mean=[0.0], cov=[[1.0]]), policy=Mix(), num_real=30,
        ...                  num_generated=70).real_share
        0.3
        """
        if isinstance(self.policy, Replace):
            return 0.0
        if not isinstance(self.policy, Mix) or self.growth:
            raise ValueError(
                "a constant share of the same real data is that of policy Mix (or Replace, for "
                "none) with growth = 0."
            )
        return self.num_real / (self.num_real + self.num_generated)

    @property
    def num_models(self) -> int:
        """How many models there are."""
        return 1 if self.network is None else self.network.num_models

    @property
    def real_weights(self) -> FloatArray:
        """What a real example counts for in each model's training sets."""
        given = None if self.network is None else self.network.real_weights
        return np.ones(self.num_models) if given is None else given

    def generated_in(self, generation: int) -> int:
        """Examples that the models of a generation generate for each of the next.

        Examples
        --------
        >>> from toolkit.systems import Gaussian, Replace
        >>> system = RetrainingSystem(family=Gaussian(mean=[0.0], cov=[[1.0]]), policy=Replace(),
        ...                           num_real=100, num_generated=50, growth=1.5)
        >>> [system.generated_in(generation) for generation in range(3)]
        [50, 141, 260]
        """
        return round(self.num_generated * (generation + 1) ** self.growth)

    def optimum(self) -> Any:
        """Parameters of the member of the family that is likeliest under the real law.

        Those of the real data themselves where they are of the family, or where the family knows
        them; else the fit to nodes of a quadrature of the real law (to convergence, where it is
        iterative).
        """
        law, truth = self.family.law, self.truth
        known = self.family.best_member(truth)
        if known is not None:
            return known
        nodes: Data = truth.law.quadrature(truth.parameters, _order(truth.law.width))
        nodes = scaled(nodes, _WITHOUT_END)
        refit = jax.jit(partial(law.fit, nodes))
        fitted = self.family.parameters
        for _ in range(_REFITS):
            before, fitted = fitted, refit(fitted)
            if jax.tree.all(jax.tree.map(_settled, before, fitted)):
                break
        return fitted


def _settled(before: jax.Array, after: jax.Array) -> bool:
    return before.shape == after.shape and np.allclose(before, after, rtol=1e-13, atol=1e-13)


def _order(width: int) -> int:
    """Nodes in each direction: two are enough for second moments."""
    return int(min(max(_NODES ** (1 / width), 2), 32))
