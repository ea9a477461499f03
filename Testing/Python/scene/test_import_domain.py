"""The worker's statistics come into the scene below their volume."""

from __future__ import annotations

import json

import numpy as np
import pytest

from UMambaXAILogic.engine.domain import HOUNSFIELD, Histogram
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.import_domain import DomainImport
from UMambaXAILogic.scene.subject_hierarchy import folder_of, item_of, subject_hierarchy


@pytest.fixture
def volume(add_volume, numbered):
    return add_volume(numbered, np.eye(4), "CTA")


@pytest.fixture
def files(tmp_path, domain_row):
    """Writes what the worker writes: files(vessels, compared)."""

    def write(vessels: bool = False, compared: bool = False):
        domain, beside = tmp_path / "domain.json", tmp_path / "comparison.json"
        domain.write_text(json.dumps(domain_row("CTA", vessels=vessels)))
        body = {
            "profile": "source",
            "profile_cases": 5,
            "positions": [{"key": "intensity.mean", "minimum": 1.0, "maximum": 2.0, "is_outside": True}],
            "warnings": [{"code": "intensity_outside_profile", "message": "Its intensities are outside."}],
            "profile_histograms": {"intensity": Histogram.of([40.0], HOUNSFIELD).to_json(), "diameter": None},
        }
        beside.write_text(json.dumps(body))
        return {"domain": domain, "comparison": beside if compared else None}

    return write


def run(scene, volume, files, replace=True):
    done = DomainImport(scene, volume.GetID(), files, replace)
    for step in done.steps():
        step()
    return done


def test_table_and_charts_lie_in_a_folder_below_the_volume(scene, volume, files):
    result = run(scene, volume, files(vessels=True, compared=True)).result
    hierarchy = subject_hierarchy(scene)
    assert hierarchy.GetItemParent(result.folder_item) == item_of(hierarchy, volume)
    nodes = [result.table_node, *result.intensity.all, *result.diameters.all]
    assert {folder_of(scene, node) for node in nodes} == {result.folder_item}
    assert result.row["case"] == "CTA"
    assert len(result.intensity.series) == 2
    assert len(result.diameters.series) == 1
    assert "CTA" in result.table_node.GetName()


def test_a_second_measurement_replaces_the_first(scene, volume, files):
    run(scene, volume, files(vessels=True))
    count = scene.GetNumberOfNodes()
    run(scene, volume, files(vessels=True))
    assert scene.GetNumberOfNodes() == count
    run(scene, volume, files(vessels=True), replace=False)
    assert scene.GetNumberOfNodes() > count


def test_statistics_and_explanations_do_not_replace_each_other(scene, volume, files):
    first = run(scene, volume, files()).result
    other = scene.AddNewNodeByClass("vtkMRMLTableNode", "metrics")
    other.SetAttribute("UMambaXAI.run", "demo, seg-xres-cam")
    other.SetNodeReferenceID("UMambaXAI.input", volume.GetID())
    run(scene, volume, files())
    assert scene.IsNodePresent(other)
    assert not scene.IsNodePresent(first.table_node)


def test_what_fails_leaves_nothing(scene, volume, files):
    before = scene.GetNumberOfNodes()
    broken = files()
    done = DomainImport(scene, volume.GetID(), broken, True)
    steps = done.steps()
    for step in steps[:3]:
        step()
    scene.RemoveNode(volume)
    with pytest.raises(InputError, match="removed from the scene"):
        for step in steps[3:]:
            step()
    assert scene.GetNumberOfNodes() == before - 1
    assert done.result.table_node is None


def test_a_missing_or_foreign_file_is_an_input_error(scene, volume, tmp_path, files):
    with pytest.raises(InputError, match="no file"):
        run(scene, volume, {"domain": tmp_path / "gone.json", "comparison": None})
    with pytest.raises(InputError):
        run(scene, volume, {"domain": files()["comparison"] or tmp_path / "comparison.json", "comparison": None})
