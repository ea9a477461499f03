"""Make the sample cases that ship with the extension: a phantom of each cohort, its vessels, and a thumbnail.

    python Utilities/SampleData/make_sample_data.py [--out Resources/sample_data]

They are phantoms that the demo model never saw and is measured on (Resources/demo_model/measured.json): of either
cohort the lower median by Dice, so that what people see first is neither the best nor the worst. The same files come
out every time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.phantom import case_seed, make_phantom
from UMambaXAILogic.engine.volume import PHANTOM_DESCRIPTION, Volume
from UMambaXAILogic.scene.headless import HeadlessSlicer, start_headless_slicer
from UMambaXAILogic.scene.pictures import write_png
from UMambaXAILogic.scene.sample_case import VESSELS
from UMambaXAILogic.scene.segments import add_segmentation
from UMambaXAILogic.scene.surface import segment_surface
from UMambaXAILogic.scene.views import ThreeDView
from UMambaXAILogic.scene.volume_node import add_volume
from UMambaXAILogic.scene.voxel_file import image_grid

OUT = Path(__file__).resolve().parents[2] / "Resources" / "sample_data"
#: Of the phantoms that the demo model is measured on.
SEED = 2002
NUMBERS = {"source": 8, "target": 2}
_THUMBNAIL = (288, 192)
_TOWARDS = (0.35, -0.9, -0.3)


def main() -> None:
    """Write the three files of each cohort."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the files")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for cohort, number in NUMBERS.items():
        phantom = make_phantom(cohort, case_seed(SEED, number))
        volume = folder / f"phantom_{cohort}.nrrd"
        write_volume(phantom.image, volume)
        application = start_headless_slicer()
        truth = write_vessels(application, phantom.mask, volume, folder / f"phantom_{cohort}_vessels.seg.nrrd")
        write_png(folder / f"phantom_{cohort}.png", draw_vessels(application, truth))
        application.close()
    for path in sorted(folder.iterdir()):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def write_volume(image: Volume, path: Path) -> None:
    """Write int16 HU as compressed NRRD that says what it is."""
    written = sitk.GetImageFromArray(image.array)
    written.SetSpacing(image.geometry.spacing_mm)
    written.SetOrigin(image.geometry.origin_mm)
    written.SetDirection(image.geometry.direction)
    written.SetMetaData("NRRD_content", PHANTOM_DESCRIPTION)
    sitk.WriteImage(written, str(path), useCompression=True, compressionLevel=9)


def write_vessels(application: HeadlessSlicer, mask: Volume, volume: Path, path: Path) -> object:
    """Write the vessels as Slicer writes a segmentation; returns the node."""
    scene = application.scene
    volume_node = add_volume(scene, "Phantom", volume, is_hounsfield=True)
    grid = image_grid(sitk.ReadImage(str(volume)))
    node = add_segmentation(scene, "Vessels", mask.array, grid, volume_node, [VESSELS])
    segmentation = node.GetSegmentation()
    vessels = segmentation.GetNthSegment(0)
    segmentation.RemoveAllSegments()
    segmentation.AddSegment(vessels, "vessels")  # the id that it had was random
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(path))
    if not storage.WriteData(node):
        raise OSError(f"{path} cannot be written.")
    return node


def draw_vessels(application: HeadlessSlicer, truth: object) -> np.ndarray:
    """A thumbnail, (height, width, 3): the vessels in 3-D."""
    width, height = _THUMBNAIL
    truth.CreateClosedSurfaceRepresentation()
    view = ThreeDView(application, width, height)
    view.node.SetBackgroundColor(0.16, 0.18, 0.22)
    view.node.SetBackgroundColor2(0.08, 0.09, 0.11)
    surface = segment_surface(truth, [truth.GetSegmentation().GetNthSegmentID(0)])
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    view.look(points, _TOWARDS, (8, 8, width - 8, height - 8))
    picture = view.draw()
    view.close()
    return picture


if __name__ == "__main__":
    main()
