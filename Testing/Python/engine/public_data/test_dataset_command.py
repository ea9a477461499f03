"""`umamba-xai dataset` in a terminal: what it prints, and how it ends."""

from __future__ import annotations

from UMambaXAILogic.cli import main


def test_rsna_from_the_command_line(rsna, tmp_path, capsys):
    uid = rsna.add(1)
    rsna.add(2, modality="MRA")
    for number in range(3, 30):
        rsna.add(number, mask=None, series=False)
    words = ["dataset", "rsna", str(rsna.root / "series"), "--out", str(tmp_path / "out"), "--hold-out", "0"]
    assert main([*words, "--labels", "multiclass", "--dataset-id", "77", "--id-map", str(tmp_path / "ids.csv")]) == 0
    said = capsys.readouterr()
    assert f"Found the release in {rsna.root}" in said.err
    lines = said.out.splitlines()
    assert lines[0].endswith("1 of 29 cases taken") and lines[1].startswith("  In training (1): rsna_")
    assert "  Left out, no_mask: 27" in lines and "    such as rsna_" in said.out
    assert "  Left out, other_modality: 1" in lines and ": its modality is MRA, not CTA." in said.out
    assert f"export nnUNet_raw={tmp_path / 'out' / 'nnUNet_raw'}   (data set Dataset077_RSNA_CTA)" in said.out
    assert uid not in said.out and uid in (tmp_path / "ids.csv").read_text()


def test_that_no_case_fell_among_the_held_out_is_said(rsna, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.public_data.ImportSettings.is_held_out", lambda self, case: False)
    rsna.add(1)
    assert main(["dataset", "rsna", str(rsna.root), "--out", str(tmp_path / "out")]) == 0
    assert "  Held out (0): none" in capsys.readouterr().out


def test_topcow_quietly(topcow, tmp_path, capsys):
    topcow.add(1)
    assert main(["dataset", "topcow", str(topcow.root), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out" / "nnUNet_raw" / "Dataset502_TopCoW_CT" / "dataset.json").is_file()


def test_errors_are_one_paragraph_and_a_status(rsna, topcow, tmp_path, capsys):
    rsna.add(1)
    topcow.add(1, box="")
    out = str(tmp_path / "out")
    for words, status, complaint in (
        (["rsna", str(tmp_path / "no"), "--out", out], 3, "does not exist"),
        (["topcow", str(rsna.root), "--out", out], 3, "expected are the folders imagesTr/"),
        (["topcow", str(topcow.root), "--out", out], 3, "None of the 1 cases"),
        (["rsna", str(rsna.root), "--out", out, "--id-map", f"{out}/ids.csv"], 2, "Name a private file"),
        (["rsna", str(rsna.root), "--out", out, "--hold-out", "2"], 2, "Give 0.2"),
        (["rsna", str(rsna.root)], 2, "--out"),
        (["nothing"], 2, "rsna"),
    ):
        assert main(["dataset", *words]) == status
        error = capsys.readouterr().err
        assert complaint in error and "Traceback" not in error
