//! The participant's screen by its keys: answers one by one, nothing of the recording, every size.

use super::*;
use crate::show::caps::Depth;
use crate::show::example;
use ratatui::layout::Rect;

#[derive(Default)]
struct Lab {
    heard: Vec<Command>,
    events: Vec<Event>,
    snapshot: Option<Arc<Snapshot>>,
}

impl Link for Lab {
    fn send(&mut self, command: Command) {
        self.heard.push(command);
    }
    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.snapshot.take()
    }
}

fn screen(snapshot: Snapshot) -> RateScreen<Lab> {
    let lab = Lab { snapshot: Some(Arc::new(snapshot)), ..Lab::default() };
    let mut screen = RateScreen::new(lab, Caps { ascii: true, depth: Depth::Mono, light: false }, 1);
    screen.poll();
    screen
}

fn fresh() -> RateScreen<Lab> {
    screen(Snapshot { rating: Rating::default(), ..example::rating() })
}

fn press(screen: &mut RateScreen<Lab>, keys: &[KeyCode]) {
    keys.iter().for_each(|code| screen.handle(Input::Key(KeyEvent::from(*code))));
}

fn text(screen: &RateScreen<Lab>, width: u16, height: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    screen.draw(&mut buf);
    let rows = buf.content.chunks(width as usize).map(|row| row.iter().map(|c| c.symbol()).collect::<String>() + "\n");
    rows.collect()
}

#[test]
fn answers_go_one_by_one_and_enter_needs_all_three() {
    use KeyCode::{Char, Enter, Right, Up};
    let mut screen = fresh();
    press(&mut screen, &[Char('8'), Enter]);
    assert!(text(&screen, 80, 24).contains("answer all three"));
    press(&mut screen, &[Char('3'), Right, Char('h'), Enter, Char('q'), Up]);
    let sent: Vec<_> = screen.link_mut().heard.iter().map(|c| (c.id, c.action.clone())).collect();
    assert_eq!(sent.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let answers = sent.iter().map(|(_, action)| match action {
        Action::Rate { rating, by, done, .. } if by == "participant" => (*rating, *done),
        other => panic!("{other:?}"),
    });
    let answers: Vec<_> = answers.collect();
    let all = Rating { valence: Some(8.0), arousal: Some(3.0), emotion: Some(Emotion::Happiness) };
    assert_eq!(answers.iter().fold(Rating::default(), |now, (given, _)| now.with(*given)), all);
    assert_eq!(answers[4], (Rating::default(), true), "the end repeats no answer");
    assert!(text(&screen, 80, 24).contains("saving"));
    screen.link_mut().events = (1..=5).map(|id| Event::Acknowledged { id }).collect();
    screen.poll();
    assert!(text(&screen, 80, 24).contains("All answered and saved"));
}

#[test]
fn what_the_experimenter_changes_is_shown_and_never_answered_over() {
    use KeyCode::{Backspace, Char, Enter, Up};
    let mut screen = fresh();
    press(&mut screen, &[Char('8'), Char('3'), Char('h')]);
    screen.link_mut().events = (1..=3).map(|id| Event::Acknowledged { id }).collect();
    let elsewhere = Rating { valence: Some(2.0), arousal: Some(3.0), emotion: Some(Emotion::Fear) };
    screen.link_mut().snapshot = Some(Arc::new(Snapshot { rating: elsewhere, ..example::rating() }));
    screen.poll();
    assert!(text(&screen, 80, 24).contains("[ 2 ]"), "{}", text(&screen, 80, 24));
    press(&mut screen, &[Up, Char('7'), Up, Backspace, Enter]);
    let sent: Vec<Action> = screen.link_mut().heard.drain(..).skip(3).map(|c| c.action).collect();
    let only = Rating { arousal: Some(7.0), ..Rating::default() };
    assert!(matches!(&sent[0], Action::Rate { rating, done: false, .. } if *rating == only), "{sent:?}");
    assert!(matches!(&sent[1], Action::Unrate { question: Question::Arousal, .. }), "{sent:?}");
    assert_eq!(sent.len(), 2, "one answer is missing: {sent:?}");
}

#[test]
fn everything_stands_on_80_by_24_in_seven_bits() {
    let mut screen = fresh();
    press(&mut screen, &[KeyCode::Char('8')]);
    let page = text(&screen, 80, 24);
    assert!(page.is_ascii(), "{page}");
    for word in ["PLEASANT?", "EXCITED?", "ONE WORD", "[ 8 ]", "surprise", "calm", "Enter done", "SIMULATED", "\\ \\_/ /"] {
        assert!(page.contains(word), "{word} is missing:\n{page}");
    }
}

#[test]
fn between_the_videos_it_waits_and_hears_no_key() {
    let mut screen = screen(example::recording());
    press(&mut screen, &[KeyCode::Char('5'), KeyCode::Char('A'), KeyCode::Enter, KeyCode::Esc]);
    let page = text(&screen, 80, 24);
    assert!(page.contains("Please watch.") && screen.link_mut().heard.is_empty(), "{page}");
    assert!(!page.contains("happiness") && !page.contains("REC"), "nothing of the recording:\n{page}");
}

#[test]
fn no_size_breaks_it() {
    let screen = fresh();
    for (width, height) in (1..130).step_by(7).flat_map(|w| (1..50).step_by(3).map(move |h| (w, h))) {
        text(&screen, width, height);
    }
    assert!(text(&screen, 60, 18).contains("Enter done"));
}
