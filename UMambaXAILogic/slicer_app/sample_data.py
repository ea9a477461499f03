"""The shipped sample cases in Slicer's Sample Data module, and the same cases opened from the panel."""

from __future__ import annotations

from functools import partial
from typing import Any

import slicer
from slicer.i18n import tr as _

from UMambaXAILogic import __version__
from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.scene.sample_case import SAMPLES, SampleCase, load_sample_case

#: The heading below which the Sample Data module shows the cases.
CATEGORY = "UMambaXAI"
_MESSAGE_MS = 3000


def register_sample_data() -> None:
    """Offer the cases in the Sample Data module; call it once the application has started. Nothing is downloaded.

    A click loads them as the panel does. A script that asks for them by name gets the same files through the module's
    own readers, which need an address: that of the shipped file.
    """
    if not hasattr(slicer.modules, "sampledata"):
        return  # an application built or started without that module

    import SampleData

    for cohort, files in SAMPLES.items():
        paths = (files.volume, files.truth)
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=files.name,  # the text of its button, and what downloadSamples() takes
            thumbnailFileName=str(files.thumbnail),
            uris=[path.as_uri() for path in paths],
            # The module keeps copies by name: those of another version must not be taken for these.
            fileNames=[f"UMambaXAI-{__version__}-{path.name}" for path in paths],
            nodeNames=[files.name, files.truth_name],
            loadFileTypes=["VolumeFile", "SegmentationFile"],
            customDownloader=partial(_on_click, cohort),
        )


def open_sample_case(cohort: str = "source") -> SampleCase:
    """Load a sample case, or find it in the scene, and show it in the slice views.

    Raises:
        UsageError, NotInstalledError, InputError: as ``load_sample_case``.
    """
    case = load_sample_case(slicer.mrmlScene, cohort)
    slicer.util.setSliceViewerLayers(background=case.volume_node, foreground=None, label=None, fit=True)
    return case


def _on_click(cohort: str, source: Any) -> None:
    """A button of the Sample Data module; ``source`` is what was registered."""
    try:
        case = open_sample_case(cohort)
    except UMambaXAIError as error:
        slicer.util.errorDisplay(str(error), windowTitle=CATEGORY)
        return
    text = _("Loaded {volume} and {truth}")
    slicer.util.showStatusMessage(
        text.format(volume=case.volume_node.GetName(), truth=case.truth_node.GetName()), _MESSAGE_MS
    )
