#!/usr/bin/env python3
"""One hour of 64 channels at 512 Hz in and out: limbic beside MNE, each in a process of its own.

    python3 tests/bench_exchange.py [--limbic target/release/limbic] [--seconds 3600] [--repeat 1]

A BDF file is made first. In: `limbic import` against MNE's read_raw_bdf and raw.save (both then have it in their own
form). Out: `limbic export --to bdf` and `--to brainvision` against MNE reading its own file and mne.export.export_raw
(BDF where this MNE can write it, else EDF; BrainVision needs pybv). Prints wall and processor time and the largest
memory of each process. The processor time of children decides: it does not depend on what else runs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
CHANNELS, RATE = 64, 512


def make(path, seconds):
    """A BDF whose channels are slow waves and noise, a second a record."""
    labels = [f"E{n + 1}" for n in range(CHANNELS)]
    head = b"\xffBIOSEMI" + b"X".ljust(80) + b"X".ljust(80) + b"01.01.26" + b"00.00.00"
    head += str(256 * (CHANNELS + 1)).encode().ljust(8) + b"24BIT".ljust(44) + str(seconds).encode().ljust(8)
    head += b"1".ljust(8) + str(CHANNELS).encode().ljust(4)
    fields = [(labels, 16), ([""] * CHANNELS, 80), (["uV"] * CHANNELS, 8), (["-262144"] * CHANNELS, 8), (["262143"] * CHANNELS, 8)]
    fields += [(["-8388608"] * CHANNELS, 8), (["8388607"] * CHANNELS, 8), ([""] * CHANNELS, 80), ([str(RATE)] * CHANNELS, 8), ([""] * CHANNELS, 32)]
    for texts, width in fields:
        head += b"".join(text.encode().ljust(width) for text in texts)
    random = np.random.default_rng(1)
    with open(path, "wb") as file:
        file.write(head)
        t = np.arange(RATE) / RATE
        for second in range(seconds):
            wave = 20 * np.sin(2 * np.pi * 10 * t)[None, :] + 8 * random.standard_normal((CHANNELS, RATE))
            counts = np.round((wave + 30 * np.sin(second / 7)) * 32).astype("<i4")
            file.write(counts.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())


def run(command):
    """(wall s, processor s, MiB) of a process; None and its last line where it fails."""
    start = time.monotonic()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read().decode(errors="replace").strip().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        return None, said[-1] if said else f"exit {child.returncode}"
    return (time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), ""


MNE_IN = """
import sys, mne
mne.set_log_level("error")
mne.io.read_raw_bdf(sys.argv[1], preload=True).save(sys.argv[2], overwrite=True)
"""
MNE_OUT = """
import sys, mne
mne.set_log_level("error")
mne.export.export_raw(sys.argv[2], mne.io.read_raw_fif(sys.argv[1], preload=True), overwrite=True)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()
    try:
        import mne  # noqa: F401
    except ImportError:
        print("skipped: mne is not installed (pip install mne edfio pybv)")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bdf, home, fif = folder / "hour.bdf", folder / "home", folder / "hour_raw.fif"
        make(bdf, arguments.seconds)
        print(f"{arguments.seconds} s of {CHANNELS} channels at {RATE} Hz: {bdf.stat().st_size >> 20} MiB of BDF; load {os.getloadavg()[0]:.1f}")
        ours = [arguments.limbic, "--home", home]
        pairs = [
            ("in", [*ours, "import", bdf], [sys.executable, "-c", MNE_IN, bdf, fif]),
            ("out, BDF", [*ours, "export", "last", "--to", "bdf", folder / "o.bdf"], [sys.executable, "-c", MNE_OUT, fif, folder / "m.bdf"]),
            ("out, EDF", [*ours, "export", "last", "--to", "edf", folder / "o.edf"], [sys.executable, "-c", MNE_OUT, fif, folder / "m.edf"]),
            ("out, BrainVision", [*ours, "export", "last", "--to", "brainvision", folder / "o.vhdr"], [sys.executable, "-c", MNE_OUT, fif, folder / "m.vhdr"]),
        ]
        for what, limbic, theirs in pairs:
            for _ in range(arguments.repeat):
                results = [run(limbic), run(theirs)]
                for program, (figures, said) in zip(("limbic", "MNE"), results):
                    print(f"{what:18} {program:7}", "failed: " + said if figures is None else "{:7.2f} s, {:7.2f} s of processor, {:6.0f} MiB".format(*figures))
                if results[0][0] and results[1][0]:
                    a, b = results[0][0], results[1][0]
                    print(f"{what:18} limbic is {b[1] / a[1]:.1f} times as fast (processor time; {b[0] / a[0]:.1f} by the clock), memory {a[2] / b[2]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
