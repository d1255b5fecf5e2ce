"""The columns of a table in long form: what each is called and what it holds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from toolkit import labels

#: Columns that say where a row belongs.
KEYS = (labels.REPLICATE, labels.GENERATION, labels.TEXT)

#: What others call them.
_OTHER_NAMES = {
    labels.REPLICATE: ("run", "sample", "chain", "seed", "rep", "trial"),
    labels.GENERATION: ("time", "step", "iteration", "iter", "epoch", "round", "t", "gen"),
    labels.TEXT: ("class", "label", "caption", "category", "prompt", "token"),
    labels.TEXT_PROBS: ("p", "prob", "probs", "probability", "frequency", "freq"),
}
_NAMED = 4


class Columns(NamedTuple):
    """What is read of a table.

    Attributes
    ----------
    keys : tuple of str
        Columns that say where a row belongs.
    variables : dict
        Of each variable its columns, in the order of its entries.
    num_features : int
    renamed : str
        The column that is read as ``score``; empty when there is none.
    left_out : tuple of str
        Columns that are not read.
    """

    keys: tuple[str, ...]
    variables: dict[str, list[str]]
    num_features: int
    renamed: str
    left_out: tuple[str, ...]


def column_names(name: str, num_features: int) -> list[str]:
    """The columns of a variable: one for each entry over its features.

    Examples
    --------
    >>> column_names("image_cov", 2)
    ['image_cov_0_0', 'image_cov_0_1', 'image_cov_1_0', 'image_cov_1_1']
    >>> column_names("text_probs", 2)
    ['text_probs']
    """
    return list(_column_names(name, num_features))


def _column_names(name: str, num_features: int) -> Iterator[str]:
    """One after another: a wrong column may stand for a great many."""
    names: Iterator[str] = iter((name,))
    for _ in _feature_dims(name):
        names = (f"{start}_{entry}" for start in names for entry in range(num_features))
    return names


def choose_columns(present: Sequence[str], score: str | None, source: str) -> Columns:
    """Which columns are read, and as what.

    Parameters
    ----------
    present : sequence of str
    score : str, optional
        The column that is read as a score; all others but the keys are then left out.
    source : str
        Of messages.

    Raises
    ------
    ValueError
        When a column is missing, unknown or of the wrong kind of table.
    """
    repeated = [name for name in dict.fromkeys(present) if list(present).count(name) > 1]
    if repeated:
        raise ValueError(f"{source} has two columns {repeated[0]!r}.")
    others = [name for name in present if name not in KEYS]
    if labels.GENERATION not in present:
        raise ValueError(
            f"{source} has no column 'generation'; "
            f"{_meant(labels.GENERATION, others) or f'its columns are {_some(present)}.'}"
            if present
            else f"{source} has no columns."
        )
    if score is not None:
        return _score_only(present, others, score, source)
    of_text: list[str] = []
    whole: list[str] = []
    unknown: list[str] = []
    for name in others:
        known = _variable_of(name)
        if known is None:
            unknown.append(name)
        else:
            (of_text if labels.variable(known).dims else whole).append(name)
    if unknown:
        raise ValueError(_unknown_columns(unknown, source, may_be_score=labels.TEXT not in present))
    if not (of_text or whole):
        raise ValueError(
            f"{source} has nothing to read beside {_some(present)}; expected text_probs, "
            "image_mean_0.., image_cov_0_0.., image_count for each text, or score."
        )
    if of_text and whole:
        raise ValueError(
            f"{source} mixes {of_text[0]} (one row for each text) with {whole[0]} (one for each "
            f"generation); read them from two tables, or {whole[0]} alone by score={whole[0]!r}."
        )
    if of_text and labels.TEXT not in present:
        raise ValueError(
            f"{source} has no column 'text', but {of_text[0]} is a number for each text; add the "
            f"column, or read one number for each generation by score={of_text[0]!r}."
        )
    if whole and labels.TEXT in present:
        raise ValueError(_score_by_text(whole[0], source))
    num_features = _num_features(of_text, source)
    variables = {
        name: column_names(name, num_features)
        for name in dict.fromkeys(map(_variable_of, others))
        if name is not None
    }
    return Columns(tuple(k for k in KEYS if k in present), variables, num_features, "", ())


def _score_only(present: Sequence[str], others: Sequence[str], score: str, source: str) -> Columns:
    if score not in others:
        near = _nearest(score, others)
        raise ValueError(
            f"{source} has no column {score!r} to read as the score; "
            + (f"did you mean {near!r}?" if near else f"its columns are {_some(present)}.")
        )
    if labels.TEXT in present:
        raise ValueError(_score_by_text(score, source))
    keys = tuple(key for key in KEYS if key in present)
    left_out = tuple(name for name in others if name != score)
    known = score in labels.VARIABLES and not labels.variable(score).dims
    name = score if known else labels.SCORE
    return Columns(keys, {name: [score]}, 0, "" if name == score else score, left_out)


def _variable_of(column: str) -> str | None:
    """The variable that a column holds (an entry of), None when it is not known."""
    match = re.fullmatch(r"(.+?)((?:_(?:0|[1-9]\d*))*)", column, flags=re.DOTALL)
    name, entry = (match[1], match[2]) if match else (column, "")
    if name not in labels.VARIABLES and name not in labels.OBSERVED:
        return None
    return name if entry.count("_") == len(_feature_dims(name)) else None


def _feature_dims(name: str) -> list[str]:
    return [dim for dim in labels.variable(name).dims if dim != labels.TEXT]


def _num_features(columns: Iterable[str], source: str) -> int:
    """The number of features, the same in every variable that has them."""
    present = {name for name in columns if _feature_dims(str(_variable_of(name)))}
    if not present:
        return 0
    entries = [int(entry) for name in present for entry in re.findall(r"_(\d+)", name)]
    if 0 not in entries:
        raise ValueError(
            f"{source} has {_some(sorted(present))}; features are numbered from 0: expected "
            f"{column_names(str(_variable_of(min(present))), 1)[0]} and so on."
        )
    num_features = max(entries) + 1
    for variable in dict.fromkeys(map(_variable_of, sorted(present))):
        names = _column_names(str(variable), num_features)
        missing = next((name for name in names if name not in present), None)
        if missing is not None:
            raise ValueError(
                f"{source} lacks the column {missing!r}: with {num_features} features {variable} "
                f"has {num_features ** len(_feature_dims(str(variable)))} columns."
            )
    return num_features


def _score_by_text(name: str, source: str) -> str:
    return (
        f"{name} is read as one number for each replicate and generation, but {source} has a "
        "column 'text'; average or select, and leave that column out."
    )


def _unknown_columns(unknown: Sequence[str], source: str, *, may_be_score: bool) -> str:
    """A message with what each of them may have been meant to be."""
    first = unknown[0]
    if first.startswith("Unnamed:"):
        return (
            f"{source} has a column without a name, probably the index of a pandas table: write "
            "it with to_csv(path, index=False)."
        )
    if re.fullmatch(r".+\.\d+", first) and _is_known(first.rpartition(".")[0]):
        return f"{source} has two columns {first.rpartition('.')[0]!r}."
    candidates = [*KEYS, *labels.VARIABLES, *labels.OBSERVED]
    candidates += [n for v in labels.VARIABLES for n in column_names(v, 2) if _feature_dims(v)]
    near = _nearest(first, candidates)
    if near in labels.VARIABLES and _feature_dims(near):
        near = column_names(near, 1)[0]
    what, them = ("column", "it") if len(unknown) == 1 else ("columns", "them")
    mends = [f"rename {first!r} if you mean {near!r}"] if near else []
    mends.append(f"leave {them} out")
    if may_be_score:
        mends.append(f"read one as the score by score={first!r} (--score {first})")
    return f"{source} has the unknown {what} {_some(unknown)}; {', or '.join(mends)}."


def _is_known(name: str) -> bool:
    return name in KEYS or _variable_of(name) is not None


def _meant(wanted: str, present: Sequence[str]) -> str:
    """A question whether a column that is there was meant to be the missing one."""
    near = _nearest(wanted, [n for n in present if not _is_known(n)])
    return f"did you mean it by {near!r}? Rename it." if near else ""


def _nearest(name: str, candidates: Sequence[str]) -> str | None:
    """The candidate that is spelt alike, or that others call so."""
    plain = {candidate.lower().strip(): candidate for candidate in reversed(candidates)}
    wanted = name.lower().strip()
    for ours, theirs in _OTHER_NAMES.items():
        if ours == wanted and (found := next((t for t in theirs if t in plain), None)):
            return plain[found]
        if wanted in theirs and ours in plain:
            return ours
    close = difflib.get_close_matches(wanted, list(plain), n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")
