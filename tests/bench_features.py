#!/usr/bin/env python3
"""Times limbic's signal stages beside those of SciPy and MNE: same arrays, one thread, one run.

    python3 tests/bench_features.py [--limbic target/release/limbic] [--repeats 15]

Each stage is one entry of STAGES: arrays, what the others compute, and the mark to reach. `limbic bench kernels` times
limbic's side and hands back its results, which must agree with the others'. Exits with 1 where a mark is missed or
results differ, with 0 where SciPy is missing.
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


def arrays():
    import numpy as np

    rng = np.random.default_rng(5)
    x = eeg(rng)
    moments = SECONDS - 1
    beats = np.cumsum(0.85 + 0.05 * np.sin(np.arange(80) * 0.9) + 0.02 * rng.standard_normal(80))
    series = lambda shape: rng.gamma(4, 1.0, shape)
    return {
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
    ("interplay", {"NumPy (half of it)": interplay_numpy}, None, 50.0, 1e-6),
    ("spectrograms", {"SciPy": spectrograms_scipy}, None, None, 1e-4),
]


def timed(function, repeats, *arguments):
    function(*arguments)
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = function(*arguments)
        times.append(1e3 * (time.perf_counter() - began))
    return sorted(times)[len(times) // 2], result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limbic", default=str(ROOT / "target/release/limbic"))
    parser.add_argument("--repeats", type=int, default=15)
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
    data = arrays()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, **data)
        command = [arguments.limbic, "bench", "kernels", str(path), "--repeats", str(arguments.repeats), "--json"]
        ours = {stage["name"]: stage for stage in json.loads(subprocess.run(command, check=True, capture_output=True).stdout)}
    print(f"SciPy {scipy.__version__}, NumPy {np.__version__}; one thread; median of {arguments.repeats} runs, ms")
    failed = False
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
            result = np.asarray(result).ravel()
            error = np.nanmax(np.abs(values[: result.size] - result) / np.maximum(np.abs(result), 1e-3))
            fastest = took if fastest is None else min(fastest, took)
            agrees = error <= tolerance
            print(f"  {other}: {took:.2f} ms, {took / mine:.1f} x limbic's; results agree to {error:.1e}")
            if not agrees and other != "MNE":
                failed = True
                print(f"  DIFFERS from {other}")
        if least and fastest and fastest / mine < least:
            failed = True
            print(f"  MISSED: {fastest / mine:.1f} times instead of {least}")
        if most and mine > most:
            failed = True
            print(f"  MISSED: {mine:.1f} ms instead of {most} at most")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
