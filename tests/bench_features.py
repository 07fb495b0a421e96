#!/usr/bin/env python3
"""Times limbic's signal stages beside those of SciPy, MNE and NeuroKit2: same arrays, one thread, one run, CPU time.

    pip install scipy mne neurokit2
    python3 tests/bench_features.py [--limbic target/release/limbic] [--repeats 15] [--ecg ../shared/data/ecg]

Each stage is one entry of STAGES: arrays, what the others compute, and the mark to reach; each entry of TOGETHER is a sum
of stages with a mark. `limbic bench kernels` times limbic's side and hands back its results, which must agree with the
others'. The ECG is five minutes of MIT-BIH record 100 where it is at hand, else simulated. Exits with 1 where a mark is
missed or results differ, with 0 where SciPy is missing.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BANDS = [(4, 8), (8, 12), (12, 30), (30, 45)]
RATE, CHANNELS, SECONDS = 256, 32, 60


def eeg(rng):
    """Noise whose power falls with frequency, 10 Hz on top, uV."""
    import numpy as np

    n = RATE * SECONDS
    spectrum = rng.standard_normal((CHANNELS, n // 2 + 1)) + 1j * rng.standard_normal((CHANNELS, n // 2 + 1))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(n, 1 / RATE), 0.5))
    x = np.fft.irfft(spectrum, n, axis=1)
    return 15 * x / x.std() + 8 * np.sin(2 * np.pi * 10 * np.arange(n) / RATE)


def bands_of(frequency, density):
    import numpy as np

    parts = [(frequency >= low) & (frequency <= high) for low, high in BANDS]
    return np.stack([np.trapezoid(density[:, p], frequency[p], axis=1) for p in parts], axis=-1)


def spectra_scipy(a):
    from scipy import signal

    sections = signal.butter(4, [0.5, 45], "bandpass", fs=RATE, output="sos")
    y = signal.sosfiltfilt(sections, a["eeg"], axis=1)
    window = signal.windows.hann(2 * RATE, sym=False)
    f, _, density = signal.spectrogram(y, RATE, window, 2 * RATE, RATE, detrend="constant")
    return bands_of(f, density)


def spectra_mne(a):
    import mne

    iir = {"order": 4, "ftype": "butter", "output": "sos"}
    y = mne.filter.filter_data(a["eeg"], RATE, 0.5, 45, method="iir", iir_params=iir, verbose="error")
    density, f = mne.time_frequency.psd_array_welch(
        y, RATE, n_fft=2 * RATE, n_overlap=RATE, average=None, remove_dc=True, verbose="error"
    )
    return bands_of(f, density)


def peaks_neurokit(a):
    import neurokit2 as nk

    rate = int(a["ecg_rate"][0])
    cleaned = nk.ecg_clean(a["ecg"], sampling_rate=rate)
    return nk.ecg_peaks(cleaned, sampling_rate=rate)[1]["ECG_R_Peaks"] / rate


def series_scipy(a):
    import numpy as np
    from scipy.interpolate import CubicSpline

    stamps = a["ecg_beats"][1:]
    grid = np.arange(np.ceil(stamps[0] * 4), np.floor(stamps[-1] * 4) + 1) / 4
    return CubicSpline(stamps, np.diff(a["ecg_beats"]))(grid)


def spwvd_scipy(a, rate=4.0, tau=61.44, nu=0.06, power=0.3, bins=1024):
    """The formula in whole arrays: every product, one transform an axis; then LF and HF of the density."""
    import numpy as np
    from scipy.signal import hilbert

    x = a["intervals"]
    n = len(x)
    z = hilbert(x - x.mean())
    bins = max(bins, 1 << (n - 1).bit_length())
    half = (n - 1) // 2
    lags = np.arange(-half, half + 1)
    at = np.arange(n)[:, None]
    ahead, behind = at + lags, at - lags
    inside = (ahead >= 0) & (ahead < n) & (behind >= 0) & (behind < n)
    table = np.where(inside, z[ahead.clip(0, n - 1)] * z[behind.clip(0, n - 1)].conj(), 0)
    shift = np.fft.fftfreq(n, 1 / rate)[:, None]
    kernel = np.exp(-np.pi * ((2 * lags / rate / tau) ** 2 + (shift / nu) ** 2) ** (2 * power))
    table = np.fft.ifft(np.fft.fft(table, axis=0) * kernel, axis=0)
    padded = np.zeros((n, bins), complex)
    padded[:, lags % bins] = table
    density = np.fft.fft(padded, axis=1).real[:, : bins // 4] / rate
    f = np.arange(bins // 4) * rate / 2 / bins
    part = lambda low, high: (f >= low - 1e-9) & (f <= high + 1e-9)
    return np.concatenate([np.trapezoid(density[:, p], f[p], axis=1) for p in (part(0.04, 0.15), part(0.15, 0.4))])


def interplay_numpy(a):
    """The heart-to-brain half only, by NumPy's least squares as published implementations do it: a lower bound."""
    import numpy as np

    def unit(x):
        low, high = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
        return (x - low) / (high - low)

    found = []
    for drive in (unit(a["lf"]), unit(a["hf"])):
        for row in unit(a["brain"]):
            for i in range(row.size - 15):
                left = np.stack([row[i : i + 15], drive[i : i + 15]], axis=1)
                found.append(np.linalg.lstsq(left, row[i + 1 : i + 16], rcond=None)[0][1])
    return np.array(found)


def spectrograms_scipy(a):
    import numpy as np
    from scipy import signal

    means, window = [], signal.windows.hann(144, sym=False)
    images = []
    for low, high in ((1, 14), (14, 31), (31, 51)):
        sections = signal.butter(4, [low, high], "bandpass", fs=200, output="sos")
        y = signal.sosfiltfilt(sections, a["epoch"], axis=1)
        y = (y - y.min(1, keepdims=True)) / (y.max(1, keepdims=True) - y.min(1, keepdims=True))
        _, _, z = signal.stft(y, 200, window, 144, 142, 456, boundary=None, padded=False, scaling="spectrum")
        images.append(np.clip(10 * np.log10(np.maximum(np.abs(z) ** 2, 1e-10)), -100, 0) / 100 + 1)
    return np.stack(images, 1).mean(axis=(1, 2, 3))


def ecg(folder, rng):
    """Rate and mV: lead MLII of record 100 (format 212, two samples of twelve bits in three bytes), or simulated."""
    import numpy as np

    file = Path(folder) / "100.dat"
    if file.exists():
        raw = np.fromfile(file, dtype=np.uint8)[: 300 * 360 * 3].reshape(-1, 3).astype(int)
        first = raw[:, 0] | (raw[:, 1] & 0x0F) << 8
        return 360, (np.where(first >= 2048, first - 4096, first) - 1024) / 200.0
    t = np.arange(300 * 256) / 256
    beats = np.cumsum(0.85 + 0.05 * np.sin(np.arange(400) * 0.9) + 0.02 * rng.standard_normal(400))
    wave = sum(np.exp(-(((t - b) / 0.012) ** 2) / 2) for b in beats[beats < 300])
    return 256, wave + 0.02 * rng.standard_normal(t.size)


def arrays(folder):
    import numpy as np

    rng = np.random.default_rng(5)
    x = eeg(rng)
    moments = SECONDS - 1
    beats = np.cumsum(0.85 + 0.05 * np.sin(np.arange(80) * 0.9) + 0.02 * rng.standard_normal(80))
    series = lambda shape: rng.gamma(4, 1.0, shape)
    rate, lead = ecg(folder, rng)
    heart = np.cumsum(0.85 + 0.05 * np.sin(np.arange(360) * 0.9) + 0.02 * rng.standard_normal(360))
    heart = heart[heart < 300]
    return {
        "ecg": lead,
        "ecg_rate": np.array([float(rate)]),
        "ecg_beats": heart,
        "intervals": series_scipy({"ecg_beats": heart}),
        "trial_eeg": x,
        "eeg": x,
        "eeg_rate": np.array([float(RATE)]),
        "brain": series((CHANNELS * len(BANDS), moments)),
        "times": 1.0 + np.arange(moments),
        "lf": series(moments),
        "hf": series(moments),
        "beats": beats[beats < SECONDS],
        "epoch": x[:28, :600].copy(),
    }


# Stage of `limbic bench kernels`; others by name; least ratio of the fastest other to limbic; most ms for limbic;
# relative tolerance; how many of limbic's values the others compute.
STAGES = [
    ("spectra", {"SciPy": spectra_scipy, "MNE": spectra_mne}, 5.0, None, 1e-6),
    ("r_peaks", {"NeuroKit2": peaks_neurokit}, None, None, None),
    ("hrv", {"SciPy": series_scipy}, None, None, 1e-9),
    ("spwvd", {"SciPy": spwvd_scipy}, None, None, 1e-6),
    ("lf_hf", {}, None, None, None),
    ("interplay", {"NumPy (half of it)": interplay_numpy}, None, 50.0, 1e-6),
    ("trial", {}, None, 50.0, None),
    ("spectrograms", {"SciPy": spectrograms_scipy}, None, None, 1e-4),
]
# Name, stages, least ratio of the sum of the fastest others to the sum of limbic's.
TOGETHER = [("R peaks, intervals and SPWVD", ("r_peaks", "hrv", "spwvd"), 10.0)]


def timed(function, repeats, *arguments):
    function(*arguments)
    times = []
    for _ in range(repeats):
        began = time.process_time()
        result = function(*arguments)
        times.append(1e3 * (time.process_time() - began))
    return sorted(times)[len(times) // 2], result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--ecg", default=str(ROOT / "../shared/data/ecg"), help="folder of MIT-BIH record 100")
    arguments = parser.parse_args()
    try:
        import numpy as np
        import scipy
    except ImportError as missing:
        print(f"skipped: {missing.name} is not installed (pip install mne scipy)")
        return 0
    if not Path(arguments.limbic).exists():
        print(f"skipped: no program at {arguments.limbic} (cargo build --release)")
        return 0
    data = arrays(arguments.ecg)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, **data)
        command = [arguments.limbic, "bench", "kernels", str(path), "--repeats", str(arguments.repeats), "--json"]
        ours = {stage["name"]: stage for stage in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)}
    print(f"SciPy {scipy.__version__}, NumPy {np.__version__}; one thread; median CPU time of {arguments.repeats} runs, ms")
    failed, sums = False, {}
    for name, others, least, most, tolerance in STAGES:
        mine, fastest = ours[name]["median_ms"], None
        values = np.array([np.nan if v is None else v for v in ours[name]["values"]])
        print(f"{name}: limbic {mine:.2f} ms")
        for other, function in others.items():
            try:
                took, result = timed(function, max(3, arguments.repeats // 3), data)
            except ImportError as missing:
                print(f"  {other}: {missing.name} is not installed")
                continue
            result = np.asarray(result, dtype=float).ravel()
            fastest = took if fastest is None else min(fastest, took)
            if tolerance is None:
                # Two detectors: beats of the one within 50 ms of the other's.
                near = np.abs(values[:, None] - result[None]).min(axis=1) < 0.05
                agreement, agrees = f"{near.sum()} of {values.size} within 50 ms of {result.size}", near.mean() > 0.99
            else:
                error = np.nanmax(np.abs(values[: result.size] - result) / np.maximum(np.abs(result), 1e-3))
                agreement, agrees = f"to {error:.1e}", error <= tolerance
            print(f"  {other}: {took:.2f} ms, {took / mine:.1f} x limbic's; results agree {agreement}")
            # MNE's filter pads otherwise.
            if not agrees and other != "MNE":
                failed = True
                print(f"  DIFFERS from {other}")
        sums[name] = (mine, fastest)
        if least and fastest and fastest / mine < least:
            failed = True
            print(f"  MISSED: {fastest / mine:.1f} times instead of {least}")
        if most and mine > most:
            failed = True
            print(f"  MISSED: {mine:.1f} ms instead of {most} at most")
    for name, stages, least in TOGETHER:
        if any(sums[stage][1] is None for stage in stages):
            print(f"{name}: not compared")
            continue
        mine, theirs = (sum(sums[stage][side] for stage in stages) for side in (0, 1))
        print(f"{name}: limbic {mine:.2f} ms, others {theirs:.2f} ms, {theirs / mine:.1f} x limbic's")
        if theirs / mine < least:
            failed = True
            print(f"  MISSED: {theirs / mine:.1f} times instead of {least}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
