"""The page of a report: whole, escaped, self-contained, and true to what was found."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import xarray as xr

from tests.toolkit.forecast.made import fit_of
from tests.toolkit.report.conftest import HOSTILE
from toolkit import labels
from toolkit.cli.fitting import settings_of
from toolkit.forecast import forecast, forecast_table
from toolkit.forecast.summary import summary_table
from toolkit.models import model_of
from toolkit.report import Findings, Request, figures, sections, words
from toolkit.report.again import again, command_of
from toolkit.report.grounds import quick_answers, theorems_of
from toolkit.report.markup import Html, frame, number, table, tag
from toolkit.report.source import read_source

_VOID = {"meta", "br", "img"}
#: What MathML closes itself.
_SELF_CLOSED = {"mrow", "mspace", "mi"}


class Reader(HTMLParser):
    """Reads a page, insisting that every tag is closed in order, and collects its text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"<{tag}> repeats an attribute at {self.getpos()}"
        self.tags.add(tag)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if "href" in given else []
        self.images += [given] if tag == "img" else []
        assert "src" not in given or tag == "img"
        assert not any(name.startswith("on") for name in given)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _SELF_CLOSED, f"<{tag}/> stays open in HTML"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(whole: str) -> Reader:
    reader = Reader()
    reader.feed(whole)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def reader(written: str) -> Reader:
    return read(written)


@pytest.fixture(scope="module")
def said(reader: Reader) -> str:
    """Return all words of the page."""
    return re.sub(r"\s+", " ", " ".join(reader.text))


# ----------------------------------------------------------------------------------------- whole


def test_the_page_is_well_formed_and_needs_nothing_else(written: str, reader: Reader) -> None:
    assert written.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(reader.ids) == len(set(reader.ids))
    assert all(link.startswith("#") for link in reader.links)
    missing = {link for link in reader.links if link[1:] not in reader.ids}
    assert not missing
    assert not reader.tags & {"script", "link", "iframe", "object", "base"}
    without_images = re.sub(r'src="data:[^"]*"', "", written)
    assert "http" not in without_images
    assert "url(" not in written
    assert len(written) < 3_000_000


def test_every_figure_is_a_picture_with_words(reader: Reader) -> None:
    assert len(reader.images) >= 7
    for image in reader.images:
        assert len(str(image["alt"])) > 30
        kind, _, data = str(image["src"]).partition(";base64,")
        start = base64.b64decode(data)[:8]
        assert (kind, start[:5]) in (
            ("data:image/svg+xml", b"<?xml"),
            ("data:image/png", b"\x89PNG\r"),
        )


def test_no_figure_loads_anything(reader: Reader) -> None:
    for image in reader.images:
        kind, _, data = str(image["src"]).partition(";base64,")
        if kind.endswith("svg+xml"):
            svg = base64.b64decode(data).decode()
            assert "<script" not in svg
            hrefs = re.findall(r'href="([^"]*)"', svg)
            assert all(href.startswith("#") for href in hrefs)


def test_the_contents_lead_to_every_section(written: str) -> None:
    contents = written.partition("<nav")[2].partition("</nav>")[0]
    listed = re.findall(r'href="#([^"]+)"', contents)
    assert listed == re.findall(r'<h2 id="([^"]+)"', written)
    assert len(listed) == 8


def test_names_from_the_data_stay_words(found: Findings) -> None:
    ahead = forecast(found.fit, generations=3, variable="text_probs", below=0.2)
    per_text = dataclasses.replace(found, ahead=ahead, variable="text_probs", horizon=3)
    shown = "".join(sections.ahead(per_text))
    assert "<b>cat" not in shown
    assert HOSTILE in " ".join(read(shown).text)
    assert "of &lt;&gt;.html" in "".join(again(found, Path("of <>.html")))


def test_what_is_not_html_is_escaped() -> None:
    assert tag("p", "<i>", Html("<br>"), title='"<') == '<p title="&quot;&lt;">&lt;i&gt;<br></p>'
    made = table(["<a>", "b"], [["<c>", "<d>"], ["e", 1.5]], "<f>")
    assert not re.findall(r"<[a-f]>", made)
    assert '<td class="number">1.5</td>' in made


# ------------------------------------------------------------------------------- what is said


def test_the_answers_are_the_numbers_that_were_found(found: Findings, said: str) -> None:
    half = summary_table(found.summary).loc["half_life", "50%"]
    assert f"halves in {number(half)} generations" in said
    row = forecast_table(found.ahead).loc["any"]
    assert f"{number(row['now'])} now, expected at {number(row['expected'])} after 15" in said
    assert words.time_words(row, 15).replace("\u00a0", " ") in said.replace("\u00a0", " ")
    assert not isinstance(found.dose, str)
    answer = float(found.dose["dose_answer"])
    assert answer > 0
    assert f"Injecting a corpus with a share of {number(answer)} of the mass in every" in said
    assert json.loads(found.dose.attrs["given"]) == {"injection_prob": 1.0}
    assert found.dose.attrs["target"] == found.level == 0.45


def test_what_was_observed_is_told(said: str) -> None:
    # Generation 8, to which no transition of one generation leads, has no law.
    assert "3 replicates, 19 generations, 4 texts" in said
    assert "1 gap between the generations, the first between 6 and 9" in said
    assert "From fit.nc, as the fit used it: text_probs (probability of a text)" in said


def test_a_trajectory_is_told_whole(found: Findings, table: Path) -> None:
    seen = read_source(table)
    shown = "".join(read("".join(sections.observed(dataclasses.replace(found, source=seen)))).text)
    assert "From loop <1>.csv: text_probs" in shown
    assert "3 replicates, 20 generations, 4 texts" in shown
    assert "Gaps: no generation between 6 and 8." in shown


def test_the_fit_is_told_with_units_and_priors(found: Findings, said: str) -> None:
    for name in ("effective_batch_size", "text_temperature"):
        assert name in said
        assert labels.PARAMETERS[name].long_name in said
    assert "Beta(concentration1=1.0, concentration0=3.0)" in said
    assert "known: 0.0" in said
    for remark in json.loads(found.fit.attrs["remarks"]):
        assert remark in said
    assert "2 chains of " in said


def test_every_number_names_theorems_that_stand_on_the_page(found: Findings, written: str) -> None:
    named = set(re.findall(r'href="#theorem-([^"]+)"', written))
    assert named == set(theorems_of(found))
    assert {"text_half_life", "corpus_injection_fraction_before"} <= named
    for name in named:
        article = written.partition(f'<article id="theorem-{name}">')[2].partition("</article>")[0]
        assert "<math" in article
    answers = written.partition('id="answer"')[2].partition('id="observed"')[0]
    assert answers.count('class="ground"') == 4  # rate, causes, forecast, dose


def test_the_closed_forms_are_those_of_the_theorems(found: Findings) -> None:
    answers = {one.theorem: one.values for one in quick_answers(found)}
    size = found.fit["posterior"]["effective_batch_size"].values.ravel()
    expected = np.log(2) / -np.log1p(-1 / size)
    np.testing.assert_allclose(answers["text_half_life"], expected, rtol=1e-9)
    # With injections known to be none, there is no level at which they balance drift.
    assert "corpus_injection_stationary_before" not in answers
    most = answers["corpus_injection_prob_ceiling_before"]
    np.testing.assert_allclose(most, 0.75 * (1 - 1 / size), rtol=1e-9)


def test_times_beyond_the_horizon_are_not_numbers() -> None:
    def told(low: float, middle: float, high: float) -> str:
        row = pd.Series({"time 5%": low, "time 50%": middle, "time 95%": high})
        return words.time_words(row, 20).replace("\u00a0", " ")

    inf = np.inf
    assert told(0, 0, inf) == "It is below now."
    assert told(inf, inf, inf).startswith("It does not fall below within 20 generations")
    assert "stays above for all 20 generations" in told(4, inf, inf)
    assert told(4, 9, inf).endswith("(90 % interval 4 to more than 20).")
    assert told(4, 9, 12).endswith("(90 % interval 4 to 12).")


def test_a_distance_is_lost_by_growing(found: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told and drawn is the text that went farthest, and how probably it is too far."""
    images = np.random.default_rng(31).normal(size=(2, 4, 2, 2, 40))
    images[:, 1:, 1] += 2.0  # of the second text, away from its start
    data = xr.Dataset(
        {
            "text_probs": (labels.dims("text_probs"), np.full((2, 4, 2), 0.5)),
            "image_mean": (labels.dims("image_mean"), images.mean(axis=-1)),
            "image_cov": (labels.dims("image_cov"), images @ np.swapaxes(images, -1, -2) / 40),
        }
    )
    posterior = {"effective_batch_size": 60.0, "shrinkage_factor": 1.0, "real_share": 0.0}
    fit = fit_of("image_contraction", data, posterior, draws=100)
    ahead = forecast(fit, generations=9, variable="image_fidelity", below=2.9)
    far = dataclasses.replace(found, variable="image_fidelity", ahead=ahead, horizon=9)
    row = forecast_table(ahead).loc["any, text 1"]
    assert row["expected"] > forecast_table(ahead).loc["any, text 0", "expected"]
    where, chance = words.heading(far)
    assert where.startswith("Image fidelity in text 1, the highest of 2: ")
    share = f"{100 * (1 - row['below']):.0f}\u00a0%"
    assert chance == f"The probability to be 2.9 or more then is {share}."
    monkeypatch.setattr(figures, "_MOST_FANS", 2)
    assert [where["text"] for where in figures._worst(far)] == [1, 1]


def test_one_replicate_has_no_mean(found: Findings) -> None:
    alone = dataclasses.replace(found, ahead=found.ahead.isel(replicate=[0]))
    assert "(grey) and their mean" not in " ".join(sections.observed(alone))
    whole = " ".join(sections.observed(found))
    assert "Observed text diversity: each replicate (grey) and their mean (blue)." in whole


def test_a_dose_that_does_not_do_it_is_an_answer(found: Findings) -> None:
    assert not isinstance(found.dose, str)
    none = found.dose.assign(dose_answer=np.nan)
    said = words._dose_answer(none)
    assert said.startswith("No dose does it: none up to injecting a corpus with a share of 1 of")
    assert "; the best that was tried does with" in said
    needless = found.dose.assign(dose_answer=0.0)
    assert words._dose_answer(needless).startswith("No dose is needed")


def test_doubts_stand_on_top(found: Findings) -> None:
    assert not isinstance(found.check, str)
    bad_fit = found.fit.copy()
    bad_fit.attrs |= {"converged": "false", "problems": json.dumps(["the chains <disagree>"])}
    alarmed = found.check.assign_attrs(alarm="true", answer="It deviates.")
    answer = "".join(sections.answer(dataclasses.replace(found, fit=bad_fit, check=alarmed)))
    assert 'class="warning"' in answer
    assert "the chains &lt;disagree&gt;" in answer
    assert "The data contradict the model. It deviates." in answer
    assert "Can this be trusted? No." in answer


def test_the_same_findings_give_the_same_page(found: Findings, written: str) -> None:
    shown = "".join(sections.observed(found))
    assert "data:image/svg" in shown
    assert shown in written.replace("\n<", "<")


# ------------------------------------------------------------------------------ how to make again


def test_the_command_is_exact(found: Findings, said: str) -> None:
    command = command_of(found.request, Path("report.html"))
    assert command is not None
    assert command in said
    assert command.endswith("--out report.html --below 0.45 --horizon 15")
    assert found.source.digest in said
    asked = Request(
        source="x.csv", model="text_drift",
        settings={"injection_prob": 0, "text_temperature": dist.LogNormal(0.0, 0.1),
                  "likelihood": "counts", "target": [0.5, 0.5]},
    )  # fmt: skip
    made = command_of(asked, Path("r.html"))
    assert made is not None

    split = shlex.split(made)
    given = [split[at + 1] for at, word in enumerate(split) if word == "--set"]
    back = settings_of(given, model_of("text_drift"))
    assert {name: back[name] for name in ("injection_prob", "likelihood", "target")} == {
        "injection_prob": 0, "likelihood": "counts", "target": [0.5, 0.5],
    }  # fmt: skip
    assert float(back["text_temperature"].scale) == pytest.approx(0.1)
    odd = Request(source="x.csv", settings={"floor": dist.Normal(0, 1).expand([2])})
    assert command_of(odd, Path("r.html")) is None
    assert command_of(Request(source=found.fit), Path("r.html")) is None


def test_the_digest_is_that_of_the_file(found: Findings) -> None:
    path = Path(found.source.name)
    code = "import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert found.source.digest == done.stdout.strip()


def test_a_frame_writes_numbers_as_numbers() -> None:
    data = pd.DataFrame({"a_b": [0.5, np.inf], "c": ["x", "y"]}, index=["one", "two"])
    made = frame(data, "row", "caption", c="words")
    assert ">a b</th>" in made
    assert ">words</th>" in made
    assert '<td class="number">∞</td>' in made
