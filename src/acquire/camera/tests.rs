//! The camera's logic with a driver that blocks, disappears, delivers late and tears pictures, on purpose.

use super::driver::{Driver, Pixels, Shot};
use super::*;
use crate::signal::{Clock, SECOND, SystemClock};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const MODE: Mode = Mode { width: 16, height: 16, fps: 50, pixels: Pixels::Yuyv };

/// What the driver does next.
enum Deed {
    /// An image that was taken so many ms ago.
    Deliver(i64),
    Tear,
    /// Says that it is gone.
    Vanish,
    Panic,
    /// Waits until the test lets it go.
    Block(Receiver<()>),
}

/// A camera whose every opening and every image is written down beforehand.
struct Script {
    deeds: Receiver<Deed>,
    openings: AtomicUsize,
    /// Openings that fail, from the second on.
    refusals: usize,
}

impl Opener for Script {
    fn open(&self) -> Result<Box<dyn Driver>, String> {
        let opening = self.openings.fetch_add(1, Ordering::SeqCst);
        if (1..=self.refusals).contains(&opening) {
            return Err("not there yet".into());
        }
        Ok(Box::new(Fake(self.deeds.clone())))
    }
}

struct Fake(Receiver<Deed>);

impl Driver for Fake {
    fn name(&self) -> String {
        "Fake".into()
    }

    fn mode(&self) -> Mode {
        MODE
    }

    fn next(&mut self) -> Result<Shot, String> {
        let shot = |ago: i64, bytes| Ok(Shot { bytes, wall: Some(SystemClock.utc() - ago * 1_000_000) });
        match self.0.recv() {
            Ok(Deed::Deliver(ago)) => shot(ago, vec![128; 512]),
            Ok(Deed::Tear) => shot(0, vec![128; 100]),
            Ok(Deed::Panic) => panic!("a colour that v4l does not know"),
            Ok(Deed::Block(until)) => {
                let _ = until.recv();
                Err("interrupted".into())
            }
            Ok(Deed::Vanish) | Err(_) => Err("no such device".into()),
        }
    }
}

struct Bench {
    camera: Camera,
    deeds: Sender<Deed>,
    script: Arc<Script>,
}

/// A started camera with little patience.
fn bench(refusals: usize) -> Bench {
    let (deeds, out) = unbounded();
    let script = Arc::new(Script { deeds: out, openings: AtomicUsize::new(0), refusals });
    let around = Surroundings { clock: Arc::new(SystemClock), first_stream: 4, library_dir: None, log_dir: None };
    let patience = Patience {
        stall: Duration::from_millis(200),
        open: Duration::from_millis(500),
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(80),
    };
    let mut camera = Camera::with(script.clone(), &CameraRig::default(), &around, patience).expect("opens");
    camera.start().expect("starts");
    Bench { camera, deeds, script }
}

impl Bench {
    fn does(&self, deed: Deed) {
        self.deeds.send(deed).expect("the camera lives");
    }

    /// Reads until `enough` or 3 s have passed.
    fn read(&mut self, enough: impl Fn(&[Frame], &[String]) -> bool) -> (Vec<Frame>, Vec<String>) {
        let (mut frames, mut troubles) = (Vec::new(), Vec::new());
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(3) && !enough(&frames, &troubles) {
            for packet in self.camera.read(Duration::from_millis(10)).expect("never fails for good here") {
                match packet {
                    Packet::Frame(frame) => frames.push(frame),
                    Packet::Trouble { message, .. } => troubles.push(message),
                    other => panic!("a camera delivers frames only: {other:?}"),
                }
            }
        }
        (frames, troubles)
    }
}

#[test]
fn frames_carry_the_time_they_were_taken_not_when_they_came() {
    let mut bench = bench(0);
    assert_eq!(bench.camera.streams()[0].device, "Fake (camera 0, 16 x 16 YUYV at 50 Hz)");
    let sent = SystemClock.now();
    bench.does(Deed::Deliver(0));
    bench.does(Deed::Tear);
    bench.does(Deed::Deliver(120)); // late
    let (frames, troubles) = bench.read(|frames, _| frames.len() == 2);
    assert_eq!(troubles.len(), 1, "the torn picture: {troubles:?}");
    assert!(frames.iter().all(|f| f.stream == StreamId(4) && f.jpeg.starts_with(&[0xFF, 0xD8])));
    let late = frames[1].arrived - frames[1].captured;
    assert!((120..150).contains(&(late / 1_000_000)), "{late} ns");
    assert!(frames[0].captured >= sent - 1_000_000 && frames[0].captured <= frames[0].arrived);
}

#[test]
fn a_camera_that_blocks_is_left_and_opened_again() {
    let mut bench = bench(2);
    bench.does(Deed::Deliver(0));
    let (frames, _) = bench.read(|frames, _| frames.len() == 1);
    let (let_go, until) = bounded(1);
    bench.does(Deed::Block(until));
    // Two openings are refused, the third delivers.
    let (none, troubles) = bench.read(|_, troubles| !troubles.is_empty());
    assert!(none.is_empty() && troubles[0].contains("stalled") && troubles[0].contains("no frame for 0.2"), "{troubles:?}");
    bench.does(Deed::Deliver(0));
    bench.does(Deed::Deliver(0));
    let (more, troubles) = bench.read(|frames, _| frames.len() == 2);
    assert!(troubles.len() == 1 && troubles[0].starts_with("the camera is back; no frames for 0."), "{troubles:?}");
    assert_eq!(bench.script.openings.load(Ordering::SeqCst), 4);
    let gap = seconds(more[0].captured - frames[0].captured) * 50.0;
    assert_eq!(more[0].index, gap.round() as u64, "the frames that are missing are counted");
    assert_eq!(bench.camera.blocked.len(), 1, "the old thread still hangs");
    let began = Instant::now();
    bench.camera.stop();
    assert!(began.elapsed() < Duration::from_secs(1), "stopping never waits for the driver");
    drop(let_go);
}

#[test]
fn a_camera_that_vanishes_or_breaks_comes_back() {
    for last in [Deed::Vanish, Deed::Panic] {
        let mut bench = bench(3);
        bench.does(Deed::Deliver(0));
        bench.does(last);
        let (frames, troubles) = bench.read(|_, troubles| !troubles.is_empty());
        // A panic that writes its backtrace for longer than the watchdog waits looks like a stall.
        let told = ["the camera is gone", "stalled"].iter().any(|word| troubles[0].contains(word));
        assert!(frames.len() == 1 && told, "{troubles:?}");
        bench.does(Deed::Deliver(0));
        let (frames, troubles) = bench.read(|frames, _| !frames.is_empty());
        assert_eq!((frames.len(), troubles.len()), (1, 1), "told once that it went, once that it came: {troubles:?}");
        assert!(frames[0].index > 1);
    }
}

#[test]
fn threads_that_hang_in_the_driver_do_not_pile_up() {
    let mut bench = bench(0);
    let (let_go, until) = bounded::<()>(1);
    for _ in 0..MOST_BLOCKED {
        bench.does(Deed::Block(until.clone()));
    }
    let began = Instant::now();
    let error = loop {
        match bench.camera.read(Duration::from_millis(10)) {
            Ok(_) => assert!(began.elapsed() < Duration::from_secs(5), "it went on opening"),
            Err(e) => break e.to_string(),
        }
    };
    assert!(error.contains("the driver no longer answers"), "{error}");
    assert_eq!(bench.script.openings.load(Ordering::SeqCst), MOST_BLOCKED);
    drop(let_go);
}

#[test]
fn a_full_channel_drops_frames_and_their_numbers_tell() {
    let mut bench = bench(0);
    bench.does(Deed::Deliver(4000));
    bench.read(|frames, _| frames.len() == 1);
    // Thirty frames 20 ms apart while nobody reads: eight wait, the rest is dropped.
    (0..30).for_each(|i| bench.does(Deed::Deliver(3000 - 20 * i)));
    std::thread::sleep(Duration::from_millis(150));
    let (waiting, _) = bench.read(|frames, _| frames.len() == 8);
    bench.does(Deed::Deliver(2000));
    let (next, _) = bench.read(|frames, _| !frames.is_empty());
    let hole = next[0].index - waiting[7].index;
    let periods = seconds(next[0].captured - waiting[7].captured) * 50.0;
    assert_eq!(hole, periods.round() as u64, "one number a period");
    assert!(hole >= 43, "{hole}: 22 dropped frames, 400 ms of silence, and the time that nobody read");
}

#[test]
fn without_a_camera_there_is_one_clear_sentence() {
    let rig = CameraRig { device: crate::rig::CameraChoice::Number(63), ..CameraRig::default() };
    let around = Surroundings { clock: Arc::new(SystemClock), first_stream: 0, library_dir: None, log_dir: None };
    let open = |rig: &CameraRig| Camera::open(rig, &around).err().expect("no such camera").to_string();
    let said = open(&rig);
    println!("{said}");
    assert!(said.starts_with("camera 63: ") && said.contains("No such file"), "{said}");
    assert!(open(&CameraRig { fps: 0, ..rig.clone() }).contains("fps = 0"));
    assert!(open(&CameraRig { width: 4, ..rig }).contains("4 x 480"));
}

#[test]
fn waiting_for_a_moment_interrupts_a_real_wait() {
    /// Waits in poll(2) without a limit, as nokhwa does.
    struct Poll;
    impl Opener for Poll {
        fn open(&self) -> Result<Box<dyn Driver>, String> {
            Ok(Box::new(Poll))
        }
    }
    impl Driver for Poll {
        fn name(&self) -> String {
            "poll".into()
        }
        fn mode(&self) -> Mode {
            MODE
        }
        fn next(&mut self) -> Result<Shot, String> {
            // SAFETY: no descriptors, no limit.
            let answer = unsafe { libc::poll(std::ptr::null_mut(), 0, -1) };
            Err(format!("{answer}: {}", std::io::Error::last_os_error()))
        }
    }
    let grab = Grab::spawn(Arc::new(Poll), Arc::new(SystemClock), 85).expect("a thread");
    grab.go();
    std::thread::sleep(Duration::from_millis(50));
    assert!(!grab.is_over());
    let began = SystemClock.now();
    assert!(grab.end().is_none(), "the thread ended and the camera is closed");
    assert!(SystemClock.now() - began < SECOND);
}
