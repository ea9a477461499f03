"""The colours of attention: dark purple (0) over red and orange to pale yellow (1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: sRGB waypoints. The dark end is still visible on the black of an angiogram, the bright end is not white bone.
_WAYPOINTS = np.array(
    [
        [0.36, 0.10, 0.46],
        [0.66, 0.14, 0.42],
        [0.89, 0.31, 0.22],
        [0.98, 0.60, 0.14],
        [1.00, 0.97, 0.62],
    ]
)
_SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
_LINEAR_LIMIT = 6 / 29


def attention_colors(count: int = 256) -> npt.NDArray[np.float64]:
    """Colours of ``count`` equal steps from 0 to 1.

    Lightness (CIE L*) grows evenly, so that equal steps of attention look equally large and the map still reads in
    a black-and-white print; hue follows the waypoints.

    Returns:
        (count, 3), sRGB in [0, 1].
    """
    waypoints = _to_lab(_WAYPOINTS)
    lightness = np.linspace(waypoints[0, 0], waypoints[-1, 0], count)
    lab = np.column_stack(
        [lightness, *(np.interp(lightness, waypoints[:, 0], waypoints[:, channel]) for channel in (1, 2))]
    )
    return np.clip(_to_srgb(lab), 0.0, 1.0)


def _to_lab(srgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _SRGB_TO_XYZ.T / _WHITE_D65
    f = np.where(ratio > _LINEAR_LIMIT**3, np.cbrt(ratio), ratio / (3 * _LINEAR_LIMIT**2) + 4 / 29)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


def _to_srgb(lab: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    f_y = (lab[:, 0] + 16) / 116
    f = np.column_stack([f_y + lab[:, 1] / 500, f_y, f_y - lab[:, 2] / 200])
    ratio = np.where(f > _LINEAR_LIMIT, f**3, 3 * _LINEAR_LIMIT**2 * (f - 4 / 29))
    linear = np.clip((ratio * _WHITE_D65) @ np.linalg.inv(_SRGB_TO_XYZ).T, 0.0, None)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
