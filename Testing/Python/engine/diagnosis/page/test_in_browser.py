"""The report in a real browser: what a person would see, and what the browser would complain about."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

#: Of every visible text: the contrast with what is behind it (WCAG 2.1, success criterion 1.4.3), lowest first.
CONTRASTS = """() => {
  const parse = (text) => { const v = text.match(/[\\d.]+/g).map(Number); return v.length === 3 ? [...v, 1] : v; };
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  };
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = (c) => c.slice(0, 3).map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const box = element.getBoundingClientRect();
    if (!node.data.trim() || !box.width || ["TITLE", "DESC"].includes(element.tagName.toUpperCase())) continue;
    const style = getComputedStyle(element);
    const back = behind(element.closest("svg") ? element.closest("svg").parentElement : element);
    const ink = over(parse(element.namespaceURI.endsWith("svg") ? style.fill : style.color), back);
    const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), node.data.trim(), element.className.baseVal ?? element.className]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.fixture
def opened(browser) -> Callable[..., Any]:
    """``with opened(path, width=375, dark=True) as page``; the page must stay silent and ask for nothing else."""

    @contextmanager
    def open_page(path: Path, width: int = 1280, dark: bool = False) -> Iterator[Any]:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        yield page
        context.close()
        assert said == []
        assert [url for url in asked if not url.startswith("data:image/")] == [path.as_uri()]

    return open_page


@pytest.fixture
def path(example, write_page) -> Path:
    return write_page(example)


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1900])
def test_nothing_is_wider_than_the_screen(opened, path, width):
    with opened(path, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = page.evaluate("[...document.querySelectorAll('.scroll, .plots, section')]"
                              ".map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])")  # fmt: skip
        assert boxes and all(left >= 0 and right <= width for left, right in boxes)


def test_wide_tables_scroll_inside_their_box_and_by_keyboard(opened, path):
    with opened(path, 375) as page:
        widths = page.evaluate("[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth, e.clientWidth])")
        assert any(inside > box for inside, box in widths)
        wide = page.locator(".scroll", has=page.locator("table")).filter(has_text="Precision").first
        wide.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")


def test_every_part_is_there_and_reached_from_the_contents(opened, path, example):
    with opened(path) as page:
        links = page.evaluate(
            "[...document.querySelectorAll('nav a')].map(a => [a.textContent, a.getAttribute('href')])"
        )
        assert [words for words, _ in links] == [
            "Verdict",
            "Please note",
            "What was compared",
            "Phase 1: the images",
            "Phase 2: segmentation",
            "Phase 2: attention",
            "Cases worth looking at",
            "Failed cases",
            "Audit of the numbers",
            "Limits",
            "Settings and versions",
        ]
        for words, anchor in links:
            assert page.locator(f"section{anchor} h2").inner_text() == words
        text = page.locator("main").inner_text()
        for number in ("1", "2", "3", "4", "5", "7", "8", "9", "10", "11"):
            assert f"Table {number}: " in text
        assert example["verdict"]["headline"] in page.locator("section#verdict").inner_text()
        assert text.index(example["verdict"]["headline"]) < text.index("What was compared", text.index("Verdict\n\n"))
        assert "PHANTOM" in page.locator("header").inner_text()


def test_who_cannot_see_the_page_is_told_the_same(opened, path):
    with opened(path) as page:
        assert page.locator("h1").count() == 1 and page.get_attribute("html", "lang") == "en"
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
        names = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert len(names) == len(set(names))
        asked = page.evaluate("[...document.querySelectorAll('[aria-labelledby]')]"
                              ".flatMap(e => e.getAttribute('aria-labelledby').split(' '))")  # fmt: skip
        assert set(asked) <= set(names)
        assert page.locator("th:not([scope])").count() == 0
        assert page.locator("img:not([alt]), img[alt='']").count() == 0
        assert page.locator("svg:not([aria-hidden]):not([role='img'])").count() == 0
        assert page.locator("svg.plot").count() >= 8
        assert page.get_by_role("img", name="Dice of every case").count() == 1


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_what_is_behind_it(opened, path, dark):
    with opened(path, dark=dark) as page:
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 300
        assert [entry for entry in contrasts if entry[0] < 4.5] == []
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, re.findall(r"\d+", back)[:3])) / 3
        assert light < 60 if dark else light > 200


def test_marks_and_lines_of_a_cohort_share_a_color_that_changes_in_the_dark(opened, path):
    colors = {}
    for dark in (False, True):
        with opened(path, dark=dark) as page:
            for side in ("source", "target"):
                colors[dark, side] = {
                    page.evaluate(f"getComputedStyle(document.querySelector('.{mark}.{side}')).{kind}")
                    for mark, kind in (("mark", "fill"), ("cell", "fill"), ("curve", "stroke"), ("whisker", "stroke"))
                }
    assert all(len(found) == 1 for found in colors.values())
    assert len(set.union(*colors.values())) == 4


def test_it_prints_on_pages_without_cutting_a_table(opened, path, tmp_path):
    with opened(path, 703) as page:  # A4 less the margins, in CSS pixels
        page.emulate_media(media="print")
        widths = page.evaluate("[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth, e.clientWidth])")
        assert widths and all(inside <= box + 1 for inside, box in widths)
        assert page.evaluate("document.documentElement.scrollWidth") <= 703
        pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3


def test_print_is_dark_on_light_whatever_the_screen_is(opened, path):
    with opened(path, dark=True) as page:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate(CONTRASTS)[0][0] >= 4.5


HOSTILE = "</title></script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&amp;"


def hostile(value: Any) -> Any:
    """Every text of a document made hostile, except names that the page looks up."""
    if isinstance(value, dict):
        kept = {"key", "kind", "name", "paper_rule", "cohort", "averaging", "method", "created", "folder", "category"}
        return {
            key: entry if key in kept and isinstance(entry, str) else hostile(entry) for key, entry in value.items()
        }
    if isinstance(value, list):
        return [hostile(entry) for entry in value]
    return f"{value} {HOSTILE}" if isinstance(value, str) else value


def test_no_text_can_become_part_of_the_page(opened, example, write_page, make_details):
    report = hostile(copy.deepcopy(example))
    for row in report["tables"]["differences"]["rows"] + report["tables"]["excess"]["rows"]:
        row["measure"] = row["measure"].removesuffix(f" {HOSTILE}")
    for side in ("source", "target"):
        report["compared"][side]["name"] += HOSTILE
    with opened(write_page(report, name=HOSTILE)) as page:
        assert page.locator("script").count() == 0 and page.locator("img").count() == 0
        assert page.title().startswith("Diagnosis: ") and HOSTILE in page.title()
        assert HOSTILE in page.locator("h1").inner_text()
        assert HOSTILE in page.locator("#failed").inner_text()


def test_scripts_could_not_run_even_if_they_got_in(browser, path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</main>", "<script>document.title='owned'</script></main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() != "owned"
    page.close()
