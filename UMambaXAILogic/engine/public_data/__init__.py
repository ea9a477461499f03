"""Importers of the public data sets as they are released: RSNA Intracranial Aneurysm Detection and TopCoW.

``import_data_set(RSNA(path), ImportSettings(output))`` gives an nnU-Net raw data set, evaluation regions, a manifest
and a report. What is known of the releases, and from where, is in Documentation/public-data.md.
"""

from __future__ import annotations

from .aliases import write_id_map
from .importer import ImportResult, import_data_set
from .label_sets import LABEL_KINDS
from .rsna import IMAGE_SOURCES, RSNA
from .sample import Candidate, DataSet, LeftOut, Sample
from .settings import ImportSettings
from .topcow import TopCoW

__all__ = [
    "IMAGE_SOURCES",
    "LABEL_KINDS",
    "RSNA",
    "Candidate",
    "DataSet",
    "ImportResult",
    "ImportSettings",
    "LeftOut",
    "Sample",
    "TopCoW",
    "import_data_set",
    "write_id_map",
]
