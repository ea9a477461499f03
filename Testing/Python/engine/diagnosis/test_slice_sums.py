"""Joint categories of any slices, against the case-level implementation that knows nothing of tables on disk."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.alignment.categories import joint_categories
from UMambaXAILogic.engine.alignment.overlap import Overlap
from UMambaXAILogic.engine.cohort.columns import SLICES
from UMambaXAILogic.engine.diagnosis.slice_sums import read_slices

#: (both, only predicted, only true, attended and true, attended and not true) voxels.
COUNTS = st.tuples(*[st.integers(0, 4)] * 5)


def slice_row(case: str, counts: tuple[int, ...]) -> dict:
    both, only_pm, only_gt, attended, beside = counts
    gt = both + only_gt
    attended = min(attended, gt)
    found, xai = Overlap(both + only_pm, gt, both), Overlap(attended + beside, gt, attended)
    return {
        "case": case,
        "pm_voxels": found.measured,
        "gt_voxels": gt,
        "dice": found.dice,
        "iou": found.iou,
        "attention_voxels": xai.measured,
        "xai_gt_f1": xai.f1,
        "xai_gt_iou": xai.iou,
        "xai_gt_precision": xai.precision,
        "xai_gt_recall": xai.recall,
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("slices") / "slices.parquet"


@settings(max_examples=60)
@given(
    st.lists(COUNTS, max_size=12),
    st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.booleans(),
)
def test_every_slice_is_in_one_group_and_all_groups_are_as_for_one_case(path, counts, dice_cutoff, f1_cutoff, exclude):
    rows = [slice_row("a", some) for some in counts]
    other = [slice_row("not done", (1, 1, 1, 1, 1)), {**slice_row("a", (1, 1, 1, 1, 1)), "gt_voxels": None}]
    pq.write_table(pa.Table.from_pylist(rows + other, schema=SLICES), path)
    sums = read_slices(path, ["a"], dice_cutoff, f1_cutoff, exclude)
    one_case = joint_categories(
        [(row["pm_voxels"], row["gt_voxels"], row["dice"], row["xai_gt_f1"]) for row in rows],
        dice_cutoff,
        f1_cutoff,
        exclude,
    )
    assert sums.slices == len(rows) and sums.joint_total == one_case["total"]
    for expected in one_case["groups"]:
        group = sums.joint[expected["dice"], expected["xai_gt"]]
        assert group.count == expected["count"]
        for found, name in ((group.dice.mean, "mean_dice"), (group.f1.mean, "mean_f1")):
            assert found == (None if expected[name] is None else pytest.approx(expected[name]))
    known = [row["dice"] for row in rows if row["dice"] is not None]
    assert sums.means["dice"].mean == (pytest.approx(sum(known) / len(known)) if known else None)


def test_slices_of_a_case_without_an_attention_map_have_dice_and_no_group(path):
    blind = {**slice_row("a", (2, 1, 0, 0, 0)), "attention_voxels": None, "xai_gt_f1": None}
    pq.write_table(pa.Table.from_pylist([blind], schema=SLICES), path)
    sums = read_slices(path, ["a"], 0.6, 0.3, False)
    assert (sums.slices, sums.joint_total, sums.means["dice"].mean) == (1, 0, pytest.approx(0.8))
    assert sums.to_json()["joint"][0]["percent"] is None
