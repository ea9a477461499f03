"""What is written of a failure names no patient."""

from __future__ import annotations

from pathlib import Path

from UMambaXAILogic.engine.privacy import files_of_request, without_identifiers
from UMambaXAILogic.engine.request import Region, Request


def test_messages_name_neither_files_nor_identifiers():
    request = Request(
        "/data/Doe_John/ct.nii.gz",
        "m",
        "o",
        ground_truth="/data/Doe_John/gt.nii.gz",
        region=Region(mask=Path("/data/Doe_John/roi.nii.gz")),
    )
    text = without_identifiers(
        "/data/Doe_John/gt.nii.gz lies elsewhere than ct.nii.gz; series 1.3.6.1.4.1.14519.5, 0.5 0.5 1.25, roi.nii.gz",
        files_of_request(request),
    )
    assert "Doe" not in text and ".nii.gz" not in text and "1.3.6" not in text
    assert text.startswith("The ground truth lies elsewhere than the volume; series uid-") and "0.5 0.5 1.25" in text
