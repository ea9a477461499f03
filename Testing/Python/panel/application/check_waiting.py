"""While one part of the panel is at work, every other part says in its own place what it waits for."""

from __future__ import annotations

import pytest

#: Buttons that begin something -> the label of their part that says why they are off; none: a tooltip alone.
STARTS = {
    "runButton": "",
    "clickButton": "clickHintLabel",
    "deletionButton": "deletionHintLabel",
    "judgeButton": "judgeHintLabel",
    "benchmarkButton": "benchmarkHintLabel",
    "samButton": "samHintLabel",
    "measureButton": "measureHintLabel",
    "dicomButton": "",
    "installButton": "",
    "verifyButton": "",
    "repairButton": "",
    "updateButton": "",
    "deleteButton": "",
    "tryItButton": "",
}
#: What is at work -> what it is called, and whose labels are silent: its progress is shown there.
AT_WORK = {
    "runButton": ("Segment & Explain", ()),
    "judgeButton": ("map is judged", ("judgeHintLabel", "benchmarkHintLabel")),
    "benchmarkButton": ("benchmark", ("judgeHintLabel", "benchmarkHintLabel")),
    "deletionButton": ("deletion curve", ("deletionHintLabel",)),
    "samButton": ("SAM", ("samHintLabel",)),
    "measureButton": ("volume is measured", ("measureHintLabel",)),
}


@pytest.mark.parametrize("started", AT_WORK)
def test_every_other_part_says_what_it_waits_for(panel, shown, worker, spin, started):
    ui, (what, own) = panel.ui, AT_WORK[started]
    panel.parameters.samCheckpoint = "/data/medsam_vit_b.pth"
    for name in ("click", "deletion", "judge", "sam", "domain"):
        getattr(ui, f"{name}CollapsibleButton").collapsed = False
    (worker.folder / "go").unlink()
    getattr(ui, started).click()
    spin(lambda: panel.controller.state(panel.inputs()).job_state == "running")
    for button, label in STARTS.items():
        tooltip = getattr(ui, button).toolTip
        assert not getattr(ui, button).enabled, button
        if button != "clickButton":  # says what a click does; the line below it says why not now
            assert tooltip.startswith("Wait until") and what in tooltip, button
        if label and label not in own:
            assert what in getattr(ui, label).text and not getattr(ui, label).isHidden(), label
        if label in own:
            assert getattr(ui, label).isHidden(), label
    ui.cancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert not [button for button in STARTS if "Wait" in getattr(ui, button).toolTip]
    assert ui.runButton.enabled and ui.judgeButton.enabled and "Wait" not in ui.clickHintLabel.text


def test_the_words_can_be_read_where_the_buttons_are(panel, shown, worker, spin, picture):
    ui = panel.ui
    (worker.folder / "go").unlink()
    ui.benchmarkButton.click()
    spin(lambda: "Filling what the maps put first" in ui.judgeProgressLabel.text)
    ui.inputsCollapsibleButton.collapsed = ui.resultCollapsibleButton.collapsed = True
    for name in ("deletion", "sam", "domain"):
        getattr(ui, f"{name}CollapsibleButton").collapsed = False
    picture("waiting", 900, 400)
    ui.cancelButton.click()
    spin(lambda: not panel.controller.is_busy)
