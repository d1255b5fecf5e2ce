"""Every symbol of the library, written once, under the name that the rest of the project uses.

A symbol prints as a mathematician writes it (``batch_size`` prints as ``N``) and is looked up by
its design name: ``SYMBOLS["batch_size"]``.  `MEANINGS` says in words what each one is.  Random
quantities carry the class `RandomSymbol`, so that an expectation knows what it may take out.

Indices run from 0, as arrays do: a sum over texts is ``Sum(..., (text, 0, num_texts - 1))``.
"""

from __future__ import annotations

import sympy as sp


class RandomSymbol(sp.Symbol):
    """A symbol for a random quantity; an expectation must not take it outside."""

    __slots__ = ()


def is_random(expr: sp.Basic) -> bool:
    """Tell whether an expression contains a random quantity outside an expectation.

    Parameters
    ----------
    expr : sympy.Basic
        Any expression.

    Returns
    -------
    bool
        True if a `RandomSymbol` is free in it.

    Examples
    --------
    >>> is_random(batch_size), is_random(Mean(RandomSymbol("x"))), is_random(RandomSymbol("x"))
    (False, False, True)
    """
    if isinstance(expr, Mean):
        return False
    if isinstance(expr, RandomSymbol | ChiSquare):
        return True
    return any(is_random(arg) for arg in expr.args)


class Mean(sp.Function):
    """An expectation, inert: `symbolic.moments` holds the rules that may change one.

    In a one-step theorem it is the expectation given the state at the start of the update.
    """

    nargs = 1

    @classmethod
    def eval(cls, arg: sp.Expr) -> sp.Expr | None:
        """Reduce the mean of something that is not random to the thing itself."""
        return arg if not is_random(arg) else None

    def _latex(self, printer: object, exp: str | None = None) -> str:
        inner = printer._print(self.args[0])  # type: ignore[attr-defined]
        body = rf"\mathbb{{E}}\left[{inner}\right]"
        return body if exp is None else rf"{body}^{{{exp}}}"


class SampleMean(sp.Function):
    """Mean of a function of one random draw over ``size`` independent draws, inert."""

    nargs = 2


class ChiSquare(sp.Function):
    """A fresh chi-square variable with the given degrees of freedom."""

    nargs = 1
    is_positive = True


def _count(name: str) -> sp.Symbol:
    return sp.Symbol(name, integer=True, positive=True)


def _index(name: str) -> sp.Symbol:
    return sp.Symbol(name, integer=True, nonnegative=True)


def _random(name: str, **assumptions: bool) -> RandomSymbol:
    return RandomSymbol(name, **assumptions)


# Sizes and counts.
batch_size = _count("N")
num_texts = _count("K")
num_features = _count("d")
generations = _index("t")
text_updates = _index("M")
image_count = _count("n")
user_images = _index("N_0")
min_images = _count("n_min")
degrees_of_freedom = sp.Symbol("nu", positive=True)
exponent_index = _count("j")

# Bound indices of sums.
text = _index("i")
other_text = _index("k")
feature = _index("a")
other_feature = _index("b")
past_generation = _index("s")
count_index = _index("m")

# One text's probability, and the whole vector of them.
text_prob = sp.Symbol("p", positive=True)
text_probs = sp.IndexedBase(sp.Symbol("p", nonnegative=True), shape=(num_texts,), nonnegative=True)
target_probs = sp.IndexedBase(sp.Symbol("u", nonnegative=True), nonnegative=True)

# Text diversity, now and along a trajectory.
text_diversity = sp.Symbol("H", nonnegative=True)
initial_text_diversity = sp.Symbol("H_0", nonnegative=True)
next_text_diversity = _random("H'", nonnegative=True)
text_diversity_at = sp.IndexedBase(_random("H", nonnegative=True), nonnegative=True)
posterior_confusion = sp.Symbol("C", nonnegative=True)
posterior_confusion_at = sp.IndexedBase(_random("C", nonnegative=True), nonnegative=True)
mean_confused_diversity = sp.IndexedBase(sp.Symbol("e", nonnegative=True), nonnegative=True)
homozygosity = sp.Symbol("S_2", positive=True)
third_power_sum = sp.Symbol("S_3", positive=True)
next_homozygosity = _random("S_2'", positive=True)
bhattacharyya = sp.IndexedBase(sp.Symbol("BC", nonnegative=True), nonnegative=True)
text_distance = sp.IndexedBase(sp.Symbol("w", nonnegative=True), nonnegative=True)
posterior_product_mean = sp.Symbol("R_ik", nonnegative=True)
next_text_probs = sp.IndexedBase(_random("p'", nonnegative=True), nonnegative=True)
posterior_covariance = sp.Symbol("Cov_r", real=True)
text_prob_covariance = sp.Symbol("Cov_p", real=True)

# The Bhattacharyya coefficient of two Gaussians.
log_bhattacharyya = sp.Symbol("log_BC", real=True)
mahalanobis = sp.Symbol("Delta_M", nonnegative=True)
log_det_first = sp.Symbol("logdet_1", real=True)
log_det_second = sp.Symbol("logdet_2", real=True)
log_det_average = sp.Symbol("logdet_avg", real=True)

# Corpus injection.
injection_prob = sp.Symbol("alpha", nonnegative=True)
injection_fraction = sp.Symbol("epsilon", nonnegative=True)
target_diversity = sp.Symbol("H_u", nonnegative=True)
mean_target_diversity = sp.Symbol("H_pi", nonnegative=True)
initial_overlap = sp.Symbol("o_0", nonnegative=True)
diversity_floor = sp.Symbol("h", positive=True)
injection_dose = sp.Symbol("delta", nonnegative=True)
stationary_text_diversity = sp.Symbol("H_*", nonnegative=True)
limit_text_diversity = sp.Symbol("H_inf", nonnegative=True)
best_injection_fraction = sp.Symbol("epsilon_*", positive=True)
best_text_diversity = sp.Symbol("H_best", nonnegative=True)

# Images.
ddof = sp.Symbol("ddof", integer=True, nonnegative=True)
shrinkage_factor = sp.Symbol("kappa", positive=True)
directional_variance = sp.Symbol("sigma2_v", positive=True)
directional_variance_at = sp.IndexedBase(_random("sigma2_v", positive=True), positive=True)
image_diversity = sp.Symbol("D_0", positive=True)
image_diversity_at = sp.IndexedBase(_random("D", positive=True), positive=True)
next_image_diversity = _random("D'", positive=True)
largest_variance = sp.Symbol("lambda_max", positive=True)
image_sd = sp.IndexedBase(sp.Symbol("s", positive=True), positive=True)
contraction_factor = sp.Symbol("rho", nonnegative=True)
decay_rate_limit = sp.Symbol("r_inf", real=True)
lyapunov_exponent = sp.Symbol("lambda_j", real=True)
mean_image_factor = sp.Symbol("rho_bar", nonnegative=True)

# Fidelity.
image_variance = sp.Symbol("tr_Sigma_0", positive=True)
image_fidelity_at = sp.IndexedBase(_random("F", nonnegative=True), nonnegative=True)
squared_fidelity_at = sp.IndexedBase(_random("F2", nonnegative=True), nonnegative=True)
inverse_root_count = sp.Symbol("g_half", nonnegative=True)
inverse_count = sp.Symbol("g_1", nonnegative=True)

# User content.
current_cov = sp.Symbol("Sigma_t", real=True)
reference_cov = sp.Symbol("Sigma_0", real=True)
mean_offset = sp.Symbol("Delta", real=True)
next_cov = _random("Sigma'", real=True)
next_mean_offset = _random("Delta'", real=True)
current_variance = sp.Symbol("tr_Sigma_t", positive=True)
squared_offset = sp.Symbol("Delta2", nonnegative=True)
next_squared_offset = _random("Delta2'", nonnegative=True)
stationary_fidelity = sp.Symbol("F_*", nonnegative=True)
stationary_trace = sp.Symbol("T_*", positive=True)

# Only inside derivations: densities, draws and intermediate states.
image = sp.Symbol("x", real=True)
image_draw = _random("y", real=True)
density = sp.Function("q", positive=True)
mixture = sp.Function("q_mix", positive=True)
posterior = sp.Function("r", nonnegative=True)
injected_diversity = _random("H_inj", nonnegative=True)
injected_diversity_at = sp.IndexedBase(_random("H_inj", nonnegative=True), nonnegative=True)
target_overlap = sp.Symbol("o", nonnegative=True)
target_overlap_at = sp.IndexedBase(_random("o", nonnegative=True), nonnegative=True)
next_target_overlap = _random("o'", nonnegative=True)
normal_draw = sp.IndexedBase(_random("z", real=True), real=True)
generated_image = _random("g", real=True)
user_image = _random("f", real=True)

MEANINGS: dict[str, str] = {
    "batch_size": "images drawn in one update of the text model or of the image model",
    "num_texts": "number of texts",
    "num_features": "dimension of an image",
    "generations": "number of generations (in per-update results: of updates)",
    "text_updates": "text updates in one generation",
    "image_count": "images that one text gets in one image update",
    "user_images": "fresh real images pooled into each image update of a text",
    "min_images": "fewest pooled images with which a text's Gaussian is updated",
    "degrees_of_freedom": "image_count - 1, the degrees of freedom of a sample covariance",
    "exponent_index": "which Lyapunov exponent, 1 the largest, up to num_features",
    "text": "index of a text, from 0",
    "other_text": "index of another text, from 0",
    "feature": "index of a feature, from 0",
    "other_feature": "index of another feature, from 0",
    "past_generation": "index of an earlier update, from 0",
    "count_index": "image count inside a sum over image counts",
    "text_prob": "probability of one text",
    "text_probs": "probabilities of the texts, indexed by text",
    "target_probs": "probabilities of the injected corpus, indexed by text",
    "text_diversity": "Gini-Simpson diversity of the text model now: 1 - sum of squares",
    "initial_text_diversity": "text diversity at generation 0",
    "next_text_diversity": "text diversity after one text update",
    "text_diversity_at": "text diversity along a trajectory, indexed by generation",
    "posterior_confusion": "mean Gini-Simpson diversity of the posterior over text_diversity",
    "posterior_confusion_at": "posterior confusion along a trajectory",
    "mean_confused_diversity": "E[C_s H_s], indexed by past text update",
    "homozygosity": "sum of squared text probabilities, 1 - text_diversity",
    "third_power_sum": "sum of cubed text probabilities",
    "next_homozygosity": "sum of squared text probabilities after one text update",
    "bhattacharyya": "Bhattacharyya coefficients of pairs of texts' Gaussians",
    "text_distance": "squared Mahalanobis distance of each text's mean to the mixture's mean",
    "next_text_probs": "probabilities of the texts after one text update, indexed by text",
    "posterior_covariance": "covariance of two texts' posteriors under one image of the mixture",
    "posterior_product_mean": "mean product of two texts' posteriors, one image of the mixture",
    "text_prob_covariance": "covariance of two texts' probabilities after one text update",
    "log_bhattacharyya": "log Bhattacharyya coefficient of two Gaussians",
    "mahalanobis": "squared Mahalanobis distance of two means in the averaged covariance",
    "log_det_first": "log determinant of the first covariance",
    "log_det_second": "log determinant of the second covariance",
    "log_det_average": "log determinant of the average of the two covariances",
    "injection_prob": "probability of a corpus injection in a generation",
    "injection_fraction": "share of the injected corpus in the mixture",
    "target_diversity": "(mean) Gini-Simpson diversity of the injected corpus",
    "mean_target_diversity": "Gini-Simpson diversity of the mean of the injected corpora",
    "initial_overlap": "sum over texts of initial probability times target probability",
    "diversity_floor": "text diversity that the stationary mean must not fall below",
    "injection_dose": "injection_prob * injection_fraction * (2 - injection_fraction)",
    "stationary_text_diversity": "stationary mean text diversity",
    "limit_text_diversity": "lower limit of the mean text diversity",
    "best_injection_fraction": "injection fraction with the largest guaranteed diversity",
    "best_text_diversity": "largest guaranteed text diversity over injection fractions",
    "ddof": "subtracted from the image count in the covariance's denominator",
    "shrinkage_factor": "factor on the covariance after each image update",
    "directional_variance": "variance of the images along a fixed direction at generation 0",
    "directional_variance_at": "variance along a fixed direction, indexed by image update",
    "image_diversity": "trace of the square root of the covariance at generation 0",
    "image_diversity_at": "trace of the square root of the covariance, by image update",
    "next_image_diversity": "trace of the square root of the covariance after one update",
    "largest_variance": "largest eigenvalue of the covariance at generation 0",
    "image_sd": "square roots of the eigenvalues of the covariance, indexed by feature",
    "contraction_factor": "factor of the mean image diversity in one image update",
    "decay_rate_limit": "limit of log mean image diversity over the number of updates",
    "lyapunov_exponent": "almost sure exponential rate of the j-th singular value",
    "mean_image_factor": "mean factor of one image update over the image counts, keep rule in",
    "image_variance": "trace of the covariance at generation 0 (of the reference)",
    "image_fidelity_at": "distance of the mean from its start, indexed by image update",
    "squared_fidelity_at": "squared distance of the mean from its start, by image update",
    "inverse_root_count": "E[1{updated} image_count ** (-1/2)]",
    "inverse_count": "E[1{updated} / image_count]",
    "current_cov": "an entry (or direction) of the covariance now",
    "reference_cov": "the same entry (or direction) of the reference covariance",
    "mean_offset": "current mean minus reference mean along the direction",
    "next_cov": "the same entry of the covariance after one update with user content",
    "next_mean_offset": "mean minus reference mean after one update",
    "current_variance": "trace of the covariance now",
    "squared_offset": "squared distance of the mean from the reference mean now",
    "next_squared_offset": "squared distance of the mean from the reference, one update on",
    "stationary_fidelity": "stationary mean squared distance from the reference mean",
    "stationary_trace": "stationary mean trace of the covariance",
}

SYMBOLS: dict[str, sp.Basic] = {name: globals()[name] for name in MEANINGS}


def design_name(symbol: sp.Basic) -> str:
    """Look up the design name of a symbol.

    Parameters
    ----------
    symbol : sympy.Basic
        A symbol (or indexed base) of this module.

    Returns
    -------
    str
        Its design name.

    Raises
    ------
    KeyError
        If it is not a symbol of this module.

    Examples
    --------
    >>> design_name(batch_size)
    'batch_size'
    """
    for name, known in SYMBOLS.items():
        if known == symbol:
            return name
    raise KeyError(f"{symbol!r} is not in symbolic.symbols.SYMBOLS; add it there with its meaning.")
