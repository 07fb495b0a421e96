"""An LSL outlet whose every sample is known: for tests and for trying a rig out.

Channel 0 holds the sample's number modulo 1,000,000 (exact as float32); channel c > 0 holds 10 uV of a sine of 10 Hz at
a phase of its own. A line "ready" on stdout says that the outlet is there; at the end "sent N".

Needs pylsl. Examples:
    python3 tests/lsl_outlet.py --channels 32 --rate 256
    python3 tests/lsl_outlet.py --ppm 80 --seconds 620
    python3 tests/lsl_outlet.py --layout emotivpro --channels 14 --rate 128 --lose 3000:17
"""
import argparse
import math
import os
import signal
import sys
import time

import pylsl

LABELS = ("Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 F8 AF4 Fp2 Fz Cz").split()


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--name", default="limbic-test")
    p.add_argument("--type", default="EEG")
    p.add_argument("--source-id", default="limbic-test-1")
    p.add_argument("--rate", type=float, default=256.0)
    p.add_argument("--channels", type=int, default=32)
    p.add_argument("--chunk", type=int, default=8, help="samples a push")
    p.add_argument("--ppm", type=float, default=0.0, help="how much faster than nominal the device's clock runs")
    p.add_argument("--seconds", type=float, default=1e9, help="end after so long")
    p.add_argument("--die-after", type=float, default=None, help="SIGKILL itself after so long")
    p.add_argument("--begin", type=int, default=0, help="number of the first sample")
    p.add_argument("--from-monotonic", type=float, default=None, help="sample 0 was taken then: a restarted device goes on")
    p.add_argument("--layout", choices=["plain", "emotivpro"], default="plain")
    p.add_argument("--lose", action="append", default=[], metavar="FIRST:COUNT", help="samples that are never sent")
    p.add_argument("--interpolate", action="append", default=[], metavar="FIRST:COUNT", help="samples marked as made up")
    p.add_argument("--contact", action="store_true", help="a Contact-Quality stream beside: the second electrode is poor")
    p.add_argument("--markers", action="store_true", help="a stream of text markers beside: one a second")
    return p.parse_args()


def ranges(texts):
    pairs = [tuple(int(n) for n in t.split(":")) for t in texts]
    return lambda i: any(first <= i < first + count for first, count in pairs)


def describe(info, labels, kind):
    channels = info.desc().append_child("channels")
    for label in labels:
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "microvolts")
        channel.append_child_value("type", kind)
    return info


def main():
    a = arguments()
    emotiv = a.layout == "emotivpro"
    name = "EmotivDataStream-EEG" if emotiv else a.name
    electrodes = [LABELS[c % 32] + ("" if c < 32 else f"_{c // 32}") for c in range(a.channels)]
    labels = ["Timestamp", "Counter", "Interpolate", *electrodes, "HardwareMarker", "Markers"] if emotiv else electrodes
    kind = pylsl.cf_double64 if emotiv else pylsl.cf_float32
    info = describe(pylsl.StreamInfo(name, a.type, len(labels), a.rate, kind, a.source_id), labels, a.type)
    outlet = pylsl.StreamOutlet(info, a.chunk)
    contact = markers = None
    if a.contact:
        said = ["Timestamp", "BatteryPercent", "Overall", "Signal", *electrodes]
        quality = pylsl.StreamInfo("EmotivDataStream-Contact-Quality", "Contact-Quality", len(said), 2.0, kind, a.source_id + "-cq")
        contact = pylsl.StreamOutlet(describe(quality, said, "CQ"))
    if a.markers:
        markers = pylsl.StreamOutlet(pylsl.StreamInfo(a.name + "-markers", "Markers", 1, 0.0, pylsl.cf_string, a.source_id + "-m"))
    lost, made_up = ranges(a.lose), ranges(a.interpolate)
    # The sine repeats after a whole second at most rates; a table keeps the outlet cheap.
    table = [[10.0 * math.sin(2 * math.pi * (10.0 * i / a.rate + c / 40.0)) for c in range(1, a.channels)] for i in range(int(a.rate))]
    print("ready", flush=True)
    begun = time.monotonic()
    zero = begun if a.from_monotonic is None else a.from_monotonic
    true_rate = a.rate * (1.0 + a.ppm * 1e-6)
    i = a.begin if a.from_monotonic is None else math.ceil((begun - zero) * true_rate)
    first = i
    sent, beat = 0, 0
    while True:
        # A chunk can be sent when its last sample has been taken.
        due = zero + (i - (a.begin if a.from_monotonic is None else 0) + a.chunk - 1) / true_rate
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
        rows = []
        for k in range(i, i + a.chunk):
            if lost(k):
                continue
            row = [float(k % 1_000_000), *table[k % len(table)]]
            if emotiv:
                row = [time.time(), float(k % int(a.rate)), 1.0 if made_up(k) else 0.0, *row, 0.0, 0.0]
            rows.append(row)
        if rows:
            outlet.push_chunk(rows)
            sent += len(rows)
        i += a.chunk
        elapsed = time.monotonic() - begun
        if contact and elapsed * 2 >= beat:
            grades = [1.0 if c == 1 else 4.0 for c in range(a.channels)]
            contact.push_sample([time.time(), 80.0, 90.0, 4.0, *grades])
        if markers and elapsed * 2 >= beat and beat % 2 == 0:
            markers.push_sample([f"beat {beat // 2}"])
        beat += elapsed * 2 >= beat
        if a.die_after is not None and elapsed >= a.die_after:
            print(f"first {first} sent {sent}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if elapsed >= a.seconds:
            break
    print(f"first {first} sent {sent}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
