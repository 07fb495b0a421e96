#!/usr/bin/env python3
"""Draws one table of values at electrodes by MNE and by `limbic topo`, side by side in one picture.

    cargo test --release --test eeglab_sample
    python3 tests/topography_beside_mne.py target/tmp/eeglab_alpha.csv beside.png [--limbic target/release/limbic]

The table has a header "label,NAME". MNE uses the positions of easycap-M1, which are limbic's. limbic's SVG is put beside
by ImageMagick's `convert`; where that is missing the two stay in two files.
"""

import argparse
import csv
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    arguments = parser.parse_args()
    try:
        import matplotlib
        import mne
        import numpy as np
    except ImportError as missing:
        print(f"skipped: {missing.name} is not installed (pip install mne matplotlib)")
        return 0
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = list(csv.reader(arguments.table.open()))
    name, values = rows[0][1], {label: float(value) for label, value in rows[1:]}
    montage = mne.channels.make_standard_montage("easycap-M1")
    by_name = {n.lower(): n for n in montage.ch_names}
    info = mne.create_info([by_name[label.lower()] for label in values], 100.0, "eeg")
    info.set_montage(montage)
    figure, axes = plt.subplots(figsize=(5, 5))
    mne.viz.plot_topomap(np.array(list(values.values())), info, axes=axes, show=False, cmap="viridis", sphere=(0, 0, 0, 0.095))
    axes.set_title(f"MNE: {name}")
    theirs, ours = arguments.picture.with_suffix(".mne.png"), arguments.picture.with_suffix(".limbic.svg")
    figure.savefig(theirs, dpi=120)
    subprocess.run([arguments.limbic, "topo", str(arguments.table), "--format", "svg", "-o", str(ours)], check=True)
    convert = shutil.which("convert")
    if convert is None:
        print(f"{theirs} and {ours}: no `convert` to put them beside each other")
        return 0
    made = arguments.picture.with_suffix(".limbic.png")
    subprocess.run([convert, "-density", "150", str(ours), "-background", "white", "-flatten", "-resize", "x600", str(made)], check=True)
    subprocess.run([convert, str(theirs), str(made), "-resize", "x600", "+append", str(arguments.picture)], check=True)
    print(arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
