"""A cohort's table, and one of its cases as if it had just been explained."""

from __future__ import annotations

import json

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.cohort_results import CaseImport, CaseToLoad, CohortImport
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid, image_array, local_grid
from UMambaXAILogic.scene.subject_hierarchy import subject_hierarchy

CASES = """number,case,domain,status,attempts,code,reason,dice,xai_gt_iou,xai_pm_iou,gap,in_pm_excess,verdict,paper_rule
1,a,source,done,1,,,0.8125,0.31234,0.6,0.2877,,inconclusive,low_xai_gt
2,b,,failed,2,input,"b.nii.gz cannot be read: gone, it seems.",,,,,,,
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"name": "source", "done": 1, "failed": 1, "settings": {}}))
    (tmp_path / "cases.csv").write_text(CASES)
    return folder


def run(done):
    for step in done.steps():
        step()
    return done.result


def cells(node) -> list[list[str]]:
    columns = range(node.GetNumberOfColumns())
    return [[node.GetCellText(row, column) for column in columns] for row in range(node.GetNumberOfRows())]


def test_the_table_shows_scores_verdicts_and_why_a_case_failed(scene, folder, tmp_path):
    result = run(CohortImport(scene, folder, tmp_path / "cases.csv"))
    first, second = cells(result.table_node)
    assert first[:7] == ["a", "source", "done", "0.812", "0.312", "0.600", "0.288"]
    assert first[7:10] == ["n/a", "inconclusive", "low xai gt"]
    assert second[:4] == ["b", "", "failed", "n/a"]
    assert second[-1] == "b.nii.gz cannot be read: gone, it seems."
    assert result.summary["done"] == 1
    assert [row["case"] for row in result.cases] == ["a", "b"]
    assert result.cases[0]["dice"] == "0.8125"


def test_a_later_table_of_the_same_folder_replaces_the_earlier_one(scene, folder, tmp_path):
    first = run(CohortImport(scene, folder, tmp_path / "cases.csv")).table_node
    count = scene.GetNumberOfNodes()
    second = run(CohortImport(scene, folder, tmp_path / "cases.csv")).table_node
    assert not scene.IsNodePresent(first)
    assert scene.IsNodePresent(second)
    assert scene.GetNumberOfNodes() == count


def test_what_is_no_cohort_is_refused_and_leaves_the_scene(scene, folder, tmp_path):
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match="no table"):
        run(CohortImport(scene, folder, tmp_path / "gone.csv"))
    (folder / "summary.json").write_text("[1")
    with pytest.raises(InputError, match="summary.json"):
        run(CohortImport(scene, folder, tmp_path / "cases.csv"))
    assert scene.GetNumberOfNodes() == before


@pytest.fixture
def wanted(tmp_path, write_result, vessel, oblique_affine, domain_row):
    """Makes a case of a cohort whose files lie on an oblique, left-handed grid."""
    prediction, truth, attention = vessel
    metrics = {
        "domain": domain_row("a"),
        "verdict": {"name": "inconclusive", "reasons": [], "cutoffs": {"threshold": 0.25}},
        "attribution": {"method": "seg-grad-cam", "layers": []},
    }
    files = write_result(prediction, attention, oblique_affine, truth, metrics=metrics)
    grid = Grid(prediction.shape[::-1], oblique_affine)
    for name, array in (("volume", 300 * prediction.astype(np.int16)), ("ground_truth", 2 * truth)):
        files[name] = tmp_path / f"{name}.nrrd"
        write_array(array, grid, files[name])
    return lambda labels=None: CaseToLoad("a", tmp_path / "source", files, labels)


def test_a_case_is_shown_as_if_it_had_just_been_explained(scene, wanted, vessel, oblique_affine):
    prediction, truth, _ = vessel
    done = CaseImport(scene, wanted())
    result = run(done)
    assert result.volume_node is done.volume_node
    assert result.volume_node.GetName() == "a"
    np.testing.assert_allclose(local_grid(result.volume_node).ijk_to_ras, oblique_affine, atol=1e-9)
    np.testing.assert_array_equal(image_array(result.volume_node.GetImageData()), 300 * prediction.astype(np.int16))
    display = result.volume_node.GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-100.0, 500.0)
    assert result.attention_node.GetName() == "a attention (source, seg-grad-cam)"
    assert result.attention_node.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.25)
    segment = result.view.errors_node.GetSegmentation().GetNthSegment(0)
    errors = image_array(segment.GetRepresentation("Binary labelmap"))
    assert (errors == 1).sum() == (prediction.astype(bool) & truth.astype(bool)).sum()
    assert scene.IsNodePresent(result.metrics_table_node)
    assert result.domain_table_node.GetCellText(0, 0) == "Mean from 0 to 80 HU"


def test_the_labels_that_counted_are_the_truth(scene, wanted, vessel):
    prediction, truth, _ = vessel
    errors = run(CaseImport(scene, wanted([7]))).view.errors_node
    image = image_array(errors.GetSegmentation().GetNthSegment(0).GetRepresentation("Binary labelmap"))
    assert (image == 1).sum() == 0
    assert (image == 2).sum() == prediction.sum()  # nothing of it is true


def test_loading_it_again_takes_the_volume_that_is_there(scene, wanted):
    first = run(CaseImport(scene, wanted()))
    count = scene.GetNumberOfNodes()
    second = run(CaseImport(scene, wanted()))
    assert second.volume_node is first.volume_node
    assert scene.GetNumberOfNodes() == count


def node_ids(scene) -> list[str]:
    return sorted(scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes()))


@pytest.mark.parametrize("number", range(13))
def test_what_is_cancelled_at_any_step_takes_its_new_volume_with_it(scene, wanted, number):
    subject_hierarchy(scene)  # which the application always has
    before = node_ids(scene)
    done = CaseImport(scene, wanted())
    steps = done.steps()
    assert len(steps) == 12
    for step in steps[:number]:
        step()
    assert node_ids(scene) != before
    done.undo()
    assert node_ids(scene) == before


def test_the_volume_is_read_in_a_step_of_its_own(scene, wanted, vessel):
    done = CaseImport(scene, wanted())
    assert done.volume_node.GetImageData() is None
    done.steps()[0]()
    assert image_array(done.volume_node.GetImageData()).shape == vessel[0].shape


def test_a_cancel_spares_a_volume_that_was_there(scene, wanted):
    volume = run(CaseImport(scene, wanted())).volume_node
    done = CaseImport(scene, wanted())
    done.steps()[0]()
    done.undo()
    assert scene.IsNodePresent(volume)


def test_a_failing_step_takes_the_new_volume_too(scene, wanted, tmp_path):
    run(CaseImport(scene, CaseToLoad("other", wanted().cohort, wanted().files)))
    before = scene.GetNumberOfNodes()
    (tmp_path / "result" / "slices.csv").unlink()
    with pytest.raises(InputError, match="slices"):
        run(CaseImport(scene, wanted()))
    assert scene.GetNumberOfNodes() == before
