"""The generated documents: whole, readable, and made of nothing but the library's values."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sympy as sp

from symbolic import LEMMAS, THEOREMS, Source
from symbolic.model import MODEL
from symbolic.papers import COMPARISONS
from symbolic.printing import LATEX_NAMES, latex, latex_lines, latex_name, plain
from symbolic.symbols import SYMBOLS
from toolkit.theory import documents
from toolkit.theory.documents.html import mathml
from toolkit.theory.documents.html import words as html_words
from toolkit.theory.documents.latex import words as latex_words
from toolkit.theory.documents.parts import meanings
from toolkit.theory.documents.terminal import wrap_formula

FORMULAS = [
    *((name, theorem.statement) for name, theorem in THEOREMS.items()),
    *(
        (f"{name}, step {number}", step.claim)
        for name, theorem in THEOREMS.items()
        for number, step in enumerate(theorem.derivation, 1)
    ),
    *((f"lemma {name}", lemma.statement) for name, lemma in LEMMAS.items()),
    *((f"premise {name}", premise.statement) for name, premise in MODEL.items()),
    *(
        (f"{name}, condition {number}", condition)
        for name, theorem in THEOREMS.items()
        for number, condition in enumerate(theorem.conditions, 1)
    ),
    *((f"symbol {name}", symbol) for name, symbol in SYMBOLS.items()),
]
#: Commands that name something; any other word in a formula must be one of theirs.
_WORDS = re.compile(r"\\(?:mathrm|operatorname|text|mathbb)\{[^{}]*\}|\\(?:begin|end)\{[a-z]+\}")
_VOID = {"meta", "br"}


@pytest.fixture(scope="module")
def page() -> str:
    return documents.html_document(THEOREMS.values())


@pytest.fixture(scope="module")
def document() -> str:
    return documents.latex_document(THEOREMS.values())


# ------------------------------------------------------------------------------------- formulas


def test_every_formula_is_written_as_a_mathematician_would() -> None:
    raw = {}
    for name, expr in FORMULAS:
        left = re.sub(r"\\[A-Za-z]+", " ", _WORDS.sub(" ", latex(expr)))
        if re.search(r"[A-Za-z]{3}|[A-Za-z]_(?!\{)", left) or "Mean" in latex(expr):
            raw[name] = latex(expr)
    assert not raw, f"names printed as they are spelled; add them to LATEX_NAMES: {raw}"


def test_every_formula_has_balanced_brackets() -> None:
    for name, expr in FORMULAS:
        tex = latex(expr)
        assert tex.count("{") == tex.count("}"), name
        assert tex.count(r"\left") == tex.count(r"\right"), name


def test_every_formula_becomes_whole_mathml() -> None:
    for name, expr in FORMULAS:
        made = mathml(expr)
        root = ET.fromstring(made)
        shown = "".join(root.itertext())
        assert root.tag.endswith("math"), name
        assert "\\" not in shown, (name, shown)
        assert "_" not in shown, (name, shown)
        assert "merror" not in made, name
        assert root.attrib["alttext"] == plain(expr)


def test_the_mean_of_draws_gets_a_line_over_all_of_it() -> None:
    made = mathml(MODEL["text_update"].statement)
    assert made.count('class="mean"') == 1
    assert "\u2015" not in made


@pytest.mark.parametrize("name", THEOREMS)
def test_the_symbols_of_a_statement_are_told_apart(name: str) -> None:
    written = [
        latex(symbol) + ("[.]" if isinstance(symbol, sp.IndexedBase) else "")
        for symbol, _, _ in meanings(THEOREMS[name])
    ]
    assert len(written) == len(set(written)), written


@pytest.mark.parametrize("name", LATEX_NAMES)
def test_a_listed_name_is_needed(name: str) -> None:
    listed, parsed = LATEX_NAMES[name].tex(), latex_name(name + " ").tex()
    assert listed != parsed


def test_powers_indices_and_expectations() -> None:
    tr, f2, h = SYMBOLS["image_variance"], SYMBOLS["squared_fidelity_at"], SYMBOLS["text_diversity"]
    assert latex(tr**2) == r"\left(\operatorname{tr}\Sigma_{0}\right)^{2}"
    assert latex(f2[3] ** 2) == r"\left(F_{3}^{2}\right)^{2}"
    assert latex(1 - h) == "1 - H"
    i, k = sp.symbols("i k")
    double = sp.Sum(i * k, (k, i + 1, 4), (i, 0, 3))
    assert latex(double).startswith(r"\sum_{i=0}^{3} \sum_{k=i + 1}^{4}")


def test_a_broken_formula_has_the_same_signs_as_a_whole_one() -> None:
    def bare(text: str) -> str:
        return re.sub(r"\\qquad|\\quad|[&\s]", "", text)

    for name, theorem in THEOREMS.items():
        whole = latex_lines(theorem.statement, width=10**6)
        broken = latex_lines(theorem.statement, width=20)
        assert len(whole) == 1
        assert bare("".join(broken)) == bare(whole[0]), name


def test_a_formula_is_wrapped_without_loss() -> None:
    for theorem in THEOREMS.values():
        for width in (40, 100):
            text = plain(theorem.statement)
            lines = wrap_formula(text, width, "  ")
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            assert width == 40 or max(map(len, lines)) <= width


def test_words_with_formulas_are_written_out() -> None:
    text = (
        "at most c(nu)^t H_0 for batch_size >= 2 & more - sum_i tr Sigma^(1/2) chi_square_gaussian"
    )
    assert latex_words(text) == (
        r"at most c($\nu$)$^{t}$ $H_{0}$ for \texttt{batch\_\allowbreak{}size} $\geq$ 2 \& more "
        r"$-$ $\sum_{i}$ tr $\Sigma$$^{1/2}$ "
        r"\texttt{chi\_\allowbreak{}square\_\allowbreak{}gaussian}"
    )
    assert html_words(text) == (
        "at most c(<i>&#x003BD;</i>)<sup>t</sup> <i>H</i><sub>0</sub> for "
        "<code>batch_size</code> ≥ 2 &amp; more "
        "− <i>∑</i><sub>i</sub> tr <i>&#x003A3;</i><sup>1/2</sup> "
        "<code>chi_square_gaussian</code>"
    )


# ------------------------------------------------------------------------------------ documents


class Reader(HTMLParser):
    """Reads a page, insisting that every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if given.get("id") else []  # type: ignore[list-item]
        self.links += [given["href"]] if tag == "a" else []  # type: ignore[list-item]
        self.loads += [tag] if {"src"} & set(given) or tag in {"link", "script"} else []
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"mrow", "mspace", "mi"}, f"<{tag}/> stays open in HTML"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()


def test_the_page_is_well_formed_and_self_contained(page: str) -> None:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert reader.loads == []
    assert "url(" not in page
    assert len(reader.ids) == len(set(reader.ids))
    missing = {link for link in reader.links if link.removeprefix("#") not in reader.ids}
    assert not missing


def test_the_page_holds_everything(page: str) -> None:
    for name, theorem in THEOREMS.items():
        assert f'id="theorem-{name}"' in page
        assert mathml(theorem.statement) in page
    steps = sum(len(theorem.derivation) for theorem in THEOREMS.values())
    assert page.count("<p>by ") == steps
    for name in MODEL:
        assert f'id="premise-{name}"' in page
    for name in {lemma for theorem in THEOREMS.values() for lemma in theorem.lemmas}:
        assert f'id="lemma-{name}"' in page


def test_the_page_says_kind_and_source_in_words(page: str) -> None:
    for theorem in THEOREMS.values():
        _, _, rest = page.partition(f'<article id="theorem-{theorem.name}">')
        article, _, _ = rest.partition("</article>")
        assert f">{theorem.kind.value}</span>" in article
        assert f">{theorem.source.value}</span>" in article


def test_the_latex_document_is_whole(document: str) -> None:
    assert document.startswith(r"\documentclass")
    assert document.rstrip().endswith(r"\end{document}")
    opened: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{([a-z*]+)\}", document):
        if what == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    assert document.count(r"\[") == document.count(r"\]")
    assert not re.search(r"\\begin\{(itemize|enumerate)\}\s*\\end", document), "an empty list"
    for name in THEOREMS:
        assert rf"\label{{theorem:{name}}}" in document


def test_the_latex_document_is_plain_ascii(document: str) -> None:
    # So that any engine takes it without a further package.
    assert document.isascii(), [c for c in set(document) if not c.isascii()]


def test_both_are_written_by_the_command(tmp_path: Path) -> None:
    from toolkit.cli.theorems import show

    for name, flag in (("theorems.tex", "latex"), ("theorems.html", "html")):
        target = tmp_path / name
        assert show(None, **{flag: True}, out=target) == target  # type: ignore[arg-type]
        assert target.stat().st_size > 10_000


# ---------------------------------------------------------------------------- the paper's claims


def test_the_paper_table_names_theorems_that_exist() -> None:
    named = [name for one in COMPARISONS for name in one.theorems]
    assert not set(named) - set(THEOREMS)


def test_every_result_of_the_paper_is_in_the_paper_table() -> None:
    named = {name for one in COMPARISONS for name in one.theorems}
    of_paper = {n for n, t in THEOREMS.items() if t.source in (Source.PAPER, Source.RECONSTRUCTED)}
    assert not of_paper - named, "add them to symbolic/papers.py"


def test_the_paper_table_leaves_nothing_unsaid() -> None:
    for one in COMPARISONS:
        assert all((one.place, one.title, one.says, one.proved, one.differ))
    assert len({one.place for one in COMPARISONS}) == len(COMPARISONS)
