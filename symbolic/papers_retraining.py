"""What the paper on iterative retraining says, what is proved here, and how they differ.

Of it (Bertrand et al., On the Stability of Iterative Retraining of Generative Models on their own
Data) the abstract, the opening of Proposition 1, the numbers of its theorems and five captions were
at hand.
"""

from __future__ import annotations

from symbolic.comparison import Comparison

__all__ = ["RETRAINING"]

_PAPER = "Retraining"

RETRAINING: tuple[Comparison, ...] = (
    Comparison(
        place=f"{_PAPER}, Prop. 1",
        mark="R1",
        title="Gaussian Collapse",
        says=(
            "Learning a Gaussian solely on its own samples yields model collapse, from any mean "
            "and covariance. The rate is missing from our copy."
        ),
        proved="The covariance's mean root is at most c(nu)^t times its start, along any axis.",
        differ="Any ddof and shrinkage; c(nu) is the exact Gamma constant.",
    ),
    Comparison(
        place=f"{_PAPER}, fixed point",
        mark="R2",
        title="A fixed-point structure under mild regularity",
        says="Named in a summary of the paper; the proposition's wording is unknown.",
        proved="Retrained from the best parameters, no others have a larger mixed log-likelihood.",
        differ="Any lambda; the model need not be well specified, nor anything smooth.",
    ),
    Comparison(
        place=f"{_PAPER}, Theorem 1",
        mark="R3",
        title="Stability of iterative retraining",
        says=(
            "Retraining is stable if the first model approximates the data well enough and the "
            "share of real data is large enough (abstract). The condition, lambda (1 + epsilon L / "
            "alpha) < 1/2, and the bound on the Jacobian's norm are reconstructed."
        ),
        proved=(
            "The norm's bound and where it reaches 1; the Jacobian's eigenvalues exactly, with a "
            "bound on them by how far the best model is off; the norm itself where the Fisher "
            "information is of rank one."
        ),
        differ=(
            "With infinite data and full optimization every eigenvalue is below 1 for every "
            "lambda, misspecified or not: the condition bounds the norm, which may pass 1 for "
            "larger lambda (distances then grow before they fall). What destabilises must come "
            "from elsewhere: finite samples, biased sampling or selection."
        ),
    ),
    Comparison(
        place=f"{_PAPER}, Theorem 2",
        mark="R4",
        title="Approximate stability with finite samples",
        says="The error splits into three terms (summary); the wording is unknown.",
        proved="Mean squared errors in closed form, for given families and data policies.",
        differ="Exact means in special cases, not a bound that holds with high probability.",
    ),
)
