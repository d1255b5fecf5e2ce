"""What the paper on recursive stability says, what is proved here, and how they differ.

Of it (Fu et al., A Theoretical Perspective: How to Prevent Model Collapse in Self-consuming
Training Loops) the abstract, the opening of Theorem 1, the caption of Figure 1 and the numbers of
its definitions and remarks were at hand.
"""

from __future__ import annotations

from symbolic.comparison import Comparison

__all__ = ["RECURSIVE_STABILITY"]

_PAPER = "Recursive stability"

RECURSIVE_STABILITY: tuple[Comparison, ...] = (
    Comparison(
        place=f"{_PAPER}, its measure",
        mark="F2",
        title="Total variation between what neighbouring real data lead to",
        says=(
            "gamma is the largest total variation between the laws of the n (1 - alpha) synthetic "
            "examples of a generation, from real data that differ in one example (opening of "
            "Theorem 1). What it is for a given family is not in our copy."
        ),
        proved=(
            "For a Gaussian of known variance, and regression with X'X = n I and known noise, its "
            "exact value in every generation, with and without real data, and its limit. Without "
            "real data it never grows, for any procedure. Wasserstein distances of one example."
        ),
        differ=(
            "Without real data it tends to zero and with real data it does not: it measures how "
            "much one example is felt, not whether the loop collapses. The domain is not bounded; "
            "the changed example moves by a given distance."
        ),
    ),
    Comparison(
        place=f"{_PAPER}, the share of real data",
        mark="F1",
        title="How the proportion of real data decides",
        says=(
            "The proportion between real and synthetic data influences whether a loop succeeds "
            "(abstract). How the paper bounds the shift of the distribution is not in our copy."
        ),
        proved=(
            "Total variation to the real data is at most e (1 - (1 - alpha)^t)/alpha after t fits "
            "that each add e, and t e without real data; a loop of two outcomes attains both."
        ),
        differ="Any family; e is the error of one fit, whatever its cause, and is not derived.",
    ),
    Comparison(
        place=f"{_PAPER}, Theorem 1",
        mark="F3",
        title="General Generalization Bound",
        says=(
            "A uniformly stable algorithm, a loss bounded by M, mixed data alpha S_0 + (1 - alpha) "
            "S_j: a bound on the generalisation gap, in which gamma stands. The bound itself is "
            "cut off in our copy."
        ),
        proved=(
            "The mean gap is at most (1 - alpha) M times the shift, plus beta, plus alpha M gamma; "
            "its second moment about the shift; a bound with a given confidence."
        ),
        differ=(
            "Our own constants and terms. With confidence 1 - delta ours grows like the root of "
            "1/delta, by Chebyshev: from stability in total variation alone no logarithm follows."
        ),
    ),
    Comparison(
        place=f"{_PAPER}, in-context learning",
        mark="F4",
        title="A constant share of real data, and how much synthetic data is best",
        says=(
            "For transformers in in-context learning even a constant-sized proportion of real data "
            "ensures convergence, and there are insights into optimal synthetic data sizing "
            "(abstract). The model and the constants are not in our copy."
        ),
        proved=(
            "For one layer of linear attention that labels its own contexts: the error after any "
            "number of generations, the share of real examples below which its mean grows without "
            "bound and the one below which a typical run does, and the error with any number of "
            "synthetic inputs beside the real ones."
        ),
        differ=(
            "Attention trained for the length of the contexts it meets never explodes, with no "
            "real data either (it forgets). Trained for longer ones, a constant share is not "
            "enough: it must be above a threshold. An unbiased fit is best without synthetic "
            "data; with them attention only gains where its gain is too large for the real "
            "examples, and unless these are very many, none or endlessly many are best."
        ),
    ),
)
