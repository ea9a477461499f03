"""The named arteries and veins of the phantom: course and calibre of the average anatomy.

Coordinates are LPS mm about the centre of the Circle of Willis (x to the patient's left, y posterior, z superior).
Paired vessels are given for the left side. Courses are schematic; calibres are those of anatomy textbooks
(internal carotid about 4-5 mm, basilar 3 mm, M1 2.5-3 mm, communicating arteries 1-1.5 mm).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """Control points of one vessel and its calibre at both ends.

    Args:
        name: anatomical abbreviation.
        points_mm: at least two LPS positions.
        diameter_mm: (at the first point, at the last point).
        paired: True if the right side has a mirror image.
        sprouts: True if the growing tree may start side branches from it.
    """

    name: str
    points_mm: tuple[tuple[float, float, float], ...]
    diameter_mm: tuple[float, float]
    paired: bool = True
    sprouts: bool = False


_ICA_TERMINUS = (13.0, -9.0, 4.0)
_MCA_BIFURCATION = (31.0, -6.0, 5.0)
_ACOM_LEFT = (1.8, -19.0, 9.0)
_BASILAR_TIP = (0.0, 6.0, -1.0)
_PCA_JUNCTION = (8.5, 6.0, 0.0)
_VERTEBRAL_JUNCTION = (0.0, 16.0, -33.0)

ARTERIES: tuple[Course, ...] = (
    Course(
        "ICA",
        (
            (21, 14, -95),
            (21, 14, -62),
            (20, 10, -50),
            (22, 9, -40),
            (23, 8, -31),
            (18, 4, -27),
            (12, 0, -25),
            (11, -5, -21),
            (11, -13, -17),
            (11, -16, -11),
            (12, -11, -6),
            (13, -6, -3),
            (13, -7, 1),
            _ICA_TERMINUS,
        ),
        (4.8, 3.7),
    ),
    Course("M1", (_ICA_TERMINUS, (19, -11, 5), (26, -9, 4), _MCA_BIFURCATION), (2.9, 2.5), sprouts=True),
    Course(
        "M2 superior",
        (_MCA_BIFURCATION, (34, -2, 9), (35, 4, 15), (37, 12, 20), (40, 20, 25)),
        (2.2, 1.7),
        sprouts=True,
    ),
    Course(
        "M2 inferior", (_MCA_BIFURCATION, (35, -4, 4), (38, 4, 5), (41, 14, 8), (44, 24, 11)), (2.1, 1.6), sprouts=True
    ),
    Course("A1", (_ICA_TERMINUS, (9, -13, 6), (5, -17, 8), _ACOM_LEFT), (2.2, 2.1)),
    Course("AComm", (_ACOM_LEFT, (0, -19.5, 9.3), (-1.8, -19, 9)), (1.6, 1.6), paired=False),
    Course(
        "A2",
        (_ACOM_LEFT, (1.6, -24, 14), (1.5, -30, 22), (1.5, -32, 32), (1.5, -27, 41), (1.5, -15, 47), (1.5, 0, 50)),
        (2.1, 1.5),
        sprouts=True,
    ),
    Course("ophthalmic", ((11, -16, -10), (14, -22, -10), (20, -30, -10), (26, -40, -9)), (1.4, 1.1)),
    Course("PComm", ((13, -6, -2.5), (12, -1, -1.5), (10, 4, -0.5), _PCA_JUNCTION), (1.4, 1.3)),
    Course("anterior choroidal", ((13, -6.5, 0), (16, 0, 2), (20, 10, 4), (21, 18, 6)), (1.1, 0.9)),
    Course(
        "VA",
        ((18, 44, -95), (15, 40, -66), (12, 33, -56), (8, 26, -46), (3, 19.5, -38), _VERTEBRAL_JUNCTION),
        (3.2, 3.0),
    ),
    Course(
        "BA", (_VERTEBRAL_JUNCTION, (0.5, 13, -24), (0, 9.5, -13), (0, 7, -5), _BASILAR_TIP), (3.4, 3.1), paired=False
    ),
    Course("P1", (_BASILAR_TIP, (4, 5, -0.5), _PCA_JUNCTION), (2.2, 2.1)),
    Course(
        "P2", (_PCA_JUNCTION, (13, 10, 1), (18, 18, 3), (19, 27, 5), (16, 36, 7), (12, 46, 9)), (2.1, 1.6), sprouts=True
    ),
    Course("SCA", ((0, 6.7, -4), (6, 8, -5), (13, 13, -5), (17, 21, -3), (14, 31, 1)), (1.6, 1.2), sprouts=True),
    Course("AICA", ((0, 12.2, -22), (8, 13, -23), (16, 17, -22), (24, 22, -20)), (1.3, 1.0)),
    Course("PICA", ((8, 26, -46), (11, 29, -44), (10, 36, -40), (7, 42, -34)), (1.5, 1.1)),
)

VEINS: tuple[Course, ...] = (
    Course("internal cerebral", ((2, -8, 20), (2, 4, 19), (2, 16, 18), (0.5, 27, 17)), (1.5, 2.0)),
    Course("basal", ((14, -3, 3), (17, 8, 4), (13, 20, 8), (1, 28, 16)), (1.4, 2.0)),
    Course(
        "vein of Galen and straight sinus",
        ((0, 27, 17), (0, 32, 19), (0, 40, 17), (0, 60, 10), (0, 84, 2)),
        (3.5, 5.0),
        paired=False,
    ),
    Course(
        "superior sagittal sinus",
        ((0, -62, 20), (0, -66, 45), (0, -40, 78), (0, 5, 88), (0, 50, 75), (0, 80, 40), (0, 86, 5)),
        (2.5, 7.0),
        paired=False,
    ),
    Course(
        "transverse sinus",
        ((0, 85, 2), (25, 76, 0), (45, 58, -4), (52, 40, -12), (44, 30, -30), (30, 22, -50)),
        (7.0, 6.0),
    ),
    Course("superficial middle cerebral", ((46, 4, 16), (40, -8, 6), (32, -14, -4), (20, -14, -9)), (1.4, 1.8)),
)

#: Where aneurysms grow: artery, fraction along it, direction of the dome, relative frequency.
ANEURYSM_SITES: tuple[tuple[str, float, tuple[float, float, float], float], ...] = (
    ("AComm", 0.5, (0.0, -0.8, 0.6), 0.30),
    ("M1", 1.0, (0.8, -0.3, 0.5), 0.25),
    ("ICA", 0.94, (0.2, 0.9, -0.4), 0.25),
    ("ICA", 1.0, (0.0, 0.1, 1.0), 0.08),
    ("BA", 1.0, (0.0, 0.0, 1.0), 0.07),
    ("A2", 0.45, (0.0, -0.8, 0.6), 0.05),
)
