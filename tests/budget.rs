//! What each screen costs on the wire and on the processor: the real lab on simulated time, a minute of it, drawn at
//! 120x40 through the painter that draws the terminal. Bytes are held to their budgets; processor times are printed.

mod inside;

use inside::Inside;
use limbic::lab::message::{Command, Event, Snapshot};
use limbic::rig::Rig;
use limbic::show::paint::Painter;
use limbic::show::{App, Caps, Depth, Input, Link, Place, example};
use limbic::signal::{BANDS, ManualClock, SECOND, SharedClock};
use std::sync::Arc;
use std::time::Duration;

const COLOURS: Caps = Caps { ascii: false, depth: Depth::TwoFiftySix, light: false };
const SIZE: (u16, u16) = (120, 40);
/// Seconds of the simulator per screen; LIMBIC_BUDGET_S=60 for the whole minute of the budget.
fn seconds() -> usize {
    std::env::var("LIMBIC_BUDGET_S").ok().and_then(|s| s.parse().ok()).unwrap_or(12)
}

/// Time that this thread has had on a core: what else the machine does is not counted.
fn on_core() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32)
}

/// Budgets, bytes a second.
const LIVE: f64 = 20_000.0;
const MAPS: f64 = 10_000.0;
const IDLE: f64 = 200.0;

/// Bytes a second and milliseconds a frame of a screen over a minute of the lab; the first frame, which fills the
/// screen, is not counted.
fn cost(lab: &mut Inside, place: Place, keys: &str, fps: usize) -> (f64, f64) {
    let mut painter = Painter::new(std::io::sink(), SIZE.0, SIZE.1);
    let mut spent = Duration::ZERO;
    let (mut opened, mut frames_sent) = (0, 0);
    let mut app = App::new(lab, COLOURS, 1 << 40);
    app.poll();
    app.go(place);
    for key in keys.chars() {
        app.handle(Input::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(key))));
    }
    for frame in 0..=seconds() * fps {
        app.link_mut().run(Duration::from_millis(1000 / fps as u64));
        app.poll();
        let began = on_core();
        let sent = painter.paint(|buffer| app.draw(buffer), b"").expect("a sink takes all");
        frames_sent += usize::from(frame > 0 && sent > 0);
        if frame == 0 {
            opened = painter.sent();
        } else {
            spent += on_core() - began;
        }
    }
    assert_eq!(app.place(), place, "the screen stays");
    if place == Place::Gate {
        let moved = app.link_mut().lab.snapshot().quality.is_some_and(|q| q.overall > 0.0);
        assert!(moved && frames_sent > 0, "the gate is live, and not a dead screen");
    }
    let frames = (seconds() * fps) as f64;
    ((painter.sent() - opened) as f64 / seconds() as f64, spent.as_secs_f64() * 1e3 / frames)
}

fn held(name: &str, budget: f64, (bytes, ms): (f64, f64)) {
    println!("{name:<28} {bytes:>8.0} B/s of {budget:>6.0}   {ms:.3} ms a frame");
    assert!(bytes <= budget, "{name} costs {bytes:.0} B/s on the wire; its budget is {budget:.0}");
}

#[test]
fn live_screens_keep_to_their_budgets() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut lab = Inside::new(folder.path());
    lab.connects(folder.path(), true);
    lab.run(Duration::from_secs(12));
    held("devices, 10 fps", 2_000.0, cost(&mut lab, Place::Devices, "", 10));
    held("gate, 20 fps", LIVE, cost(&mut lab, Place::Gate, "", 20));
    lab.records();
    held("session, overview, 20 fps", LIVE, cost(&mut lab, Place::Session, "", 20));
    held("session, 32 traces, 20 fps", LIVE, cost(&mut lab, Place::Session, "2", 20));
    held("session, the worst, 20 fps", LIVE, cost(&mut lab, Place::Session, "3", 20));
    held("session, heart, 20 fps", LIVE, cost(&mut lab, Place::Session, "4", 20));
    held("session, band maps, 20 fps", MAPS, cost(&mut lab, Place::Session, "5", 20));
}

/// Snapshots that come ten times a second without anything that happens.
fn idle(snapshot: &Snapshot, place: Place, keys: &str) -> (f64, f64) {
    struct Quiet(Snapshot);
    impl Link for Quiet {
        fn send(&mut self, _: Command) {}
        fn events(&mut self) -> Vec<Event> {
            Vec::new()
        }
        fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
            self.0.seq += 1;
            self.0.now += SECOND / 10;
            self.0.utc += SECOND / 10;
            Some(Arc::new(self.0.clone()))
        }
    }
    let mut app = App::new(Quiet(snapshot.clone()), COLOURS, 1);
    app.poll();
    app.go(place);
    for key in keys.chars() {
        app.handle(Input::Key(crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(key))));
    }
    let mut painter = Painter::new(std::io::sink(), SIZE.0, SIZE.1);
    painter.paint(|buffer| app.draw(buffer), b"").expect("a sink takes all");
    let (opened, began) = (painter.sent(), on_core());
    for _ in 0..seconds() * 10 {
        app.poll();
        painter.paint(|buffer| app.draw(buffer), b"").expect("a sink takes all");
    }
    ((painter.sent() - opened) as f64 / seconds() as f64, (on_core() - began).as_secs_f64() * 1e3 / (seconds() * 10) as f64)
}

#[test]
fn idle_screens_cost_next_to_nothing() {
    let live = [Place::Devices, Place::Gate, Place::Session];
    for scene in example::scenes().iter().filter(|s| !live.contains(&s.place) && !s.own_screen) {
        held(scene.name, IDLE, idle(&scene.snapshot, scene.place, scene.keys));
    }
}

/// Four heads of live band powers, once a second as features come (twice cost 11 kB/s, four times 16), as large as 120x40 allows.
#[test]
fn live_topographies_keep_to_their_budget() {
    use limbic::prepare::spectrum::{Spectrum, band_powers};
    use limbic::show::palette::{Depth, Scale};
    use limbic::show::topography::Bands;
    let samples = simulated(64);
    let (rate, labels) = (samples.1, samples.2);
    let mut spectrum = Spectrum::new(rate as usize * 2, rate).expect("a length");
    let heads = Bands::new(&labels, BANDS.len(), 120, 36).expect("electrodes");
    let mut painter = Painter::new(std::io::sink(), SIZE.0, SIZE.1);
    let (mut opened, mut spent) = (0, Duration::ZERO);
    for step in 0..=seconds() {
        let end = rate as usize * 2 + step * rate as usize;
        let powers: Vec<Vec<f64>> = samples
            .0
            .iter()
            .map(|channel| {
                let density = spectrum.density(&channel[end - rate as usize * 2..end]);
                band_powers(&density, 0.5, &BANDS).into_iter().map(|p| p.max(1e-9).log10()).collect()
            })
            .collect();
        let maps: Vec<(&str, Vec<f64>)> =
            BANDS.iter().enumerate().map(|(b, band)| (band.name, powers.iter().map(|p| p[b]).collect())).collect();
        let maps: Vec<(&str, &[f64])> = maps.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        let began = on_core();
        let scale = Scale::Power { low: -2.0, high: 2.5 };
        let draw = |buffer: &mut ratatui::buffer::Buffer| {
            let area = buffer.area;
            heads.draw(buffer, area, &maps, scale, Depth::Ansi256, false);
        };
        painter.paint(draw, b"").expect("a sink takes all");
        if step == 0 {
            opened = painter.sent();
        } else {
            spent += on_core() - began;
        }
    }
    let bytes = (painter.sent() - opened) as f64 / seconds() as f64;
    held("four topographies, 1 Hz", MAPS, (bytes, spent.as_secs_f64() * 1e3 / (seconds()) as f64));
}

/// EEG channels of the simulated participant: samples by channel, Hz, labels.
fn simulated(seconds: usize) -> (Vec<Vec<f64>>, f64, Vec<String>) {
    use limbic::acquire::{self, Packet, Surroundings};
    use limbic::signal::Role;
    let clock: SharedClock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let mut source = acquire::open(&Rig::simulated(7).devices[0], &around).expect("the simulator");
    let info = source.streams()[0].clone();
    source.start().expect("starts");
    let eeg: Vec<usize> = (0..info.channels.len()).filter(|c| info.channels[*c].role == Role::Eeg).collect();
    let mut samples = vec![Vec::new(); eeg.len()];
    while samples[0].len() < (seconds as f64 * info.rate) as usize {
        clock.wait(Duration::from_millis(50));
        for packet in source.read(Duration::ZERO).expect("reads") {
            if let Packet::Samples(chunk) = packet {
                for row in chunk.rows.chunks(chunk.channels) {
                    eeg.iter().zip(&mut samples).for_each(|(c, out)| out.push(f64::from(row[*c])));
                }
            }
        }
    }
    (samples, info.rate, eeg.iter().map(|c| info.channels[*c].label.clone()).collect())
}
