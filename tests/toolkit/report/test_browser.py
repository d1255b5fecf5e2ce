"""The page in a real browser: everything is there to be seen, on a screen and on paper."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_BROWSER = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
_SECONDS = 150

pytestmark = pytest.mark.skipif(_BROWSER is None, reason=f"none of {', '.join(_BROWSERS)} is here")

#: What a reader could see, told by the browser itself; the page of a report holds no script.
_PROBE = """
<script>
const size = element => { const box = element.getBoundingClientRect();
  return [Math.round(box.width), Math.round(box.height)]; };
addEventListener("load", () => {
  const told = document.createElement("pre");
  told.id = "probe";
  told.textContent = JSON.stringify({
    title: document.title,
    sections: [...document.querySelectorAll("section")].map(size),
    images: [...document.images].map(i => [i.complete, i.naturalWidth, ...size(i)]),
    formulas: [...document.querySelectorAll(".formula math")].map(size),
    width: [document.documentElement.scrollWidth, innerWidth],
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor,
  });
  document.body.append(told);
});
</script>
"""


def browse(tmp_path: Path, page: str, *options: str) -> str:
    """Open a page without a network and give what the browser prints."""
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            str(_BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--no-first-run", "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
            *options, file.as_uri(),
        ],
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def probe(tmp_path: Path, page: str, width: int, *more: str) -> dict[str, object]:
    whole = page.replace("</body>", _PROBE + "</body>")
    seen = browse(tmp_path, whole, f"--window-size={width},900", "--dump-dom", *more)
    told = re.search(r'<pre id="probe">(.*?)</pre>', seen, re.DOTALL)
    assert told is not None, seen[-2000:]
    return dict(json.loads(html.unescape(told[1])))


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Return width, height and the unpacked rows of a PNG."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    packed, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    return width, height, zlib.decompress(packed)


@pytest.mark.parametrize("width", [1000, 500])
def test_everything_can_be_seen(tmp_path: Path, written: str, width: int) -> None:
    seen = probe(tmp_path, written, width, "--blink-settings=preferredColorScheme=0")
    assert str(seen["title"]).startswith("Report: fit.nc")
    assert len(seen["sections"]) == 8  # type: ignore[arg-type]
    assert all(wide > 300 and high > 100 for wide, high in seen["sections"])  # type: ignore[attr-defined]
    images = list(seen["images"])  # type: ignore[call-overload]
    assert len(images) >= 7
    assert all(done and own > 100 and wide > 100 for done, own, wide, _ in images)
    assert all(wide <= width for *_, wide, _ in images)
    formulas = list(seen["formulas"])  # type: ignore[call-overload]
    assert formulas
    assert all(wide > 30 and high > 10 for wide, high in formulas)
    # Nothing runs out of the page sideways; wide tables scroll in their own box.
    assert seen["width"] == [width, width]
    # Figures are dark on white, and so is the page, even where the reader prefers dark ones.
    assert seen["dark"]
    assert seen["background"] == "rgb(255, 255, 255)"


def test_a_broken_picture_would_be_noticed(tmp_path: Path, written: str) -> None:
    broken = re.sub(r'(src="data:image/svg\+xml;base64,)[^"]{200}', r"\1AAAA", written, count=1)
    images = list(probe(tmp_path, broken, 1000)["images"])  # type: ignore[call-overload]
    assert not all(own > 100 for _, own, _, _ in images)


def test_a_screenshot_is_not_blank(tmp_path: Path, written: str) -> None:
    shot = tmp_path / "shot.png"
    browse(tmp_path, written, "--window-size=1000,1400", f"--screenshot={shot}")
    width, height, rows = pixels(shot.read_bytes())
    assert (width, height) == (1000, 1400)
    assert len(set(rows[:: width // 7])) > 20  # text and curves, not one colour


def test_it_prints_on_several_pages(tmp_path: Path, written: str) -> None:
    pdf = tmp_path / "page.pdf"
    browse(tmp_path, written, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF-")
    count = max(map(int, re.findall(rb"/Count (\d+)", data)))
    assert 4 <= count <= 30
