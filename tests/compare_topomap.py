#!/usr/bin/env python3
"""Compares limbic's scalp maps with SciPy's thin-plate spline and MNE's plot_topomap on the same values.

Usage: python3 tests/compare_topomap.py [target/release/limbic]
Needs numpy, scipy, mne and matplotlib. Exit 0 when SciPy agrees to 1e-6 of the range and MNE with r >= 0.96 on every
smooth field; rough fields are printed for comparison only, because MNE interpolates differently (Clough-Tocher).
"""
import json
import subprocess
import sys
import tempfile

import numpy as np

LIMBIC = sys.argv[1] if len(sys.argv) > 1 else "target/release/limbic"
LABELS = (
    "Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 F8 AF4 Fp2 Fz Cz"
).split()
GRID = 64


def limbic(values):
    """The grid as limbic computes it: points inside the head, and the electrodes' flat places."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.writelines(f"{label},{float(value)!r}\n" for label, value in zip(LABELS, values))
        file.flush()
        out = subprocess.run([LIMBIC, "topo", file.name, "--json", "--grid", str(GRID)], capture_output=True, text=True)
    if out.returncode:
        sys.exit(out.stderr)
    answer = json.loads(out.stdout)
    grid = np.array([[np.nan if v is None else v for v in row] for row in next(iter(answer["grids"].values()))], float)
    sites = np.array([answer["sites"][label] for label in LABELS])
    return grid, sites, np.array(answer["axis"])


def scipy_map(sites, values, points):
    from scipy.interpolate import RBFInterpolator

    return RBFInterpolator(sites, values, kernel="thin_plate_spline")(points)


def mne_map(sites, values, axis):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import mne

    figure, axes = plt.subplots()
    image, _ = mne.viz.plot_topomap(
        values, sites, axes=axes, sphere=(0.0, 0.0, 0.0, 1.0), res=256, contours=0, show=False, extrapolate="head"
    )
    array = np.ma.filled(image.get_array().astype(float), np.nan)
    left, right, bottom, top = image.get_extent()
    plt.close(figure)
    rows, columns = array.shape
    at = lambda value, low, high, count: np.clip(((value - low) / (high - low) * count).astype(int), 0, count - 1)
    x, y = np.meshgrid(axis, axis[::-1])
    return array[at(y, bottom, top, rows), at(x, left, right, columns)]


def fields(sites):
    """Smooth fields: two broad sources of either sign each; then white noise for comparison."""
    for seed in range(8):
        draw = np.random.default_rng(seed)
        value = np.zeros(len(sites))
        for _ in range(2):
            centre, width = draw.uniform(-0.6, 0.6, 2), draw.uniform(0.6, 1.0)
            value += draw.choice([-1, 1]) * draw.uniform(0.6, 1.4) * np.exp(-((sites - centre) ** 2).sum(1) / (2 * width**2))
        yield f"smooth {seed}", value, True
    yield "white noise", np.random.default_rng(99).normal(size=len(sites)), False


def main():
    _, sites, _ = limbic(np.arange(len(LABELS), dtype=float))
    wrong = 0
    for name, values, smooth in fields(sites):
        grid, sites, axis = limbic(values)
        x, y = np.meshgrid(axis, axis[::-1])
        inside = np.isfinite(grid)
        reference = np.clip(scipy_map(sites, values, np.column_stack([x[inside], y[inside]])), values.min(), values.max())
        apart = np.abs(grid[inside] - reference).max() / np.ptp(values)
        mne = mne_map(sites, values, axis)
        # MNE's disc ends at the outermost electrodes.
        both = inside & np.isfinite(mne) & (np.hypot(x, y) <= 1.0)
        r = np.corrcoef(grid[both], mne[both])[0, 1]
        bad = apart > 1e-6 or (smooth and r < 0.96)
        wrong += bad
        print(f"{name:<12} SciPy: largest difference {apart:.1e} of the range   MNE: r = {r:.4f}{'   WRONG' if bad else ''}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
