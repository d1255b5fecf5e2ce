"""Sizes, counts and the bound indices of sums."""

from __future__ import annotations

import sympy as sp

from symbolic.symbols.classes import count, index

# Sizes and counts.
batch_size = count("N")
num_texts = count("K")
num_features = count("d")
generations = index("t")
text_updates = index("M")
image_count = count("n")
user_images = index("N_0")
min_images = count("n_min")
degrees_of_freedom = sp.Symbol("nu", positive=True)
exponent_index = count("j")

# Bound indices of sums.
text = index("i")
other_text = index("k")
feature = index("a")
other_feature = index("b")
past_generation = index("s")
count_index = index("m")

WORDS: dict[str, str] = {
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
}
