"""What the papers say, what is proved here, and how they differ.

Of the first paper (Gao and Li, Convergence Dynamics and Stabilization Strategies of Co-Evolving
Generative Models) only the abstract, the titles of ten theorems, the opening of Theorem 3.1 and
the captions of Figures 1 to 5 were at hand.  Each row keeps what those say apart from what is
reconstructed.  Claims on iterative retraining are in `symbolic.papers_retraining`, those
on recursive stability in `symbolic.papers_recursive_stability`.
"""

from __future__ import annotations

from symbolic.comparison import Comparison
from symbolic.papers_recursive_stability import RECURSIVE_STABILITY
from symbolic.papers_retraining import RETRAINING

__all__ = ["COMPARISONS", "Comparison"]

_COEVOLVING: tuple[Comparison, ...] = (
    Comparison(
        place="Theorem 3.1",
        title="Recursion of text model diversity under frozen image model",
        says=(
            "With a frozen image model the expected diversity H_t follows a recursion in which "
            "the posterior and the number N of images appear. The formula is missing from our "
            "copy: its wording is unknown, the recursion is reconstructed."
        ),
        proved="The mean, the covariance and the recursion of one text update, exactly.",
        differ=(
            "Ours is given the state before the update, so the image model may move as well, "
            "and it holds for any conditional densities, not only Gaussian ones."
        ),
    ),
    Comparison(
        place="Corollary 3.2",
        title="Text model diversity decays at most exponentially",
        says=(
            "A lower bound of rate 1 - 1/N, 0.999 at N = 1000 (caption of Figure 2). The "
            "wording is unknown, reconstructed from the caption."
        ),
        proved="E[H_t] is at least (1 - 1/N)^t H_0.",
        differ=(
            "Same rate. t counts text updates, not generations; the bound is attained exactly "
            "when posteriors are one-hot, where the text model is neutral Wright-Fisher drift."
        ),
    ),
    Comparison(
        place="Theorem 3.3",
        title="Image model diversity decays under frozen text model",
        says=(
            "A frozen text model leads to an exponential contraction of image diversity "
            "(abstract). The measure of diversity and the constant are unknown; tr Sigma^(1/2) "
            "is reconstructed."
        ),
        proved=(
            "Mean diversity is at most c(nu)^t times its start, with the exact Gamma constant; "
            "the root of the covariance itself contracts so, in Loewner order."
        ),
        differ=(
            "Any dimension and any covariance, no expansion in 1/nu, any ddof and shrinkage; "
            "with random image counts c(nu) is replaced by its mean."
        ),
    ),
    Comparison(
        place="Theorem 3.4",
        mark="I8",
        title="Boundedness of image model fidelity under the frozen text model",
        says=(
            "Fidelity remains bounded (abstract). Which moment is meant is unknown; the mean "
            "distance is reconstructed."
        ),
        proved="The mean distance of a text's mean from its start is bounded for all t.",
        differ=(
            "Only the first moment is bounded: the mean squared distance grows linearly in t, "
            "without bound."
        ),
    ),
    Comparison(
        place="Theorem 4.1",
        mark="T3",
        title="Arbitrarily slow convergence under large covariances",
        says=(
            "As the covariance scale grows, text diversity decreases ever more slowly (caption "
            "of Figure 2, equal covariances). The assumptions are unknown."
        ),
        proved=(
            "C tends to 1 as the texts' densities become alike, with an explicit bound on 1 - C"
            " for any densities; with one common covariance the leading order and both bounds."
        ),
        differ=(
            "Without the condition that Sigma_i Sigma_k^-1 tends to I it is false: with Sigma_2"
            " = 4 Sigma_1 at growing scale 1 - C tends to about .295 (two equally likely texts,"
            " d = 2). Covariances must become equal in shape."
        ),
    ),
    Comparison(
        place="Theorem 4.2",
        mark="T4",
        title="Exponential convergence under the trainable image model",
        says=(
            "Image contraction amplifies text homogenization (abstract); more frequent image "
            "updates accelerate the collapse (caption of Figure 4). The wording is unknown, the"
            " bound is reconstructed."
        ),
        proved=(
            "C H is at most a sum of Bhattacharyya overlaps, and mean diversity is pure drift "
            "plus what confusion gave back."
        ),
        differ=(
            "The rate tends to that of pure drift, 1 - 1/N, once covariances have contracted. "
            "It is C H that vanishes, not C: as one text takes all, C tends to 1."
        ),
    ),
    Comparison(
        place="Theorem 5.1",
        title="Differential convergence rate of the image model",
        says="The rate is about 1 - (d+1)/(8(N+1)p_i) (caption of Figure 3).",
        proved=(
            "The loss of one update to second order for any covariance, its isotropic (also "
            "exactly, for d = 2) and rank-one cases, the caption's average over counts, and the "
            "exact rate in the long run."
        ),
        differ=(
            "(d+1)/8 holds only at an isotropic start and only with the unbiased covariance "
            "(with 1/n it is (d+5)/8). The exact exponential rate is log c(nu), about -1/(4 "
            "nu), in every dimension. 1/((N+1)p) stands for a mean of 1/nu."
        ),
        also=("image_plane_factor", "image_diversity_lower_bound", "image_exact_rate"),
    ),
    Comparison(
        place="Figure 3",
        title="Deviation from the rate at later times",
        says="Deviations at later times are likely due to numerical inaccuracies (caption).",
        proved=(
            "The mean's rate changes from the isotropic one to log c(nu), and a typical run "
            "decays faster than the mean: its rate is the largest Lyapunov exponent, about "
            "-1/(2 nu). An average over R runs of a standard deviation in one direction has the "
            "relative standard error ((c(nu)^(-2 t) - 1)/R)^(1/2): about .85 for R = 100, p = .06 "
            "and t = 500. Its fractional moments have a small bound only from about "
            "4 nu log R / theta updates on, for large R."
        ),
        differ=(
            "Such a deviation needs no round-off: noise makes covariances anisotropic, and an "
            "average over 100 runs misses the rare runs that carry the mean. That this is what "
            "the figure shows is left to simulation; it is not proved."
        ),
        also=(
            "image_exact_rate",
            "directional_log_mean",
            "image_lyapunov",
            "replicate_relative_variance",
            "replicate_collapse",
            "replicate_failure_time",
        ),
    ),
    Comparison(
        place="Theorem 5.2",
        title="Matthew effect of image model diversity under text model collapse",
        says=(
            "Dominant texts sustain higher image diversity while rarer texts collapse faster "
            "(abstract). The wording is unknown."
        ),
        proved=(
            "c(nu) increases with the image count; the mean factor of a text with probability p, "
            "keep rule included, and its slope in p."
        ),
        differ=(
            "True as long as a text is updated. A text with too few images keeps its Gaussian, "
            "so the mean factor is not monotone in p: it returns to 1 for the rarest texts "
            "(min_images = 2: least, about .906, near N p = 2.9)."
        ),
        also=(
            "contraction_constant_increasing",
            "image_factor_mean",
            "image_diversity_upper_bound_counts",
        ),
    ),
    Comparison(
        place="Theorem 6.1",
        mark="T5",
        title="Stabilization of text model diversity under text injection",
        says=(
            "Even a small injected fraction keeps text diversity from collapsing entirely "
            "(caption of Figure 5, alpha = 0.05). Whether new texts are appended or a fixed "
            "corpus is mixed in, and when in a generation, is unknown."
        ),
        proved=(
            "Both readings: the whole curve and the stationary value for a fixed or a fresh "
            "corpus, injected before or after the text updates; a guaranteed value for new "
            "texts."
        ),
        differ=(
            "Exact for one-hot posteriors, a lower bound otherwise. More is not always better: "
            "with new texts there is a best fraction. The smallest sufficient dose is ours."
        ),
    ),
    Comparison(
        place="Theorem 6.2",
        mark="I10",
        title="Stabilization of image model diversity under image injection",
        says=(
            "User-content injection prevents collapse while preserving diversity and fidelity "
            "(abstract). The wording is unknown."
        ),
        proved=(
            "One update's mean covariance and offset with pooled user images, and the "
            "stationary squared fidelity and trace."
        ),
        differ=(
            "Exact for the covariance itself, whose trace settles slightly above the "
            "reference's; the paper's measure of diversity is a root of it."
        ),
    ),
    Comparison(
        place="Eleven more",
        title="Theorems of which not even the title was at hand",
        says="The paper counts 21 theorems and definitions, of which ten are named in our copy.",
        proved="Nothing is claimed of them.",
        differ="Unknown.",
    ),
)

COMPARISONS: tuple[Comparison, ...] = (*_COEVOLVING, *RETRAINING, *RECURSIVE_STABILITY)
