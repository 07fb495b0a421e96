#!/usr/bin/env python3
"""Draws one table of values at electrodes by MNE and by `limbic topo`, side by side in one picture.

    cargo test --release --test eeglab_sample
    python3 tests/topography_beside_mne.py target/tmp/eeglab_alpha.csv beside.png [--limbic target/release/limbic]

The table has a header "label,NAME". MNE uses the positions of easycap-M1, which are limbic's.
"""

import argparse
import csv
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
    ours = arguments.picture.with_suffix(".limbic.png")
    subprocess.run([arguments.limbic, "topo", str(arguments.table), "--format", "png", "-o", str(ours)], check=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5))
    mne.viz.plot_topomap(np.array(list(values.values())), info, axes=left, show=False, cmap="viridis", sphere=(0, 0, 0, 0.095))
    left.set_title(f"MNE: {name}")
    right.imshow(plt.imread(ours))
    right.set_title(f"limbic: {name}")
    right.axis("off")
    figure.savefig(arguments.picture, dpi=100)
    print(arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
