//! Every screen in every situation and size, and a whole session walked by keys with the commands that it sends.

#[path = "screens_more/figures.rs"]
mod figures;
#[path = "screens_more/guided.rs"]
mod guided;
#[path = "screens_more/results.rs"]
mod results;
#[path = "screens_more/small.rs"]
mod small;
#[path = "screens_more/ways.rs"]
mod ways;
#[path = "screens_more/words.rs"]
mod words;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::show::{App, Caps, Depth, Input, Link, Place, Standing, example};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use std::sync::Arc;

const ASCII: Caps = Caps { ascii: true, depth: Depth::Mono, light: false };
const COLOUR: Caps = Caps { ascii: false, depth: Depth::True, light: false };

/// A lab that remembers what it was told and says what it is given to say.
#[derive(Default)]
struct FakeLab {
    heard: Vec<Command>,
    events: Vec<Event>,
    snapshot: Option<Arc<Snapshot>>,
    /// None: in this process.
    standing: Option<Standing>,
    broken: bool,
    ended: Option<String>,
}

impl Link for FakeLab {
    fn send(&mut self, command: Command) {
        self.heard.push(command);
    }
    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.snapshot.take()
    }
    fn standing(&self) -> Standing {
        self.standing.unwrap_or(Standing::Inside)
    }
    fn broken(&self) -> bool {
        self.broken
    }
    fn ended(&self) -> Option<String> {
        self.ended.clone()
    }
}

/// Keys in, screens and commands out.
struct Harness {
    app: App<FakeLab>,
}

impl Harness {
    fn new(caps: Caps, snapshot: Snapshot) -> Self {
        let mut harness = Harness { app: App::new(FakeLab::default(), caps, 1) };
        harness.snapshot(snapshot);
        harness
    }

    fn at(caps: Caps, snapshot: Snapshot, place: Place) -> Self {
        let mut harness = Harness::new(caps, snapshot);
        harness.app.go(place);
        harness
    }

    fn snapshot(&mut self, snapshot: Snapshot) -> &mut Self {
        self.app.link_mut().snapshot = Some(Arc::new(snapshot));
        self.app.poll();
        self
    }

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.app.handle(Input::Key(KeyEvent::from(code)));
        self
    }

    /// A key this many milliseconds after the beginning, as the terminal tells it.
    fn press_at(&mut self, ms: i64, code: KeyCode) -> &mut Self {
        limbic::show::Program::time(&mut self.app, ms * 1_000_000);
        self.press(code)
    }

    fn control(&mut self, c: char) -> &mut Self {
        self.app.handle(Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
        self
    }

    fn keys(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
        self
    }

    fn say(&mut self, event: Event) -> &mut Self {
        self.app.link_mut().events.push(event);
        self.app.poll();
        self
    }

    /// The commands since the last call, drafts left out.
    fn sent(&mut self) -> Vec<Action> {
        let heard = self.app.link_mut().heard.drain(..).map(|c| c.action);
        heard.filter(|a| !matches!(a, Action::Draft { .. })).collect()
    }

    /// The drafts since the last call.
    fn drafts(&mut self) -> Vec<Action> {
        let heard = self.app.link_mut().heard.drain(..).map(|c| c.action);
        heard.filter(|a| matches!(a, Action::Draft { .. })).collect()
    }

    /// The last command that is no draft, acknowledged.
    fn acknowledged(&mut self) -> Action {
        self.app.link_mut().heard.retain(|c| !matches!(c.action, Action::Draft { .. }));
        let command = self.app.link_mut().heard.pop().expect("a command was sent");
        self.app.link_mut().heard.clear();
        self.app.link_mut().events.push(Event::Acknowledged { id: command.id });
        self.app.poll();
        command.action
    }

    fn text(&self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
        terminal.draw(|frame| self.app.draw(frame.buffer_mut())).expect("draws");
        lines(terminal.backend().buffer())
    }
}

fn lines(buf: &Buffer) -> String {
    let width = buf.area.width as usize;
    let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>().trim_end().to_string();
    let rows = buf.content.chunks(width).map(line);
    rows.collect::<Vec<_>>().join("\n")
}

/// The picture with its colours as escape sequences, for people.
fn coloured(buf: &Buffer) -> String {
    use ratatui::style::{Color, Modifier};
    let mut picture = String::new();
    for row in buf.content.chunks(buf.area.width as usize) {
        for cell in row {
            let mut codes = vec!["0".to_string()];
            for (modifier, code) in [(Modifier::BOLD, "1"), (Modifier::DIM, "2"), (Modifier::REVERSED, "7")] {
                if cell.modifier.contains(modifier) {
                    codes.push(code.into());
                }
            }
            if let Color::Rgb(r, g, b) = cell.fg {
                codes.push(format!("38;2;{r};{g};{b}"));
            }
            picture += &format!("\u{1b}[{}m{}", codes.join(";"), cell.symbol());
        }
        picture += "\u{1b}[0m\n";
    }
    picture
}

/// Which screen shows which situation.
fn scenes() -> Vec<(&'static str, Snapshot, Place)> {
    vec![
        ("home", example::home(), Place::Home),
        ("participant", example::home(), Place::Participant),
        ("devices before", example::prepared(), Place::Devices),
        ("devices", example::gate_failing(), Place::Devices),
        ("montage", example::gate_failing(), Place::Montage),
        ("gate failing", example::gate_failing(), Place::Gate),
        ("gate passing", example::gate_passing(), Place::Gate),
        ("camera", example::gate_passing(), Place::Camera),
        ("playlist", example::gate_passing(), Place::Playlist),
        ("session", example::recording(), Place::Session),
        ("paused", example::paused(), Place::Session),
        ("rating", example::rating(), Place::Rating),
        ("labelling", example::labelling(), Place::Label),
        ("summary", example::summary(), Place::Summary),
        ("train choice", example::summary(), Place::Train),
        ("training", example::training(), Place::Train),
        ("review", example::reviewed(), Place::Review),
        ("explain", example::reviewed(), Place::Explain),
        ("help", example::reviewed(), Place::Help),
    ]
}

/// `cargo test --release --test screens -- --ignored --nocapture print` shows every screen for people to look at.
#[test]
#[ignore = "prints pictures for people"]
fn print() {
    for (name, snapshot, place) in scenes() {
        for (caps, width, height) in [(ASCII, 80, 24), (COLOUR, 120, 40)] {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
            Harness::at(caps, snapshot.clone(), place).app.draw(&mut buf);
            let picture = if caps.ascii { lines(&buf) } else { coloured(&buf) };
            println!("==== {name} {width}x{height} {}", "=".repeat(width as usize - name.len() - 12));
            println!("{picture}");
        }
    }
}

/// Words that make a screen what it is, at 80x24 in ASCII.
#[test]
fn every_screen_says_its_words_at_80x24_in_seven_bits() {
    let words: &[(&str, &[&str])] = &[
        ("home", &["LIMBIC", "new session", "P06/2", "INTERRUPTED", "eeg-20261120-140210", "limbic setup", "SIM", "q quit"]),
        ("participant", &["1/7", "never a name", "65+", "STORED", "LEAVE", "witnessed by", "Enter save"]),
        ("devices before", &["2/7", "simulated rig", "FreeEEG32", "Enter connect"]),
        (
            "devices",
            &[
                "STREAMING",
                "255.90 of",
                "moving",
                "assumed",
                "1 FAILED",
                "FAIL",
                "picture stands still",
                "cover off",
                "Enter to the montage",
            ],
        ),
        ("montage", &["3/7", "29 of 34 placed", "1 bad", "Fp1", ".Cz", "XT8", "+Fp1", "good 4/4", "Space placed"]),
        ("camera", &["5/7", "NO DETECTOR", "118", "640 x 480", "sharpness", "P preview on", "Off."]),
        ("playlist", &["6/7", "shuffled by seed 1", "MISSING", "anger-07", "balance", "6:36 in all", "clips/anger-07.mp4"]),
        ("labelling", &["clip 3 of", "4.0 -   7.5", "as rated", "marked live", "heart", "model", "felt", "intensity 6"]),
        ("gate failing", &["76%", "gate 80%", "NOT YET", "T8", "FLAT", "MAINS", "plug it", "ecg", "face", "O go on"]),
        ("gate passing", &["PASS", "Enter to the camera"]),
        ("session", &["REC FACE 04:03", "[VIDEO]", "14.0 / 20.0 s", "meant: anger", "heart 78", "lost", "P07/1", "uV", "BAD"]),
        ("paused", &["PAUSED", "SAMPLES GO ON BEING WRITTEN", "redo the trial", "lost 37!", "LOSING"]),
        ("rating", &["VALENCE", "[ 3 ]", "AROUSAL", "h happiness", "x anxiety", "1 of 3 answered", "saved", "P07/1"]),
        ("summary", &["COMPLETE", "12 of 12 done", "1 redone", "valence", "meant / reported", "t train"]),
        ("train choice", &["3 of 4 sessions", "no finished trial", "seed 0", "[x]", "Enter start"]),
        ("training", &["train fold 2/4", "36%", "epoch 24", "S stop"]),
        (
            "review",
            &[
                "WRONG",
                "split",
                "Confusion",
                "fused",
                "majority",
                "chance 0.25",
                "[3]",
                "intended sadness",
                "reported calm",
                "SIMULATED",
            ],
        ),
        (
            "explain",
            &["HAPPINESS", "theta 4-8 Hz", "gamma", "AUDC", "most faithful", "random rankings", "frontal theta", "0.35 to 0.48"],
        ),
        ("help", &["HELP", "Ctrl-C", "Alt-n"]),
    ];
    for (name, snapshot, place) in scenes() {
        let text = Harness::at(ASCII, snapshot, place).text(80, 24);
        assert!(text.is_ascii(), "{name} is not 7-bit:\n{text}");
        let (_, wanted) = words.iter().find(|(n, _)| *n == name).expect("words for the scene");
        for word in *wanted {
            assert!(text.contains(word), "{name} lacks \"{word}\":\n{text}");
        }
        assert!(text.contains("SIMULATED"), "{name} hides that its data are simulated");
    }
}

#[test]
fn colour_at_120x40_says_the_same_and_uses_colour() {
    for (name, snapshot, place) in scenes() {
        let harness = Harness::at(COLOUR, snapshot, place);
        let mut buf = Buffer::empty(Rect::new(0, 0, 120, 40));
        harness.app.draw(&mut buf);
        let colours: std::collections::BTreeSet<String> = buf.content.iter().map(|c| format!("{:?}", c.fg)).collect();
        assert!(colours.len() >= 4, "{name} has only {colours:?}");
        let background = buf.content.iter().all(|c| c.bg == ratatui::style::Color::Reset);
        // Half-block topographies need both colours of a cell; they lie inside the head's outline.
        assert!(background || name == "explain", "{name} sets a background, which spoils light terminals");
        assert!(lines(&buf).contains("SIMULATED"), "{name}");
    }
    let session = Harness::at(COLOUR, example::recording(), Place::Session).text(120, 40);
    assert!(session.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "no braille trace:\n{session}");
}

#[test]
fn no_colour_leaves_no_colour() {
    for (name, snapshot, place) in scenes() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        Harness::at(ASCII, snapshot, place).app.draw(&mut buf);
        assert!(buf.content.iter().all(|c| c.fg == ratatui::style::Color::Reset), "{name}");
    }
}

#[test]
fn no_size_breaks_a_screen() {
    for (name, snapshot, place) in scenes() {
        for caps in [ASCII, COLOUR] {
            let mut harness = Harness::at(caps, snapshot.clone(), place);
            for popup in ["", "N"] {
                if !popup.is_empty() {
                    harness.control('c');
                }
                for width in (20..=200).step_by(9).chain([1, 59, 60, 61, 99, 100]) {
                    for height in (8..=60).step_by(4).chain([1, 17, 18, 19, 29, 33]) {
                        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                        harness.app.draw(&mut buf);
                        let text = lines(&buf);
                        assert!(!text.trim().is_empty() || width < 8, "{name} is empty at {width}x{height}");
                    }
                }
            }
        }
    }
}

/// The footer tells the truth: every single-key hint is a key that its screen knows.
#[test]
fn every_hint_is_a_key_that_does_something() {
    for (name, snapshot, place) in scenes().into_iter().filter(|(_, _, p)| *p != Place::Help) {
        for hint in place.open().hints(&snapshot) {
            let (key, what) = (hint.key, hint.what);
            let code = match key {
                "Enter" => KeyCode::Enter,
                "Esc" => KeyCode::Esc,
                "Tab" => KeyCode::Tab,
                "Space" => KeyCode::Char(' '),
                k if k.chars().count() == 1 => KeyCode::Char(k.chars().next().expect("one")),
                _ => continue,
            };
            let mut harness = Harness::at(ASCII, snapshot.clone(), place);
            // Train's "with/without" needs a session; every scene has one.
            let before = harness.text(100, 30);
            harness.press(code);
            let acted = !harness.sent().is_empty() || harness.app.place() != place || harness.text(100, 30) != before;
            // Moving down a list of one changes nothing.
            assert!(acted || key.contains('/'), "{name}: {key} ({what}) does nothing");
        }
    }
}

#[test]
fn a_whole_session_by_keys() {
    let mut h = Harness::new(ASCII, example::home());
    h.press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Participant);
    h.keys("P07").press(KeyCode::Enter);
    assert!(h.text(80, 24).contains("without this consent"), "consent is asked for");
    h.press(KeyCode::Char(' ')).press(KeyCode::Tab).press(KeyCode::Char(' ')).press(KeyCode::Enter);
    assert!(h.text(80, 24).contains("who witnessed"), "{}", h.text(80, 24));
    h.keys("MK").press(KeyCode::Enter);
    assert!(h.text(80, 24).contains("saving ..."), "not saved before the lab says so");
    assert_eq!(h.app.place(), Place::Participant);
    let Action::Prepare { participant, consent } = h.acknowledged() else { panic!("Prepare") };
    assert_eq!((participant.code.as_str(), consent.experimenter.as_str()), ("P07", "MK"));
    assert!(consent.recording && consent.face_stored && !consent.face_shared);
    assert_eq!(h.app.place(), Place::Devices);

    h.snapshot(example::prepared()).press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Connect { rig: None });
    h.snapshot(example::gate_failing()).press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Montage);
    h.press(KeyCode::End).press(KeyCode::Up).press(KeyCode::Up).keys(" ");
    let Action::Place { label, state, .. } = h.acknowledged() else { panic!("Place") };
    assert_eq!((label.as_str(), state), ("Cz", limbic::signal::Placed::Placed));
    h.press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Gate);
    h.press(KeyCode::Enter);
    assert!(h.sent().is_empty() && h.text(80, 24).contains("press O"), "no recording below the gate");
    h.keys("O").press(KeyCode::Enter);
    assert!(h.sent().is_empty(), "an override needs a reason");
    h.keys("trial run").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Override { reason: "trial run".into() });
    // The signal is as bad as before: the reason alone opens the gate.
    let overridden = || Snapshot { overridden: Some("trial run".into()), ..example::gate_failing() };
    h.snapshot(overridden()).press(KeyCode::Enter).press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Playlist);
    h.press(KeyCode::Enter);
    assert!(h.sent().is_empty() && h.text(80, 24).contains("is not at clips"), "a missing file begins nothing");
    let mut whole = overridden();
    whole.guided.playlist.iter_mut().flat_map(|p| &mut p.entries).for_each(|e| e.trouble = None);
    h.snapshot(whole).keys("s");
    assert_eq!(h.acknowledged(), Action::Order { seed: Some(2) });
    h.press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Begin);

    h.snapshot(example::recording());
    assert_eq!(h.app.place(), Place::Session, "the session moves the screens by itself");
    h.keys("m").keys("cough").press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Mark { text, .. } if text == "cough"));
    h.keys("n").keys("sleepy ?").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Note { text: "sleepy ?".into() });
    h.keys("p");
    assert!(matches!(h.acknowledged(), Action::Pause { .. }));
    h.snapshot(example::paused()).keys("r").press(KeyCode::Down).press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Redo { reason, .. } if reason == "participant asked"));
    h.snapshot(example::paused()).keys("c");
    assert_eq!(h.acknowledged(), Action::Continue);

    h.snapshot(example::rating());
    assert_eq!(h.app.place(), Place::Rating);
    h.keys("85a");
    let ratings: Vec<_> = h
        .sent()
        .into_iter()
        .filter_map(|a| if let Action::Rate { rating, done, .. } = a { Some((rating, done)) } else { None })
        .collect();
    assert_eq!(ratings.len(), 3, "each key press is saved");
    assert!(ratings.iter().all(|(_, done)| !done) && !ratings[2].0.is_complete(), "each says only what its key answered");
    h.press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Rate { done: true, .. }));

    h.snapshot(example::summary());
    assert_eq!(h.app.place(), Place::Summary);
    h.keys("t").press(KeyCode::Enter);
    let Action::Train { sessions, seed: 0 } = h.acknowledged() else { panic!("Train") };
    assert_eq!(sessions.len(), 3);
    h.snapshot(example::training()).keys("S");
    assert_eq!(h.acknowledged(), Action::StopJob);
    h.press(KeyCode::Esc);
    assert_eq!(h.app.place(), Place::Home);
    h.press(KeyCode::Down).press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Review { .. }));
    assert_eq!(h.app.place(), Place::Review);
    h.snapshot(example::reviewed()).keys("e");
    assert_eq!(h.app.place(), Place::Explain);
    h.keys("lxf").press(KeyCode::Esc).press(KeyCode::Esc).keys("q");
    assert_eq!(h.acknowledged(), Action::Quit);
    assert!(h.app.left());
}

#[test]
fn ctrl_c_never_ends_a_recording() {
    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    h.control('c');
    assert!(h.sent().is_empty() && !h.app.left());
    assert!(h.text(80, 24).contains("The recording goes on"), "{}", h.text(80, 24));
    h.keys("A").keys("P08").press(KeyCode::Enter);
    assert!(h.sent().is_empty() && h.text(80, 24).contains("not P07"), "the wrong code aborts nothing");
    for _ in 0..3 {
        h.press(KeyCode::Backspace);
    }
    h.keys("P07").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Abort { typed: "P07".into() });

    let mut h = Harness::new(ASCII, example::home());
    h.control('c');
    assert_eq!(h.acknowledged(), Action::Quit);
    assert!(h.app.left());
}

#[test]
fn a_terminal_of_a_lab_in_another_process_can_be_left() {
    let visiting = |standing| {
        let mut h = Harness::at(ASCII, example::recording(), Place::Session);
        h.app.link_mut().standing = Some(standing);
        h
    };
    let mut inside = visiting(Standing::Inside);
    inside.keys("dq");
    assert!(!inside.app.left() && !inside.text(80, 24).contains("limbic attach"));
    let mut keyboard = visiting(Standing::Keyboard);
    keyboard.keys("q");
    assert!(!keyboard.app.left() && keyboard.text(80, 24).contains("limbic attach"));
    keyboard.keys("d");
    assert!(keyboard.app.left() && keyboard.sent().is_empty(), "nothing is asked of the lab");
    let mut watching = visiting(Standing::Watching);
    assert!(watching.text(80, 24).contains("LOOKING ON"));
    watching.keys("q");
    assert!(watching.app.left() && watching.sent().is_empty());
    let mut lost = visiting(Standing::Keyboard);
    lost.app.link_mut().ended = Some("the lab is gone".into());
    lost.app.poll();
    assert!(lost.app.left());
}

#[test]
fn a_refusal_is_shown_and_the_screen_stays() {
    let mut whole = example::gate_passing();
    whole.guided.playlist.iter_mut().flat_map(|p| &mut p.entries).for_each(|e| e.trouble = None);
    let mut h = Harness::at(ASCII, whole, Place::Playlist);
    h.press(KeyCode::Enter).press(KeyCode::Enter);
    assert_eq!(h.app.link_mut().heard.len(), 1, "a held key begins once");
    let id = h.app.link_mut().heard[0].id;
    h.app.link_mut().events.push(Event::Refused { id, why: "the disk is full: free 2 GB".into() });
    h.app.poll();
    assert!(h.text(80, 24).contains("! the disk is full"), "{}", h.text(80, 24));
    assert_eq!(h.app.place(), Place::Playlist);
    h.press(KeyCode::Enter);
    assert_eq!(h.app.link_mut().heard.len(), 2, "after a refusal it may be tried again");
}
