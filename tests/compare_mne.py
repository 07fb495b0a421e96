#!/usr/bin/env python3
"""Compares what limbic reads and computes from EDF and BDF files with MNE and SciPy on the same files.

    python3 tests/compare_mne.py [--limbic target/release/limbic] [FILE ...]

Without files those of ../shared/data/eeg are compared. Channel names, units, sampling rate and first samples come
from MNE's readers; band powers from SciPy (Butterworth band-pass, average reference, Welch's windows). Exits with 0
where all agree, 1 where anything differs. Where MNE or the files are missing it says so and exits with 0.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEFAULT = ["eeglab_test.bdf", "mne_test.edf", "mne_test.bdf"]
BANDS = [(4, 8), (8, 12), (12, 30), (30, 45)]
PER_VOLT = {"uV": 1e6, "mV": 1e3}


def band_powers(eeg, rate):
    """Mean band power per channel in uV^2, of windows of 2 s (or the whole file where it is shorter), 1 s apart."""
    import numpy as np
    from scipy import signal

    edges = [0.5, 45 if rate > 90 else 0.45 * rate]
    sections = signal.butter(4, edges, "bandpass", fs=rate, output="sos")
    eeg = signal.sosfiltfilt(sections, eeg, axis=1)
    eeg = eeg - eeg.mean(axis=0)
    length = round(min(2.0, eeg.shape[1] / rate) * rate)
    frequency, density = signal.welch(
        eeg, rate, "hann", length, length - min(length, round(rate)), detrend="constant", scaling="density"
    )
    inside = [(frequency >= low) & (frequency <= high) for low, high in BANDS]
    return np.stack([np.trapezoid(density[:, i], frequency[i], axis=1) for i in inside], axis=1)


def ask(limbic, command, path):
    """One limbic command's JSON, or its error sentence."""
    done = subprocess.run([limbic, *command, str(path), "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, done.stderr.strip()
    return json.loads(done.stdout), None


def compare(limbic, path):
    """Sentences about what differs, and one line about what was compared."""
    import mne
    import numpy as np

    reader = mne.io.read_raw_bdf if path.suffix.lower() == ".bdf" else mne.io.read_raw_edf
    raw = reader(path, preload=True, verbose="error")
    short = ["--window-s", "1"] if raw.n_times / raw.info["sfreq"] < 2 else []
    ours, error = ask(limbic, ["features", *short], path)
    if error:
        return [f"limbic features: {error}"], ""
    report, error = ask(limbic, ["quality"], path)
    if error:
        return [f"limbic quality: {error}"], ""
    ours, wrong = ours["files"][0], []
    if ours["rate_hz"] != raw.info["sfreq"]:
        wrong.append(f"rate {ours['rate_hz']} instead of {raw.info['sfreq']}")
    names = [channel["label"] for channel in ours["all_channels"]]
    if names != raw.ch_names:
        wrong.append(f"channel names {sorted(set(names) ^ set(raw.ch_names))} are not in both")
        return wrong, ""
    units = {channel["label"]: channel["unit"] for channel in ours["all_channels"]}
    volts = {name for name, unit in zip(raw.ch_names, raw._orig_units.values()) if unit in ("µV", "uV", "mV", "V")}
    for name in sorted(volts - {n for n, unit in units.items() if unit in PER_VOLT}):
        if name.upper() != "STATUS":
            wrong.append(f"{name} is a voltage for MNE and in \"{units[name]}\" for limbic")
    labels = [channel["label"] for channel in ours["eeg"]]
    eeg = raw.get_data(picks=labels) * 1e6
    first = np.array([channel["first"] for channel in ours["eeg"]])
    wanted = eeg[:, : first.shape[1]]
    sample_error = np.max(np.abs(first - wanted) / np.maximum(np.abs(wanted), 1e-3))
    if sample_error > 1e-6:
        wrong.append(f"first samples differ by {sample_error:.1e}, relative")
    powers, expected = np.array([c["band_power"] for c in ours["eeg"]]), band_powers(eeg, raw.info["sfreq"])
    power_error = np.max(np.abs(powers - expected) / np.maximum(expected, 1e-6 * expected.max()))
    # limbic keeps samples as 32-bit floats; beside an offset of many mV that leaves 1e-4 of the smallest powers.
    if power_error > 3e-4:
        wrong.append(f"band powers differ by {power_error:.1e}, relative")
    judged = [channel["label"] for channel in report["report"]["channels"]]
    if judged != labels:
        wrong.append("quality judges other channels than features")
    line = (
        f"{len(names)} channels, {len(labels)} EEG; samples agree to {sample_error:.1e}, band powers to "
        f"{power_error:.1e} (relative); quality {report['report']['overall']:.1f} %"
    )
    return wrong, line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    try:
        import mne
        import scipy
    except ImportError as missing:
        print(f"skipped: {missing.name} is not installed (pip install mne scipy)")
        return 0
    files = arguments.files or [ROOT / "../shared/data/eeg" / name for name in DEFAULT]
    if not Path(arguments.limbic).exists():
        print(f"skipped: no program at {arguments.limbic} (cargo build --release)")
        return 0
    print(f"MNE {mne.__version__}, SciPy {scipy.__version__}")
    failed = False
    for path in files:
        if not path.exists():
            print(f"{path.name}: skipped, the file is not there")
            continue
        wrong, line = compare(arguments.limbic, path)
        print(f"{path.name}: {line or 'not compared'}")
        for sentence in wrong:
            failed = True
            print(f"  DIFFERS: {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
