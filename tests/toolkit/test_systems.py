"""Configurations: every bad value is refused by name, every good one goes to a file and back."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit as tk
from toolkit.systems import (
    CoevolvingSystem,
    CorpusInjection,
    FeatureMap,
    UserContent,
    read_system,
    system_from_dict,
    system_from_json,
)

EYE = np.eye(2)
GOOD: dict[str, Any] = {
    "text_probs": [0.5, 0.3, 0.2],
    "image_mean": np.zeros((3, 2)),
    "image_cov": np.stack([EYE, 2 * EYE, [[2.0, 0.5], [0.5, 1.0]]]),
    "batch_size": 50,
}


def covs(matrix: Any) -> Any:
    return np.stack([EYE, EYE, np.array(matrix, float)])


BAD_SYSTEMS: list[tuple[dict[str, Any], str]] = [
    ({"text_probs": [0.5, 0.3, 0.3]}, r"text_probs must sum to 1, but the sum is 1\.1"),
    ({"text_probs": [0.7, 0.5, -0.2]}, r"text_probs\[2\] = -0\.2"),
    ({"text_probs": [0.5, np.nan, 0.5]}, "text_probs holds NaN"),
    ({"text_probs": [0.5, np.inf, 0.5]}, "text_probs holds NaN or infinite"),
    ({"text_probs": []}, "text_probs is empty"),
    ({"text_probs": [[0.5, 0.5]]}, "text_probs must have 1 axes"),
    ({"text_probs": 1.0}, "text_probs must have 1 axes"),
    ({"text_probs": ["a", "b", "c"]}, "text_probs must be an array of numbers"),
    ({"text_probs": None}, "text_probs"),
    ({"text_probs": [0.5, 0.5]}, r"image_mean must have shape .* num_texts = 2"),
    ({"image_mean": np.zeros((2, 2))}, "image_mean must have shape"),
    ({"image_mean": np.zeros((3, 0))}, "image_mean must have shape"),
    ({"image_mean": np.zeros(3)}, "image_mean must have 2 axes"),
    ({"image_mean": np.full((3, 2), np.nan)}, "image_mean holds NaN"),
    ({"image_mean": np.zeros((3, 3))}, r"image_cov must have shape \(3, 3, 3\)"),
    ({"image_mean": [[0, 0], [0], [0, 0]]}, "image_mean must be an array of numbers"),
    ({"image_cov": EYE}, "image_cov must have 3 axes"),
    ({"image_cov": covs([[1, 0.5], [0.4, 1]])}, r"image_cov\[2\] is not symmetric"),
    ({"image_cov": covs([[1, 2], [2, 1]])}, r"image_cov\[2\] is not positive definite"),
    ({"image_cov": covs([[1, 0], [0, 0]])}, r"image_cov\[2\] is not positive definite"),
    ({"image_cov": covs([[0, 0], [0, 0]])}, r"image_cov\[2\] is not positive definite"),
    ({"image_cov": covs([[1, 0], [0, np.nan]])}, "image_cov holds NaN"),
    ({"batch_size": 0}, "batch_size must be at least 2, not 0"),
    ({"batch_size": 1}, "batch_size must be at least 2, not 1"),
    ({"batch_size": -5}, "batch_size must be at least 2"),
    ({"batch_size": 2**54}, "batch_size must be at most"),
    ({"batch_size": 10.5}, "batch_size must be a whole number, not 10.5"),
    ({"batch_size": "10"}, "batch_size must be a whole number"),
    ({"batch_size": True}, "batch_size must be a whole number, not True"),
    ({"batch_size": None}, "batch_size must be a whole number"),
    ({"batch_size": np.nan}, "batch_size must be a whole number"),
    ({"text_updates": -1}, "text_updates must be at least 0"),
    ({"image_updates": -1}, "image_updates must be at least 0"),
    ({"image_updates": True}, "image_updates must be a whole number"),
    ({"ddof": -1}, "ddof must be at least 0"),
    ({"ddof": 3}, "ddof must be below min_images = 3"),
    ({"ddof": 0.5}, "ddof must be a whole number"),
    ({"min_images": 2}, r"min_images must be at least num_features \+ 1 = 3"),
    ({"min_images": 0}, "min_images"),
    ({"min_images": "3"}, "min_images must be a whole number"),
    ({"text_temperature": 0}, "text_temperature must lie in"),
    ({"text_temperature": -1.0}, "text_temperature must lie in"),
    ({"text_temperature": np.nan}, "text_temperature must lie in"),
    ({"text_temperature": np.inf}, "text_temperature must lie in"),
    ({"text_temperature": True}, "text_temperature must be a number"),
    ({"shrinkage_factor": 0.0}, "shrinkage_factor must lie in"),
    ({"shrinkage_factor": "1"}, "shrinkage_factor must be a number"),
    ({"shrinkage_factor": None}, "shrinkage_factor must be a number"),
    ({"corpus": {"prob": 0.1}}, "corpus must be a CorpusInjection or None"),
    ({"user_content": 3}, "user_content must be a UserContent or None"),
    ({"feature_map": "pca"}, "feature_map must be a FeatureMap or None"),
]

BAD_CORPORA: list[tuple[dict[str, Any], str]] = [
    ({"prob": 1.5}, "corpus.prob must lie in"),
    ({"prob": -0.1}, "corpus.prob must lie in"),
    ({"prob": np.nan}, "corpus.prob must lie in"),
    ({"prob": "often"}, "corpus.prob must be a number"),
    ({"prob": True}, "corpus.prob must be a number"),
    ({"fraction": 2}, "corpus.fraction must lie in"),
    ({"fraction": None}, "corpus.fraction must be a number"),
    ({"reading": "new"}, "corpus.reading must be one of"),
    ({"reading": "new_text", "fraction": 1.0}, "corpus.fraction must be below 1"),
    ({"target": [0.5, 0.6]}, "corpus.target must sum to 1"),
    ({"target": [1.5, -0.5]}, r"corpus.target\[1\] = -0.5"),
    ({"target": [0.5, 0.5]}, "corpus.target must give 3 probabilities"),
    ({"concentration": 0}, "corpus.concentration must lie in"),
    ({"concentration": True}, "corpus.concentration must be a number"),
    ({"capacity": 5}, "corpus.capacity has no meaning"),
    ({"new_text_mean": [0, 0]}, "corpus.new_text_mean has no meaning"),
    ({"reading": "new_text", "target": [0.5, 0.3, 0.2]}, "corpus.target has no meaning"),
    ({"reading": "new_text", "concentration": 2}, "corpus.concentration has no meaning"),
    ({"reading": "new_text", "capacity": 2}, "corpus.capacity must be at least"),
    ({"reading": "new_text", "capacity": 0}, "corpus.capacity must be at least"),
    ({"reading": "new_text", "capacity": True}, "corpus.capacity must be a whole number"),
    ({"reading": "new_text", "capacity": 4.5}, "corpus.capacity must be a whole number"),
    ({"reading": "new_text", "new_text_mean": [0, 0, 0]}, "corpus.new_text_mean must have shape"),
    ({"reading": "new_text", "new_text_mean": 0}, "corpus.new_text_mean must have 1 axes"),
    ({"reading": "new_text", "new_text_cov": np.eye(3)}, "corpus.new_text_cov must have shape"),
    ({"reading": "new_text", "new_text_cov": -EYE}, "corpus.new_text_cov is not positive def"),
    ({"reading": "new_text", "new_text_cov": 1.0}, "corpus.new_text_cov"),
    ({"reading": "new_text", "new_text_cov": [1.0, 2.0]}, "corpus.new_text_cov"),
    ({"reading": "new_text", "new_text_cov": np.ones((2, 3))}, "corpus.new_text_cov"),
]

BAD_CONTENT: list[tuple[dict[str, Any], str]] = [
    ({"num_images": 0}, "user_content.num_images must be at least 1"),
    ({"num_images": 2.5}, "user_content.num_images must be a whole number"),
    ({"num_images": False}, "user_content.num_images must be a whole number"),
    ({"images": [EYE, EYE]}, "user_content.images must hold one array per text, 3"),
    ({"images": [EYE, EYE, np.eye(3)]}, r"user_content.images\[2\] must have shape"),
    ({"images": [EYE, EYE, np.zeros((0, 2))]}, r"user_content.images\[2\] must have shape"),
    ({"images": [EYE, EYE, [1.0, 2.0]]}, r"user_content.images\[2\] must have 2 axes"),
    ({"images": [EYE, np.full((1, 2), np.nan), EYE]}, r"user_content.images\[1\] holds NaN"),
    ({"images": [EYE, "no", EYE]}, r"user_content.images\[1\] must be an array"),
    ({"images": 3}, "user_content.images"),
]


@pytest.mark.parametrize(("change", "message"), BAD_SYSTEMS)
def test_bad_system_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoevolvingSystem(**GOOD | change)


@pytest.mark.parametrize(("change", "message"), BAD_CORPORA)
def test_bad_corpus_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoevolvingSystem(**GOOD, corpus=CorpusInjection(**{"prob": 0.1, "fraction": 0.1} | change))


@pytest.mark.parametrize(("change", "message"), BAD_CONTENT)
def test_bad_user_content_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoevolvingSystem(**GOOD, user_content=UserContent(**{"num_images": 3} | change))


def test_given_images_and_new_texts_do_not_go_together() -> None:
    corpus = CorpusInjection(prob=0.1, fraction=0.1, reading="new_text")
    content = UserContent(num_images=2, images=[EYE, EYE, EYE])
    with pytest.raises(ValueError, match=r"user_content\.images cannot be given"):
        CoevolvingSystem(**GOOD, corpus=corpus, user_content=content)
    CoevolvingSystem(**GOOD, corpus=corpus, user_content=UserContent(num_images=2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_texts": 0}, "num_texts must be at least 1"),
        ({"num_texts": 2.5}, "num_texts must be a whole number"),
        ({"variance": 0}, "variance must lie in"),
        ({"variance": -1}, "variance must lie in"),
        ({"num_features": 0}, "num_features must be at least 1"),
        ({"text_probs": [0.5, 0.5]}, "image_mean must have shape"),
        ({"batchsize": 5}, "unknown key 'batchsize' .* did you mean 'batch_size'"),
    ],
)
def test_bad_circle_is_refused(arguments: dict[str, Any], message: str) -> None:
    good = {"num_texts": 3, "variance": 1.0, "batch_size": 10}
    with pytest.raises(ValueError, match=message):
        CoevolvingSystem.on_unit_circle(**good | arguments)


def test_means_lie_on_the_unit_circle() -> None:
    system = CoevolvingSystem.on_unit_circle(
        num_texts=4, num_features=3, variance=0.5, batch_size=9
    )
    expected = [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]
    np.testing.assert_allclose(system.image_mean, expected, atol=1e-15)
    np.testing.assert_array_equal(system.image_cov, np.broadcast_to(0.5 * np.eye(3), (4, 3, 3)))
    np.testing.assert_array_equal(system.text_probs, 0.25)
    assert (system.num_texts, system.num_features, system.min_images) == (4, 3, 4)


def test_system_cannot_be_changed() -> None:
    system = CoevolvingSystem(**GOOD)
    with pytest.raises(AttributeError):
        system.batch_size = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        system.text_probs[0] = 1.0
    source = np.array(GOOD["text_probs"])
    other = CoevolvingSystem(**GOOD | {"text_probs": source})
    source[0] = 9.0
    assert other.text_probs[0] == 0.5


def test_replace_validates_and_names_the_unknown() -> None:
    system = CoevolvingSystem(**GOOD)
    assert system.replace(batch_size=7).batch_size == 7
    with pytest.raises(ValueError, match="batch_size must be at least 2"):
        system.replace(batch_size=1)
    with pytest.raises(
        ValueError, match=r"unknown key 'text_update' .* did you mean 'text_updates'"
    ):
        system.replace(text_update=1)


def test_equal_systems_are_equal_and_hash_alike() -> None:
    one, same = CoevolvingSystem(**GOOD), CoevolvingSystem(**GOOD | {"batch_size": 50.0})
    assert one == same
    assert hash(one) == hash(same)
    assert one != one.replace(ddof=0)


LABELS = np.repeat(["cat", "dog"], [12, 8])
PIXELS = np.random.default_rng(41).standard_normal((20, 6)) * [5, 3, 1, 1, 0.1, 0.1]


def test_system_from_labelled_images() -> None:
    system = tk.CoevolvingSystem.from_labelled_images(PIXELS, LABELS, num_features=2, batch_size=9)
    np.testing.assert_allclose(system.text_probs, [0.6, 0.4])
    feature_map = system.feature_map
    assert feature_map is not None
    features = feature_map.to_features(PIXELS)
    for index, text in enumerate(("cat", "dog")):
        group = features[text == LABELS]
        np.testing.assert_allclose(system.image_mean[index], group.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(system.image_cov[index], np.cov(group.T), rtol=1e-12)
    assert system_from_json(system.to_json()) == system


def test_all_components_lead_back_to_the_pixels() -> None:
    feature_map = FeatureMap.fit(PIXELS, 6)
    np.testing.assert_allclose(
        feature_map.to_pixels(feature_map.to_features(PIXELS)), PIXELS, atol=1e-12
    )


@pytest.mark.parametrize(
    ("X", "y", "num_features", "message"),
    [
        (PIXELS, LABELS[:-1], 2, "y must give one class for each of the 20 images"),
        (PIXELS, LABELS, 7, "num_features must be at most 6"),
        (PIXELS[:9], LABELS[5:14], 2, "too few for a covariance"),
        (PIXELS[0], LABELS, 2, "X must have 2 axes"),
        (np.full((20, 6), np.nan), LABELS, 2, "X holds NaN"),
    ],
)
def test_bad_labelled_images_are_refused(
    X: np.ndarray, y: np.ndarray, num_features: int, message: str
) -> None:
    if message.startswith("too few"):
        y = np.array(["cat"] * 7 + ["dog"] * 2)
    with pytest.raises(ValueError, match=message):
        tk.CoevolvingSystem.from_labelled_images(X, y, num_features=num_features, batch_size=9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_sizes = 3", "unknown key 'batch_sizes' .* did you mean 'batch_size'"),
        ("[corpus]\nprob = 0.1\nfractoin = 0.1", "unknown key 'fractoin' .*'fraction'"),
        ("[user_content]\nnum_image = 3", "unknown key 'num_image' .*'num_images'"),
        ("[on_unit_circle]\nnum_text = 3", "unknown key 'num_text'|num_text"),
        ("[on_unit_circle]\nnum_texts = 3\nvariance = 1.0", "batch_size"),
        ("on_unit_circle = 3", r"\[on_unit_circle\] must be a table"),
        ("corpus = 3", r"\[corpus\] must be a table"),
        ("[corpus]\nprob = 0.1", r"\[corpus\] is incomplete: .*fraction"),
        ("", "the system is incomplete: .*text_probs"),
        ("system = 'retrained'", "unknown system 'retrained'; known: .*coevolving"),
        ("text_probs = [0.5", "not a TOML file"),
    ],
)
def test_bad_file_gives_one_message_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "system.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_system(path)
    assert str(path) in str(caught.value)
    assert caught.value.__suppress_context__


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no system file at"):
        read_system(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="is a folder"):
        read_system(tmp_path)
    foreign = tmp_path / "picture.toml"
    foreign.write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match="not a TOML file"):
        read_system(foreign)


finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-6, 1e6)


def probabilities(size: int) -> st.SearchStrategy[list[float]]:
    weights = st.lists(st.floats(0.01, 1), min_size=size, max_size=size)
    return weights.map(lambda w: (np.array(w) / np.sum(w)).tolist())


def matrices(rows: int, columns: int) -> st.SearchStrategy[list[list[float]]]:
    row = st.lists(finite, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


@st.composite
def covariance_stacks(draw: st.DrawFn, size: int, num_features: int) -> np.ndarray:
    seed = draw(st.integers(0, 2**32 - 1))
    scale = draw(st.floats(-8, 8))
    root = np.random.default_rng(seed).standard_normal((size, num_features, num_features + 3))
    return 10**scale * root @ root.swapaxes(-1, -2)


@st.composite
def corpora(draw: st.DrawFn, num_texts: int, num_features: int) -> CorpusInjection:
    common = {"prob": draw(st.floats(0, 1)), "fraction": draw(st.floats(0, 0.99))}
    if draw(st.booleans()):
        return CorpusInjection(
            **common,
            target=draw(st.none() | probabilities(num_texts)),
            concentration=draw(st.none() | positive),
        )
    cov = draw(st.none() | covariance_stacks(1, num_features))
    return CorpusInjection(
        **common,
        reading="new_text",
        capacity=draw(st.none() | st.integers(num_texts, 50)),
        new_text_mean=draw(st.none() | matrices(1, num_features).map(lambda m: m[0])),
        new_text_cov=None if cov is None else cov[0],
    )


@st.composite
def systems(draw: st.DrawFn) -> CoevolvingSystem:
    num_texts, num_features = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    corpus = draw(st.none() | corpora(num_texts, num_features))
    grows = corpus is not None and corpus.reading == "new_text"
    images = st.lists(
        st.integers(1, 3).flatmap(lambda n: matrices(n, num_features)),
        min_size=num_texts,
        max_size=num_texts,
    )
    content = st.builds(
        UserContent,
        num_images=st.integers(1, 100),
        images=st.none() if grows else st.none() | images,
    )
    feature_map = st.builds(
        FeatureMap,
        mean=st.lists(finite, min_size=3, max_size=3),
        components=matrices(num_features, 3),
    )
    return CoevolvingSystem(
        text_probs=draw(probabilities(num_texts)),
        image_mean=draw(matrices(num_texts, num_features)),
        image_cov=draw(covariance_stacks(num_texts, num_features)),
        batch_size=draw(st.integers(2, 10**9)),
        text_updates=draw(st.integers(0, 5)),
        image_updates=draw(st.integers(0, 5)),
        ddof=draw(st.integers(0, num_features)),
        min_images=draw(st.none() | st.integers(num_features + 1, 20)),
        text_temperature=draw(positive),
        shrinkage_factor=draw(positive),
        corpus=corpus,
        user_content=draw(st.none() | content),
        feature_map=draw(st.none() | feature_map),
    )


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(system=systems())
def test_every_system_goes_to_toml_and_json_and_back(system: CoevolvingSystem) -> None:
    for copy in (
        system_from_dict(tomllib.loads(system.to_toml())),
        system_from_json(system.to_json()),
        system_from_dict(json.loads(json.dumps(system.to_dict()))),
    ):
        assert copy == system
        assert hash(copy) == hash(system)
        assert isinstance(copy, CoevolvingSystem)
        np.testing.assert_array_equal(copy.image_cov, system.image_cov)


def test_file_may_name_a_constructor(tmp_path: Path) -> None:
    path = tmp_path / "system.toml"
    path.write_text(
        "text_updates = 2\n[on_unit_circle]\nnum_texts = 3\nvariance = 0.5\nbatch_size = 20\n"
        "[corpus]\nprob = 0.1\nfraction = 0.2\nreading = 'new_text'\ncapacity = 6\n"
    )
    expected = CoevolvingSystem.on_unit_circle(
        num_texts=3,
        variance=0.5,
        batch_size=20,
        text_updates=2,
        corpus=CorpusInjection(prob=0.1, fraction=0.2, reading="new_text", capacity=6),
    )
    assert read_system(path) == expected
    expected.to_toml(path)
    assert read_system(path) == expected


@pytest.mark.parametrize(
    ("outside", "message"),
    [
        ({"batch_size": 100}, r"batch_size is given both in \[on_unit_circle\] and outside"),
        ({"image_mean": [[0.0, 0.0]]}, r"image_mean is set by \[on_unit_circle\]"),
    ],
)
def test_nothing_is_given_twice(outside: dict[str, object], message: str) -> None:
    inside = {"num_texts": 2, "variance": 1.0, "batch_size": 200}
    with pytest.raises(ValueError, match=message):
        CoevolvingSystem.from_dict({"on_unit_circle": inside, **outside})
