"""A configuration of nnU-Net's plans by which its preprocessor needs less time and memory, to the same result."""

from __future__ import annotations

from typing import Any

from nnunetv2.preprocessing.resampling.no_resampling import no_resampling_hack
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager

from .image_resampling import lean_resampling


class LeanConfiguration(ConfigurationManager):
    """For preprocessing an image without a segmentation."""

    @property
    def resampling_fn_data(self) -> Any:
        """As the plans say, with fewer copies."""
        return lean_resampling(super().resampling_fn_data)

    @property
    def resampling_fn_seg(self) -> Any:
        """None: what stands in for a segmentation is the mask of what is not zero, and nobody reads it."""
        return no_resampling_hack
