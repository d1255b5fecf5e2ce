"""When a mean over finitely many runs fails: fractional moments of a heavy-tailed diversity."""

from __future__ import annotations

import sympy as sp

from symbolic import symbols as s
from symbolic.lemmas.calculus import size
from symbolic.model.image import image_scale
from symbolic.model.rates import run_sd, sd_over_runs
from symbolic.relations import eq, le
from symbolic.symbols import ChiSquare, Mean, SampleMean
from symbolic.theorem import Kind, Source, Step, Theorem
from symbolic.theorems.contraction_constant import (
    FRACTION,
    chi_power_deficit_bound,
    power_mean,
    power_moment,
)
from symbolic.theorems.image import ENOUGH_IMAGES, TWO_IMAGES, UPDATES, freedom
from symbolic.theorems.replicates import MANY_IMAGES, RUNS, SEVERAL_IMAGES, kept_mean_sd

_R, _t, _n, _nu = s.replicates, s.generations, s.image_count, s.degrees_of_freedom
_theta = s.fraction_power


_powered = run_sd**_theta
_by_moment = image_scale ** (_theta / 2) * freedom ** (_theta / 2) * power_mean.subs(_nu, freedom)
_kept_power = sp.exp(
    _theta / 2 * sp.log(2 * s.shrinkage_factor / (_n - s.ddof))
    + sp.loggamma((freedom + _theta) / 2)
    - sp.loggamma(freedom / 2)
)
_fractional = _kept_power**_t * s.directional_variance ** (_theta / 2)
_Q = ChiSquare(freedom)
replicate_fractional_moment = Theorem(
    name="replicate_fractional_moment",
    title="Fractional moments of a mean over runs",
    in_words=(
        "A fractional moment of the mean over R runs of a standard deviation in one direction is "
        "bounded by that of one run."
    ),
    statement=le(Mean(sd_over_runs**_theta), _R ** (1 - _theta) * _fractional),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(*UPDATES, RUNS, FRACTION, "equality at theta = 1"),
    conditions=(*ENOUGH_IMAGES, _theta <= 1),
    lemmas=("subadditive_power", "sample_variance"),
    derivation=(
        power_moment,
        Step(
            rule="instance",
            claim=eq(
                Mean(_Q ** (_theta / 2)),
                freedom ** (_theta / 2) * power_mean.subs(_nu, freedom),
            ),
            label="moment",
            uses=("mean power",),
            given={_nu: freedom},
        ),
        Step(
            rule="substitution",
            claim=eq(
                Mean(_powered.subs(_t, _t + 1)),
                image_scale ** (_theta / 2) * Mean(_Q ** (_theta / 2) * _powered),
            ),
            label="one update",
            uses=("lemma:sample_variance",),
        ),
        Step(
            rule="independence",
            claim=eq(
                Mean(_Q ** (_theta / 2) * _powered), Mean(_Q ** (_theta / 2)) * Mean(_powered)
            ),
            label="split",
            given={"fresh": _Q},
        ),
        Step(
            rule="power laws",
            claim=eq(_by_moment, _kept_power),
            label="together",
            given={"domain": MANY_IMAGES},
        ),
        Step(
            rule="combination",
            claim=eq(Mean(_powered.subs(_t, _t + 1)), _kept_power * Mean(_powered)),
            label="each update",
            uses=("one update", "split", "moment", "together"),
            given={
                "weights": (
                    1,
                    image_scale ** (_theta / 2),
                    image_scale ** (_theta / 2) * Mean(_powered),
                    Mean(_powered),
                )
            },
        ),
        Step(
            rule="substitution",
            claim=eq(Mean(_powered.subs(_t, 0)), s.directional_variance ** (_theta / 2)),
            label="start",
            uses=("model:direction_start",),
        ),
        Step(
            rule="linear recursion",
            claim=eq(Mean(_powered), _fractional),
            label="one run",
            uses=("each update", "start"),
        ),
        Step(
            rule="lemma",
            claim=le(sd_over_runs**_theta, _R ** (1 - _theta) * SampleMean(_powered, _R)),
            label="run by run",
            uses=("lemma:subadditive_power",),
            given={size: run_sd},
        ),
        Step(
            rule="monotone",
            claim=le(
                Mean(sd_over_runs**_theta), Mean(_R ** (1 - _theta) * SampleMean(_powered, _R))
            ),
            label="mean run by run",
            uses=("run by run",),
            given={"apply": Mean},
        ),
        Step(
            rule="i.i.d. sum",
            claim=eq(Mean(SampleMean(_powered, _R)), Mean(_powered)),
            label="powers over runs",
        ),
        Step(
            rule="combination",
            claim=le(Mean(sd_over_runs**_theta), _R ** (1 - _theta) * _fractional),
            uses=("mean run by run", "powers over runs", "one run"),
            given={"weights": (1, -(_R ** (1 - _theta)), -(_R ** (1 - _theta)))},
        ),
    ),
)

_A, _K = s.relative_power_mean, 4 * freedom + 2 * _theta
_deficit = chi_power_deficit_bound.lhs.subs(_nu, freedom)
_loss = -_theta * (1 - _theta) / _K
_relative = le(_A, _R ** (1 - _theta) * sp.exp(_t * _loss))
_few = _R ** (1 - _theta)
replicate_collapse = Theorem(
    name="replicate_collapse",
    title="A mean over runs collapses",
    in_words=(
        "Relative to the true mean, the mean over R runs of a standard deviation in one direction "
        "tends to zero exponentially."
    ),
    statement=_relative,
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(
        *UPDATES,
        RUNS,
        FRACTION,
        "Markov: x times the true mean is exceeded with a probability of at most x^-theta of it",
    ),
    conditions=(*TWO_IMAGES, _theta <= 1),
    derivation=(
        Step(
            rule="combination",
            claim=le(_A * Mean(run_sd) ** _theta, _few * _fractional),
            label="moment",
            uses=("model:relative_power_mean", "theorem:replicate_fractional_moment"),
            given={"weights": (-1, 1)},
        ),
        Step(
            rule="substitution bound",
            claim=le(_A * kept_mean_sd**_theta, _few * _fractional),
            label="in numbers",
            uses=("moment", "theorem:directional_diversity_mean"),
        ),
        Step(
            rule="power laws",
            claim=eq(_fractional, kept_mean_sd**_theta * sp.exp(_t * _deficit)),
            label="relative to the mean",
            given={"domain": MANY_IMAGES},
        ),
        Step(
            rule="combination",
            claim=le(_A, _few * sp.exp(_t * _deficit)),
            label="relative",
            uses=("in numbers", "relative to the mean"),
            given={"weights": (kept_mean_sd**-_theta, -_few * kept_mean_sd**-_theta)},
        ),
        Step(
            rule="instance",
            claim=le(_deficit, _loss),
            label="one update",
            uses=("theorem:chi_power_deficit_bound",),
            given={_nu: freedom},
        ),
        Step(
            rule="combination",
            claim=le(_t * _deficit, _t * _loss),
            label="all updates",
            uses=("one update",),
            given={"weights": (_t,)},
        ),
        Step(
            rule="exponential",
            claim=le(sp.exp(_t * _deficit), sp.exp(_t * _loss)),
            label="factor",
            uses=("all updates",),
            given={"domain": SEVERAL_IMAGES},
        ),
        Step(
            rule="combination",
            claim=_relative,
            uses=("relative", "factor"),
            given={"weights": (1, _few)},
        ),
    ),
)
_reached = (
    (4 * freedom + 2 * _theta)
    * ((1 - _theta) * sp.log(_R) - sp.log(s.share_left))
    / (_theta * (1 - _theta))
)
replicate_failure_time = Theorem(
    name="replicate_failure_time",
    title="When a mean over runs has failed",
    in_words=(
        "A fractional moment of the mean over R runs of a standard deviation in one direction is "
        "small, relative to the true mean, from about 4 nu log R / theta updates on, for large R."
    ),
    statement=le(s.failure_time, _reached),
    kind=Kind.UPPER_BOUND,
    source=Source.OURS,
    reference="I6",
    assumptions=(
        *UPDATES,
        RUNS,
        "0 < theta < 1, 0 < ell < 1",
        "the time at which the relative fractional moment has fallen to ell",
    ),
    conditions=(*TWO_IMAGES, _theta < 1, s.share_left < 1),
    derivation=(
        Step(
            rule="logarithm of both sides",
            claim=le(sp.log(_A), (1 - _theta) * sp.log(_R) + _t * _loss),
            label="logarithm",
            uses=("theorem:replicate_collapse",),
            given={"domain": SEVERAL_IMAGES},
        ),
        Step(
            rule="level reached",
            claim=le(s.failure_time, _reached),
            uses=("logarithm",),
            given={
                "level": sp.log(s.share_left),
                "variable": _t,
                "domain": {_theta: 1 / (1 + sp.Symbol("over_theta", positive=True))},
            },
        ),
    ),
)

THEOREMS = (replicate_fractional_moment, replicate_collapse, replicate_failure_time)
