"""What a part at a point is called; where the point goes is tested with the transform in test_logic.py."""

from __future__ import annotations

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

from UMambaXAILogic.engine.request import Target, TargetPart
from UMambaXAILogic.scene.part_at_point import part_name


def test_a_part_is_named_by_kind_unit_and_place():
    assert part_name(Target()) == ""
    assert part_name(Target(part=TargetPart((1.26, -30, -0.01)))) == "component at R1.3 A-30.0 S0.0"
    assert part_name(Target(kind="fp", part=TargetPart((0, 0, 8.5), "segment"))) == "FP segment at R0.0 A0.0 S8.5"
