from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.embedding.box import PromptBox
from UMambaXAILogic.engine.sam.placement import Placement, place


@pytest.mark.parametrize(
    ("shape", "spacing", "resized"),
    [
        ((40, 40), (1.0, 1.0), (64, 64)),
        ((20, 40), (0.5, 0.5), (32, 64)),
        ((20, 40), (2.0, 0.5), (64, 32)),  # 40 mm high, 20 mm wide
        ((512, 512), (0.4, 0.4), (64, 64)),
    ],
)
def test_a_slice_keeps_its_proportions_in_mm(shape, spacing, resized):
    assert place(shape, spacing, 64) == Placement(shape, resized, 64)


def test_the_rest_of_the_frame_is_zero_and_the_way_back_leaves_it_out():
    placement = Placement((16, 32), (32, 64), 64)
    image = torch.rand(2, 16, 32) + 1
    frame = placement.to_frame(image)
    assert frame.shape == (2, 64, 64) and not frame[:, 32:].any() and (frame[:, :32] >= 1).all()
    ramp = torch.arange(64.0)[:, None].expand(64, 64)
    back = placement.from_frame(ramp)
    assert torch.allclose(back, (torch.arange(16.0) * 2 + 0.5)[:, None].expand(16, 32))


def test_a_box_is_given_by_its_first_and_last_pixel_in_the_frame():
    placement = Placement((20, 40), (32, 64), 64)
    box = PromptBox((5, 10), (15, 30))
    assert placement.box_in_frame(box) == pytest.approx((16, 8, 47, 23))


def test_cells_count_by_the_part_that_a_box_covers():
    placement = Placement((20, 40), (32, 64), 64)
    box = PromptBox((3, 11), (14, 29))  # rows 4.8 to 22.4, columns 17.6 to 46.4 of the frame
    fine = torch.zeros(640, 640)
    fine[48:224, 176:464] = 1
    expected = fine.reshape(8, 80, 8, 80).mean(dim=(1, 3))
    assert torch.allclose(placement.coverage(box, 8).float(), expected, atol=1e-6)
    whole = placement.coverage(None, 8)
    assert whole[:4].min() == 1 and whole[4:].max() == 0
