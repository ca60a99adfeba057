"""The page of `stats --html` in a real browser: nothing is loaded, everything can be read aloud, at any colours and widths."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.browser import browsing

HOSTILE = '</td><script>document.title="owned"</script><img src=https://example.invalid/x onerror=alert(1)>'


@pytest.fixture(scope="module")
def queue_file(tmp_path_factory):
    """A file of messages, some with names that would be HTML, and one that would be a style."""
    names = (
        ["order.paid"] * 6 + ["order.refunded"] * 3 + [HOSTILE, "}</style><b>", "\u202eevil\x1b[2J", '"quoted" & more']
    )
    path = tmp_path_factory.mktemp("stats") / "a <b> & c.ndjson"
    lines = [
        {
            "megaql": 1,
            "id": f"{number:08d}",
            "sent_at": f"2026-11-24T10:{number * 4:02d}:00Z",
            "receive_count": 1 + number % 4,
            "body": json.dumps({"type": name, "total": number}),
        }
        for number, name in enumerate(names)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def written(megaql, queue_file, tmp_path):
    path = tmp_path / "page.html"
    result = megaql(
        "stats", queue_file, "--by", "type", "-w", 'type startswith "order" and total > 2', "--html", path, tty=True
    )
    assert result.status == 0
    assert f"wrote {path}" in result.err
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


def test_nothing_is_loaded_and_nothing_is_wrong(browser, written):
    page = browser.open(written.as_uri())
    assert [url for url in page.requests if not url.startswith("data:")] == [written.as_uri()]
    assert page.complaints == []
    heading = page.run("document.querySelector('h1').textContent")
    assert page.run("document.title") == f"{heading}: 13 messages"
    assert page.run("document.scripts.length") == 0
    assert page.run("document.images.length") == 0


def test_the_browser_would_tell_of_a_request(browser, tmp_path):
    """The test above can fail: a page that loads something and complains is seen to."""
    path = tmp_path / "leaky.html"
    path.write_text('<img src="https://example.invalid/x.png"><script>console.error("no")</script>')
    page = browser.open(path.as_uri())
    assert "https://example.invalid/x.png" in page.requests
    assert page.complaints


def test_the_policy_stops_what_escaping_would_miss(browser, written):
    text = written.read_text(encoding="utf-8").replace("</main>", "<script>document.title='owned'</script></main>")
    written.write_text(text, encoding="utf-8")
    page = browser.open(written.as_uri())
    assert page.run("document.title") != "owned"
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_a_screen_reader_gets_all_of_it(browser, written):
    spoken = browser.open(written.as_uri()).spoken()
    roles = [role for role, _ in spoken]
    named = {(role, name) for role, name in spoken}
    assert ("heading", "Over time") in named
    assert ("heading", "By type") in named
    assert ("image", "Messages over time") in named
    assert {role for role, _ in spoken} >= {"main", "banner", "contentinfo", "table", "columnheader", "rowheader"}
    assert ("rowheader", "order.paid") in named
    assert ("rowheader", HOSTILE) in named
    assert ("rowheader", r"\u202eevil\x1b[2J") in named
    # Each bar stands beside its number and says nothing itself.
    assert roles.count("image") == 1
    for name in ("Messages", "Share", "Matching"):
        assert ("columnheader", name) in named
    assert any("most from 10:" in name for _, name in spoken)
    assert all(name for role, name in spoken if role in {"table", "region", "link", "heading"})


def test_the_keys_reach_everything(browser, written):
    page = browser.open(written.as_uri())
    reached = []
    for _ in range(20):
        page.press("Tab")
        reached.append(
            page.run(
                "document.activeElement.tagName + ':' + (document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.slice(0, 30))"
            )
        )
    assert reached[0] == "A:Skip to the numbers"
    assert "SUMMARY:The same as a table" in reached
    assert any(one.startswith("DIV:Messages by type") for one in reached)
    style = page.run("getComputedStyle(document.querySelector('summary')).cursor")
    assert style == "pointer"
    page = browser.open(written.as_uri())
    page.press("Tab")
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter")
    assert page.run("location.hash") == "#main"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(browser, written, dark):
    """Text has a contrast of 4.5 with the background, what is drawn one of 3; the tones are told apart."""
    page = browser.open(written.as_uri(), dark=dark)
    names = ("back", "text", "soft", "link", "hit", "other", "plain")
    found = page.run(
        f"(() => {{ const s = getComputedStyle(document.documentElement); return {json.dumps(names)}.map(n => s.getPropertyValue('--' + n).trim()) }})()"
    )
    colors = dict(zip(names, map(luminance, found), strict=True))
    for name in ("text", "soft", "link"):
        assert contrast(colors[name], colors["back"]) >= 4.5, name
    for name in ("hit", "other", "plain"):
        assert contrast(colors[name], colors["back"]) >= 3, name
    assert contrast(colors["hit"], colors["other"]) >= 1.5
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is not dark
    keep_picture(page, f"stats-{'dark' if dark else 'light'}")


@pytest.mark.parametrize("width", [320, 800, 1400])
def test_the_page_itself_never_scrolls_sideways(browser, written, width):
    page = browser.open(written.as_uri(), width=width)
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), width
    keep_picture(page, f"stats-{width}")


def test_the_page_of_nothing(browser, megaql, tmp_path):
    empty, path = tmp_path / "empty.ndjson", tmp_path / "page.html"
    empty.write_text("")
    assert megaql("stats", empty, "--html", path).status == 0
    page = browser.open(path.as_uri())
    assert page.complaints == []
    assert "0 messages" in page.run("document.body.textContent")


def test_it_is_well_formed(written):
    """Every element that is opened is closed, in order; ids are there once and references lead somewhere."""
    reader = Elements()
    text = written.read_text(encoding="utf-8")
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.references) <= set(reader.ids)
    assert not re.search(r"(?:src|href)=\"(?!#|data:,)", text)


def test_only_the_user_may_read_it(written):
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_page_that_cannot_be_written_is_told_before_anything_is_read(megaql, queue_file, tmp_path):
    result = megaql("stats", queue_file, "--html", tmp_path / "nowhere" / "page.html")
    assert result.status == 2
    assert "cannot be written" in result.err
    assert result.out == ""


class Elements(HTMLParser):
    VOID = frozenset({"meta", "link", "rect", "path"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.references = [], [], []

    def handle_starttag(self, tag, attrs):
        self._note(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, _tag, attrs):
        self._note(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def _note(self, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name in {"aria-labelledby", "aria-describedby"}:
                self.references += value.split()
            elif name == "href" and value.startswith("#"):
                self.references.append(value[1:])


def luminance(color):
    """Return the relative luminance of `#rrggbb`, as WCAG defines it."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = max(one, other), min(one, other)
    return (light + 0.05) / (dark + 0.05)


def keep_picture(page, name):
    """Save a screenshot where MEGAQL_SCREENSHOTS says, for somebody to look at."""
    folder = os.environ.get("MEGAQL_SCREENSHOTS")
    if folder:
        page.screenshot(Path(folder) / f"{name}.png")
