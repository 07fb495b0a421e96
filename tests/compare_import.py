#!/usr/bin/env python3
"""Compares what `limbic import` stores with what MNE, pyxdf and wfdb read from the same files.

    python3 tests/compare_import.py [--limbic target/release/limbic] [--data ../shared/data]

Every file is imported into a new home and exported again as npz, so that both ways are walked; the arrays are compared
with those of MNE (EDF, BDF, BrainVision, EEGLAB), pyxdf (XDF, cut files too) and wfdb. Exits with 0 where all agree to
1e-6 relative (times: 1e-5 s), 1 where anything differs. What is not installed or not there is said.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FACTOR = {"uV": 1e6, "mV": 1e3}


def run(limbic, home, *arguments):
    done = subprocess.run([limbic, "--home", str(home), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def ours(limbic, path, *options):
    """The npz of an imported file, and the import's report."""
    with tempfile.TemporaryDirectory() as folder:
        home, out = Path(folder) / "home", Path(folder) / "out.npz"
        report = json.loads(run(limbic, home, "import", path, "--json", *options))
        run(limbic, home, "export", "last", "--to", "npz", "--inside-lab", out)
        with np.load(out) as arrays:
            return {name: arrays[name] for name in arrays.files}, report["sessions"][0]


def words(array):
    return [word.decode("utf-8") for word in array]


def channels(arrays):
    """label -> (samples, unit, times) of every channel."""
    found = {}
    for key in [k[: -len("_rate")] for k in arrays if k.endswith("_rate")]:
        labels, units = words(arrays[key + "_channels"]), words(arrays[key + "_units"])
        for label, unit, samples in zip(labels, units, arrays[key]):
            found[label] = (samples.astype(float), unit, arrays[key + "_times"])
    return found


def joined(arrays, count):
    """As `channels`, of at least `count` samples; a stream that limbic keeps in parts ("eeg", "eeg2") is put together."""
    names = [k[: -len("_rate")] for k in arrays if k.endswith("_rate")]
    groups = {}
    for name in sorted(names, key=lambda n: arrays[n + "_start"][0]):
        groups.setdefault((name.rstrip("0123456789"), tuple(arrays[name + "_channels"])), []).append(name)
    found = {}
    for (base, labels), parts in [*groups.items(), *((k, [n]) for k, g in groups.items() if len(g) > 1 for n in g)]:
        times = np.concatenate([arrays[n + "_times"] for n in parts])
        samples = np.concatenate([arrays[n] for n in parts], axis=1).astype(float)
        for label, unit, row in zip(words(labels), words(arrays[parts[0] + "_units"]), samples):
            if np.count_nonzero(~np.isnan(row)) >= count:
                found[base, parts[0], len(parts), label] = (row, unit, times)
    return found


def differs(label, have, want, tolerance=1e-6):
    want = np.asarray(want, dtype=float)
    if have.shape != want.shape:
        return f"{label}: {have.shape[0]} samples instead of {want.shape[0]}"
    if not np.array_equal(np.isnan(have), np.isnan(want)):
        return f"{label}: other samples are missing"
    error = np.nanmax(np.abs(have - want) / np.maximum(np.abs(want), 1e-6 * np.nanmax(np.abs(want)) + 1e-30)) if want.size else 0
    return f"{label}: differs by {error:.1e}, relative" if error > tolerance else None


def with_mne(limbic, path):
    import mne

    end = path.suffix.lower()
    reader = {".edf": mne.io.read_raw_edf, ".bdf": mne.io.read_raw_bdf, ".vhdr": mne.io.read_raw_brainvision, ".set": mne.io.read_raw_eeglab}[end]
    raw = reader(path, preload=True, verbose="error")
    arrays, report = ours(limbic, path)
    found, wrong = channels(arrays), []
    missing = set(raw.ch_names) ^ set(found)
    if missing:
        wrong.append(f"channels {sorted(missing)} are not in both")
    for label, samples in zip(raw.ch_names, raw.get_data()):
        if label not in found:
            continue
        have, unit, _ = found[label]
        want = samples * FACTOR.get(unit, 1.0)
        if np.ptp(want) == 0 and np.allclose(have, want, rtol=1e-6):
            continue
        if label.upper() == "STATUS" and have.shape == want.shape and np.array_equal(have.astype(np.int64) & 0xFFFF, want.astype(np.int64) & 0xFFFF):
            continue
        wrong.append(differs(label, have, want))
    onsets = sorted(arrays["event_onset"])
    wanted = sorted(o for o, d in zip(raw.annotations.onset, raw.annotations.description) if "New Segment" not in d)
    if end != ".set" and len(wanted) == len(onsets) and len(onsets) and np.max(np.abs(np.array(onsets) - wanted)) > 1 / raw.info["sfreq"]:
        wrong.append("onsets differ")
    if len(wanted) != len(onsets):
        wrong.append(f"{len(onsets)} events instead of {len(wanted)}")
    return [w for w in wrong if w], f"{len(found)} channels, {raw.n_times} samples, {len(onsets)} events"


def with_pyxdf(limbic, path):
    import pyxdf

    streams, _ = pyxdf.load_xdf(path)
    arrays, report = ours(limbic, path)
    wrong, told = [], []
    events = list(zip(arrays["event_onset"], words(arrays["event_text"])))
    for stream in streams:
        stamps, values = np.asarray(stream["time_stamps"]), stream["time_series"]
        name, rate = stream["info"]["name"][0], float(stream["info"]["nominal_srate"][0])
        if len(stamps) == 0:
            told.append(f"{name} empty")
            continue
        if isinstance(values, list) or rate == 0:
            have = np.array([on for on, _ in events]) + report["zero_s"]
            off = [np.min(np.abs(have - t)) if len(have) else np.inf for t in stamps]
            if max(off) > 1e-5:
                wrong.append(f"{name}: a marker is {max(off):.2e} s off")
            told.append(f"{name}: {len(stamps)} markers, worst {max(off):.1e} s")
            continue
        found = joined(arrays, len(stamps))
        match = list(found)
        best = None
        for i in range(values.shape[1]):
            scores = []
            for key in match:
                samples, unit, times = found[key]
                there = ~np.isnan(samples)
                n = min(there.sum(), len(stamps))
                want = values[:n, i].astype(float)
                for factor in (1.0, 1e-3):
                    error = np.max(np.abs(samples[there][:n] - want * factor) / np.maximum(np.abs(want * factor), 1e-12))
                    scores.append((error, np.max(np.abs(times[there][:n] + report["zero_s"] - stamps[:n])), there.sum()))
            if not scores or min(scores)[0] > 1e-6:
                wrong.append(f"{name} channel {i}: no stored channel is equal")
            else:
                best = max(best or (0, 0, 0), min(scores))
        if best:
            if best[1] > 1.0 / rate:
                wrong.append(f"{name}: times differ by {best[1]:.2e} s")
            told.append(f"{name}: {len(stamps)} samples (limbic {best[2]}), values {best[0]:.1e}, times {best[1]:.1e} s")
    return wrong, "; ".join(told)


def with_wfdb(limbic, path):
    import wfdb

    record = wfdb.rdrecord(str(path.with_suffix("")))
    arrays, _ = ours(limbic, path)
    found, wrong = channels(arrays), []
    for label, unit, want in zip(record.sig_name, record.units, record.p_signal.T):
        have, kept, _ = found[label]
        wrong.append(differs(label, have, want * {"mV": {"uV": 1e3}.get(kept, 1.0)}.get(unit, 1.0)))
    count = ""
    if path.with_suffix(".atr").exists():
        notes = wfdb.rdann(str(path.with_suffix("")), "atr")
        onsets = np.sort(arrays["event_onset"])
        want = np.sort(notes.sample / record.fs)
        if len(onsets) != len(want) or np.max(np.abs(onsets - want)) > 1e-6:
            wrong.append(f"annotations differ ({len(onsets)} and {len(want)})")
        first = [w.split(" ")[0] for _, w in sorted(zip(arrays["event_onset"], [x.removeprefix("external: ") for x in words(arrays["event_text"])]))]
        if sorted(first) != sorted(notes.symbol):
            wrong.append("symbols differ")
        count = f", {len(want)} annotations"
    return [w for w in wrong if w], f"{len(found)} channels, {record.sig_len} samples{count}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    arguments = parser.parse_args()
    if not arguments.data.exists() or not Path(arguments.limbic).exists():
        print("skipped: no recordings or no program (cargo build --release)")
        return 0
    failed = False
    folder = tempfile.TemporaryDirectory()
    jobs = []
    for path in sorted(p for d in ("eeg", "ecg", "eeg_ecg", "xdf") for p in (arguments.data / d).rglob("*") if p.is_file()):
        end = path.suffix.lower()
        if end in (".edf", ".bdf", ".vhdr", ".set"):
            jobs.append((path, with_mne))
        elif end == ".xdf":
            jobs.append((path, with_pyxdf))
            for share in (0.9, 0.6, 0.3):
                cut = Path(folder.name) / f"{path.stem}_{int(100 * share)}.xdf"
                cut.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
                jobs.append((cut, with_pyxdf))
        elif end == ".hea":
            jobs.append((path, with_wfdb))
        elif end == ".txt":
            jobs.append((path, None))
    for path, compare in jobs:
        try:
            if compare is None:
                arrays, report = ours(arguments.limbic, path)
                wrong, line = [], f"{report['format']}: {arrays['eeg'].shape}"
            else:
                wrong, line = compare(arguments.limbic, path)
        except ModuleNotFoundError as missing:
            print(f"{path.name}: skipped, {missing.name} is not installed")
            continue
        except Exception as error:  # what either program says about a file is a result
            wrong, line = [], f"NOT COMPARED: {type(error).__name__}: {error}"
        print(f"{path.name}: {line}")
        for sentence in wrong:
            failed = True
            print(f"  DIFFERS: {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
