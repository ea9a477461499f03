"""A MRML scene without the Slicer application, on the ``slicer-core`` wheel: for scripts, pictures and tests.

Inside 3D Slicer all of this exists already and nothing here is needed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import slicer
import vtk


@dataclass
class HeadlessSlicer:
    """A scene and the logics it lives with. Keep a reference as long as the scene is used.

    Args:
        scene: the ``vtkMRMLScene``.
        application_logic: ``vtkSlicerApplicationLogic`` that views are made with.
        module_logics: what ``slicer.modules.NAME.logic()`` gives in the application, by the module's lower-case name.
    """

    scene: Any
    application_logic: Any
    module_logics: dict[str, Any] = field(default_factory=dict)
    _files: tempfile.TemporaryDirectory = field(default_factory=tempfile.TemporaryDirectory)

    def close(self) -> None:
        """Empty the scene and take it out of ``slicer.mrmlScene``."""
        self.scene.Clear(True)
        self._files.cleanup()
        if getattr(slicer, "mrmlScene", None) is self.scene:
            del slicer.mrmlScene


def start_headless_slicer() -> HeadlessSlicer:
    """Make a scene with its logics and set ``slicer.mrmlScene``, as the application does at its start."""
    remove_leaked_utilities()
    scene = vtk_object("vtkMRMLScene")
    application_logic = slicer.vtkSlicerApplicationLogic()
    application_logic.SetMRMLScene(scene)
    application_logic.GetColorLogic().SetMRMLScene(scene)
    application_logic.GetColorLogic().AddDefaultColorNodes()
    application_logic.SetSliceLogics(vtk.vtkCollection())
    application_logic.SetViewLogics(vtk.vtkCollection())
    for factory in (
        slicer.vtkMRMLThreeDViewDisplayableManagerFactory,
        slicer.vtkMRMLSliceViewDisplayableManagerFactory,
    ):
        factory.GetInstance().SetMRMLApplicationLogic(application_logic)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    application = HeadlessSlicer(scene, application_logic)
    application_logic.SetHomeDirectory(application._files.name)
    application_logic.SetShareDirectory("share")
    (Path(application._files.name) / "share" / "ColorFiles").mkdir(parents=True)  # empty: the wheel has none
    for name, class_name in MODULE_LOGICS.items():
        logic = vtk_object(class_name)
        logic.SetMRMLApplicationLogic(application_logic)
        logic.SetMRMLScene(scene)
        application_logic.SetModuleLogic(name, logic)
        application.module_logics[name.lower()] = logic
    _make_bundles_readable(application)
    slicer.mrmlScene = scene
    return application


#: Module name in the application -> class of its logic. Segmentations registers the converters that make surfaces.
MODULE_LOGICS = {
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Colors": "vtkSlicerColorLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "VolumeRendering": "vtkSlicerVolumeRenderingLogic",
    "Markups": "vtkSlicerMarkupsLogic",
}


def _make_bundles_readable(application: HeadlessSlicer) -> None:
    """Scene bundles (.mrb) are unpacked into the remote cache, so reading one needs a cache folder."""
    remote_io = slicer.vtkMRMLRemoteIOLogic()
    remote_io.GetCacheManager().SetRemoteCacheDirectory(str(Path(application._files.name) / "cache"))
    data_io = slicer.vtkDataIOManagerLogic()
    application.application_logic.SetMRMLSceneDataIO(application.scene, remote_io, data_io)
    application.module_logics["remoteio"], application.module_logics["dataio"] = remote_io, data_io


def vtk_object(class_name: str) -> Any:
    """A new object of a class of the ``slicer`` namespace."""
    return getattr(slicer, class_name)()


def remove_leaked_utilities() -> None:
    """Delete ``slicer.util``'s functions from ``slicer`` itself.

    The wheel puts them there and the application does not, so code that used them would work here and fail in Slicer.
    """
    for name in vars(slicer.util):
        if not name.startswith("_") and hasattr(slicer, name):
            delattr(slicer, name)
