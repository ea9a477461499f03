from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from UMambaXAILogic.engine.page import slice_stack as module
from UMambaXAILogic.engine.page.case_files import read_case_files
from UMambaXAILogic.engine.page.slice_stack import GT_BIT, PM_BIT, montage_data, slice_stack


def test_small_volumes_are_shown_voxel_for_voxel(make_case):
    case = make_case()
    files = read_case_files(case.folder, case.volume, case.ground_truth)
    stack = slice_stack(files)
    assert stack.reduction == 1 and stack.shown == tuple(range(9))
    assert stack.pixel_mm == (0.5, 0.5)
    np.testing.assert_array_equal((stack.labels & PM_BIT) > 0, files.pm)
    np.testing.assert_array_equal((stack.labels & GT_BIT) > 0, files.gt)
    np.testing.assert_array_equal(stack.attention, np.rint(files.attention * 255))


def test_montages_hold_the_slices_where_the_page_looks_for_them(make_case):
    case = make_case()
    stack = slice_stack(read_case_files(case.folder, case.volume, case.ground_truth))
    data = montage_data(stack)
    picture = Image.open(io.BytesIO(base64.b64decode(data["attention"].split(",")[1])))
    sheet = np.asarray(picture)
    for index in range(data["count"]):
        row, column = divmod(index, data["across"])
        part = sheet[row * data["rows"] :, column * data["columns"] :][: data["rows"], : data["columns"]]
        np.testing.assert_array_equal(part, stack.attention[index])


def test_large_volumes_are_reduced_and_keep_every_vessel(make_case, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_SIDE", 10)
    monkeypatch.setattr(module, "MOST_PIXELS", 240)
    case = make_case()
    files = read_case_files(case.folder, case.volume, case.ground_truth)
    stack = slice_stack(files)
    assert stack.reduction == 3 and stack.labels.shape[1:] == (8, 10)
    assert stack.labels.size <= 240 and len(set(np.diff(stack.shown))) == 1
    for shown, position in zip(stack.labels, stack.shown, strict=True):
        assert (shown & PM_BIT).any() == files.pm[position].any()
    assert stack.pixel_mm == (1.5, 1.5)
