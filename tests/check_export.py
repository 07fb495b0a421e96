#!/usr/bin/env python3
"""Exports a simulated study and lets the field's programs judge and read it.

    python3 tests/check_export.py [--limbic target/release/limbic] [--home HOME]

Without --home a study of three simulated participants is recorded first (`limbic simulate`). Every session is exported as a
BIDS data set (BrainVision, EDF+ and BDF+), as XDF and as npz. bids-validator must find no error; mne-bids, pyedflib,
edfio, MNE and pyxdf must read back every channel, unit, onset and rating: samples within half a least significant bit,
onsets within one sample, XDF times within 1 us. A second export must write nothing, a fresh one the same bytes; tables as
Parquet (read by pyarrow) and npz must agree.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
wrong = []


def check(holds, sentence):
    if not holds:
        wrong.append(sentence)
        print(f"  DIFFERS: {sentence}")


def limbic(program, home, *arguments):
    done = subprocess.run([program, "--home", str(home), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr.strip()}")
    return done.stdout


def record(program, folder):
    """Three simulated participants in one home; of the first some seconds are marked as felt."""
    home = folder / "home"
    limbic(program, home, "simulate", "--participants", "3", "--trials", "4", "--video-s", "6", "--seed", "7")
    first = json.loads(limbic(program, home, "sessions", "--json"))[0]
    limbic(program, home, "label", f"{first['participant']}/{first['number']}", "--add", "1", "1.5", "4.25", "--emotion", "fear", "--intensity", "6")
    return home


def digest(root):
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(root.rglob("*")) if p.is_file()}


def validated(root):
    program = Path(sys.executable).parent / "bids-validator-deno"
    if not program.exists():
        print("  bids-validator-deno is not installed; not validated")
        return
    done = subprocess.run([program, str(root), "--format", "json"], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    errors = [i for i in issues if i["severity"] == "error"]
    warned = sorted({i["code"] for i in issues if i["severity"] != "error"})
    print(f"  bids-validator: {len(errors)} errors, warnings {warned}")
    check(not errors, f"errors {[(i['code'], i.get('location'), i.get('issueMessage')) for i in errors][:5]}")


def words(array):
    return [w.decode() for w in array]


def stored(program, home, session, folder):
    out = folder / f"{session['id']}.npz"
    limbic(program, home, "export", session["text"], "--to", "npz", out)
    return dict(np.load(out))


def same_samples(what, have, want, half):
    """In the unit of `want`; where nothing was recorded, nothing is compared."""
    there = ~np.isnan(want)
    if len(have) < len(want):
        return check(False, f"{what}: {len(have)} samples instead of {len(want)}")
    off = np.max(np.abs(have[: len(want)][there] - want[there]))
    check(off <= half, f"{what}: off by {off:.3g}, more than {half:.3g}")


def read_back(program, home, root, kind, session, folder):
    import mne_bids

    arrays = stored(program, home, session, folder)
    labels, units = words(arrays["eeg_channels"]), words(arrays["eeg_units"])
    path = mne_bids.BIDSPath(
        subject=session["participant"], session=f"{session['number']:02}", task="emotion", datatype="eeg", root=root
    )
    raw = mne_bids.read_raw_bids(path, verbose="error")
    raw.load_data()
    check(raw.ch_names == labels, f"channels {raw.ch_names}")
    kinds = {"EEG": "eeg", "ECG": "ecg", "EOG": "eog", "EMG": "emg", "TRIG": "stim", "MISC": "misc", "EDA": "gsr", "TEMP": "temperature", "PPG": "misc", "CONTACT": "misc"}
    check(raw.get_channel_types() == [kinds[r] for r in words(arrays["eeg_roles"])], f"types {raw.get_channel_types()}")
    data = raw.get_data()
    for label, unit, have, want in zip(labels, units, data, arrays["eeg"].astype(float)):
        factor = {"uV": 1e6, "mV": 1e3}.get(unit, 1.0)
        span = np.nanmax(want) - np.nanmin(want)
        lsb = {"brainvision": 0.0, "edf": 1.001 * (span * (1 + 4e-5) + 1e-3) / 65535, "bdf": 0.04}[kind]
        exact = 1e-6 * np.nanmax(np.abs(want)) + 1e-9
        same_samples(f"{kind} {label}", have * factor, want, 0.5 * lsb + exact)
    rate = float(arrays["eeg_rate"][0])
    check(abs(raw.info["sfreq"] - rate) < 1e-6 * rate, f"rate {raw.info['sfreq']}")
    table = (path.fpath.parent / f"{path.basename}_events.tsv") if False else next((root / f"sub-{session['participant']}").rglob("*_events.tsv"))
    head, *rows = [line.split("\t") for line in table.read_text().splitlines()]
    trials = [dict(zip(head, row)) for row in rows if row[head.index("trial_type")] == "trial"]
    check(len(trials) == len(arrays["trial_number"]), f"{len(trials)} trials")
    start = float(arrays["eeg_start"][0])
    for n, trial in enumerate(trials):
        on = arrays["trial_on"][n] - start
        check(abs(float(trial["onset"]) - on) <= 1 / rate + 1e-9 + 2e-4 * on, f"trial {n + 1}: onset {trial['onset']} instead of {on}")
        for scale in ("valence", "arousal"):
            want = arrays[f"trial_{scale}"][n]
            check((trial[scale] == "n/a") if np.isnan(want) else abs(float(trial[scale]) - want) < 1e-6, f"trial {n + 1}: {scale} {trial[scale]}")
        check(trial["emotion"] == (arrays["trial_emotion"][n].decode() or "n/a"), f"trial {n + 1}: emotion")
    onsets = raw.annotations.onset[[d.startswith("trial") for d in raw.annotations.description]]
    check(len(onsets) == len(trials), f"mne-bids has {len(onsets)} trials")
    for have, trial in zip(sorted(onsets), sorted(float(t["onset"]) for t in trials)):
        check(abs(have - trial) <= 1 / rate, f"mne-bids: onset {have} instead of {trial}")
    felt = [dict(zip(head, row)) for row in rows if row[head.index("trial_type")] == "felt"]
    for row in felt:
        of = next(t for t in trials if t["trial"] == row["trial"])
        check(abs(float(row["onset"]) - float(of["onset"]) - 1.5) < 1 / rate and abs(float(row["duration"]) - 2.75) < 1 / rate, f"felt {row}")
        check((row["emotion"], row["intensity"]) == ("fear", "6"), f"felt {row}")
    others = [k[:-5] for k in arrays if k.endswith("_rate") and k != "eeg_rate"]
    print(f"  {kind} {session['text']}: {len(labels)} channels, {data.shape[1]} samples, {len(trials)} trials, {len(felt)} felt, other streams {others}")
    return arrays


def strict(root, kind, arrays):
    """pyedflib and edfio on the EDF or BDF file."""
    import edfio
    import pyedflib

    file = next(root.rglob(f"*_eeg.{kind}"))
    reader = pyedflib.EdfReader(str(file))
    want = arrays["eeg"].astype(float)
    check(reader.getSignalLabels() == words(arrays["eeg_channels"]), "pyedflib: labels")
    for n in range(reader.signals_in_file):
        half = 0.5 * (reader.getPhysicalMaximum(n) - reader.getPhysicalMinimum(n)) / (reader.getDigitalMaximum(n) - reader.getDigitalMinimum(n))
        same_samples(f"pyedflib {n}", reader.readSignal(n), want[n], half * 1.001 + 1e-6 * np.nanmax(np.abs(want[n])))
    notes = reader.readAnnotations()[0]
    reader.close()
    opened = edfio.read_edf(str(file)) if kind == "edf" else edfio.read_bdf(str(file))
    check([s.label for s in opened.signals] == words(arrays["eeg_channels"]), "edfio: labels")
    check(len(opened.annotations) == len(notes), f"edfio has {len(opened.annotations)} annotations, pyedflib {len(notes)}")
    print(f"  pyedflib and edfio: {len(notes)} annotations in {file.name}")


def with_pyxdf(program, home, session, arrays, folder):
    import pyxdf

    out = folder / "one.xdf"
    limbic(program, home, "export", session["text"], "--to", "xdf", out)
    streams, _ = pyxdf.load_xdf(out)
    for stream in streams:
        name = stream["info"]["name"][0].replace("SIMULATED ", "")
        if name + "_rate" not in arrays:
            continue
        n = arrays[name].shape[1]
        times = stream["time_stamps"] - session["started_s"]
        off = np.max(np.abs(times - arrays[name + "_times"]))
        check(len(times) == n and off < 1e-6, f"xdf {name}: times off by {off:.2e} s")
        check(np.array_equal(stream["time_series"].T, arrays[name], equal_nan=True), f"xdf {name}: values")
        print(f"  pyxdf {name}: {n} samples, times within {off:.1e} s")


def tables(program, home, sessions, folder):
    """Labels and features as Parquet and as npz: the same values, as pyarrow and NumPy read them."""
    import pyarrow.parquet

    for what, options in (("labels", []), ("features", ["--target", "intended"])):
        out = {kind: folder / f"{what}.{kind}" for kind in ("parquet", "npz")}
        for kind, path in out.items():
            limbic(program, home, "export", "all", "--to", kind, "--what", what, *options, path)
        table, arrays = pyarrow.parquet.read_table(out["parquet"]).to_pydict(), dict(np.load(out["npz"]))
        if what == "features":
            block = np.array([table[name] for name in words(arrays["feature_names"])], dtype=np.float32).T
            check(np.array_equal(block, arrays["features"]), "features: Parquet and npz differ")
        for name, cells in table.items():
            if name not in arrays:
                continue
            have, want = arrays[name], cells
            same = words(have) == want if have.dtype.kind == "S" else np.array_equal(have.astype(float), np.array(want, dtype=float), equal_nan=True)
            check(same, f"{what}: column {name} differs")
        print(f"  pyarrow {what}: {len(table)} columns, {len(next(iter(table.values())))} rows")
    check(len(np.load(folder / "labels.npz")["trial"]) == sum(s["trials_planned"] for s in sessions), "labels: not every trial")


def repeatable(program, home, session, folder):
    """The same session gives the same bytes in every form."""
    for kind, end in (("xdf", "xdf"), ("edf", "edf"), ("bdf", "bdf"), ("brainvision", "vhdr"), ("npz", "npz")):
        twice = []
        for n in (1, 2):
            place = folder / f"twice{n}"
            place.mkdir(exist_ok=True)
            limbic(program, home, "export", session["text"], "--to", kind, place / f"same.{end}")
            twice.append(digest(place))
            shutil.rmtree(place)
        check(twice[0] == twice[1], f"{kind}: a second export has other bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    try:
        import edfio, mne_bids, pyarrow, pyedflib, pyxdf  # noqa: E401,F401
    except ImportError as missing:
        print(f"skipped: {missing.name} is not installed (pip install mne-bids pyedflib edfio pyxdf pyarrow bids-validator-deno)")
        return 0
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = arguments.home or record(arguments.limbic, folder)
        sessions = json.loads(limbic(arguments.limbic, home, "sessions", "--json"))
        for s in sessions:
            ident = int(s["id"]) if not isinstance(s["id"], str) else s["id"]
            s["text"], s["started_s"] = f"{s['participant']}/{s['number']}", s["started"] * 1e-9
            s["id"] = ident
        for kind in ("brainvision", "edf", "bdf"):
            root = folder / f"bids-{kind}"
            limbic(arguments.limbic, home, "export", "all", "--to", "bids", "--eeg", kind, root)
            validated(root)
            for session in sessions:
                arrays = read_back(arguments.limbic, home, root, kind, session, folder)
            if kind != "brainvision":
                strict(root / f"sub-{session['participant']}", kind, arrays)
            before = digest(root)
            said = limbic(arguments.limbic, home, "export", "all", "--to", "bids", "--eeg", kind, root)
            check(said.startswith("0 sessions written"), f"a second export says: {said}")
            shutil.rmtree(root)
            limbic(arguments.limbic, home, "export", "all", "--to", "bids", "--eeg", kind, root)
            check(digest(root) == before, "a fresh export has other bytes")
        with_pyxdf(arguments.limbic, home, session, arrays, folder)
        repeatable(arguments.limbic, home, session, folder)
        tables(arguments.limbic, home, sessions, folder)
    print("all agree" if not wrong else f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
