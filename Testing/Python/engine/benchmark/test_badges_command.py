"""``umamba-xai badges`` and ``explain --badges``, from the command line to the lines that are read."""

from __future__ import annotations

import json
import shlex

import pytest

from UMambaXAILogic.cli.main import main


@pytest.fixture(scope="module")
def model(make_trained_folder):
    return make_trained_folder()


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.badges.cache.user_cache", lambda: tmp_path / "cache")


def test_a_result_is_judged_on_demand_and_refuses_another_model(
    model, make_trained_folder, write_test_volume, tmp_path, capsys
):
    volume, result = write_test_volume((20, 18, 16)), tmp_path / "result"
    words = shlex.join([str(volume), "--model", str(model), "--step", "1", "--out", str(result)])
    assert main(["explain", *shlex.split(words)]) == 0
    assert "the map was not judged (--badges)" in capsys.readouterr().out
    asked = ["badges", str(result), "--volume", str(volume), "--model"]
    assert main([*asked, str(make_trained_folder(seed=9))]) == 3
    assert "not the one that the result was made by" in capsys.readouterr().err
    assert main([*asked, str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Depends on what the network learned",
        "More faithful than vesselness",
        "More than the last decoder layer",
    ]
    assert all("earned" in line and "(" in line for line in lines)
    assert len(json.loads((result / "metrics.json").read_text())["badges"]) == 3
    other = tmp_path / "other"
    words = words.replace(str(result), str(other))
    assert main(["explain", *shlex.split(words), "--badges"]) == 0
    assert "Depends on what the network learned" in capsys.readouterr().out


def test_a_folder_without_results_is_refused_before_anything_is_loaded(tmp_path, capsys):
    assert main(["badges", str(tmp_path), "--volume", "a.nii", "--model", "nowhere"]) == 3
    assert "cannot be read" in capsys.readouterr().err
