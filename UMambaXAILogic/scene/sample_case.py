"""The sample cases that ship with the package: a phantom of each cohort with its vessels, as nodes of a scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import SimpleITK as sitk

from UMambaXAILogic.engine.errors import UMambaXAIError, UsageError
from UMambaXAILogic.engine.resources import resource_path

from .colors import GROUND_TRUTH
from .export_volume import mark_phantom
from .run_nodes import remove_with_display
from .segments import SegmentStyle, add_segmentation
from .volume_node import add_volume, read_image
from .voxel_file import image_grid

#: Attribute of the nodes of a sample case: the cohort.
SAMPLE_ATTRIBUTE = "UMambaXAI.sample"
#: The one segment of a case's ground truth.
VESSELS = SegmentStyle(1, "Vessels", GROUND_TRUTH, "vessel")
_FOLDER = "sample_data"


@dataclass(frozen=True)
class SampleFiles:
    """What is known of a sample case before it is loaded.

    Args:
        cohort: ``source`` or ``target``.
        name: of the volume's node.
        truth_name: of the segmentation's node.
    """

    cohort: str
    name: str
    truth_name: str

    @property
    def volume(self) -> Path:
        """int16 HU, NRRD."""
        return resource_path(f"{_FOLDER}/phantom_{self.cohort}.nrrd")

    @property
    def truth(self) -> Path:
        """The vessels on the volume's grid, a segmentation file as Slicer writes it."""
        return resource_path(f"{_FOLDER}/phantom_{self.cohort}_vessels.seg.nrrd")

    @property
    def thumbnail(self) -> Path:
        """A small picture, PNG."""
        return resource_path(f"{_FOLDER}/phantom_{self.cohort}.png")


SAMPLES: Mapping[str, SampleFiles] = {
    "source": SampleFiles("source", "Source phantom", "Source phantom vessels"),
    "target": SampleFiles("target", "Target phantom", "Target phantom vessels"),
}


class SampleCase(NamedTuple):
    """A sample case in a scene: ``volume, truth = load_sample_case(scene)``.

    Args:
        volume_node: the angiogram.
        truth_node: its vessels, a segmentation.
    """

    volume_node: Any
    truth_node: Any


def sample_files(cohort: str) -> SampleFiles:
    """The files of a sample case.

    Raises:
        UsageError: there is no such cohort.
    """
    if cohort not in SAMPLES:
        raise UsageError(f"There is no sample case {cohort!r}.", f"Choose one of: {', '.join(SAMPLES)}.")
    return SAMPLES[cohort]


def load_sample_case(scene: Any, cohort: str = "source") -> SampleCase:
    """Add a sample case to a scene. What of it is in the scene already is returned instead of loaded twice.

    The nodes keep no tie to the shipped files, so that saving a scene never writes to the extension's folder.

    Args:
        scene: the ``vtkMRMLScene``.
        cohort: ``source`` (what the demo model was trained on) or ``target`` (another hospital's scanner).

    Raises:
        UsageError: there is no such cohort.
        NotInstalledError: the installation lacks the files.
        InputError: a file cannot be read.
    """
    files = sample_files(cohort)
    volume = _present(scene, "vtkMRMLScalarVolumeNode", cohort)
    added = None
    if volume is None:
        volume = added = _add_phantom(scene, files)
    truth = _present(scene, "vtkMRMLSegmentationNode", cohort)
    if truth is None:
        try:
            truth = _add_truth(scene, files, volume)
        except UMambaXAIError:
            if added is not None:
                remove_with_display(scene, added)
            raise
    return SampleCase(volume, truth)


def _present(scene: Any, kind: str, cohort: str) -> Any:
    """The node of that sample case; None where the scene has none."""
    nodes = scene.GetNodesByClass(kind)
    nodes.UnRegister(None)
    found = (nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems()))
    return next((node for node in found if node.GetAttribute(SAMPLE_ATTRIBUTE) == cohort), None)


def _add_phantom(scene: Any, files: SampleFiles) -> Any:
    node = add_volume(scene, files.name, files.volume, is_hounsfield=True)
    node.SetAttribute(SAMPLE_ATTRIBUTE, files.cohort)
    mark_phantom(node)
    return node


def _add_truth(scene: Any, files: SampleFiles, volume_node: Any) -> Any:
    # Not through Slicer's own reader: a damaged file ends the whole application there.
    image = read_image(files.truth)
    labels = sitk.GetArrayFromImage(image)
    node = add_segmentation(scene, files.truth_name, labels, image_grid(image), volume_node, [VESSELS])
    display = node.GetDisplayNode()
    display.SetVisibility2DFill(False)  # the outline alone leaves the vessels below, and later the attention, in sight
    display.SetSliceIntersectionThickness(2)
    node.SetAttribute(SAMPLE_ATTRIBUTE, files.cohort)
    mark_phantom(node)
    return node
