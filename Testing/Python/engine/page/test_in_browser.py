"""A case's page in a real browser: its script runs, and it asks for nothing."""

from __future__ import annotations

from UMambaXAILogic.engine.page import build_case_page


def test_slices_are_drawn_and_scrolled_without_a_word_or_a_request(make_case, browser):
    case = make_case()
    path = build_case_page(case.folder, case.volume, case.ground_truth)
    page = browser.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("document.getElementById('here-slice').textContent.trim() !== ''")
    before = page.locator("#here-slice").inner_text()
    picture = "document.getElementById('slice').toDataURL()"
    drawn = page.evaluate(picture)
    page.locator("#forward").click()
    assert page.locator("#here-slice").inner_text() != before
    assert page.evaluate(picture) != drawn
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]


def test_no_other_script_may_run(make_case, browser):
    case = make_case()
    path = build_case_page(case.folder)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</main>", "<script>document.title='owned'</script></main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() != "owned"
    page.close()
