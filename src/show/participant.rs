//! Step 1: who takes part, by code only, and what they agreed to.

mod draft;

use crate::lab::message::{Action, Snapshot};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Letters, Next, Place, Screen};
use crate::show::widget::field::Field;
use crate::signal::counted;
use crate::store::CODE_RULE;
use crate::store::rows::{Consent, Participant};
use crossterm::event::{KeyCode, KeyEvent};

const AGES: [&str; 7] = ["", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"];
const SEXES: [&str; 4] = ["", "f", "m", "x"];
const HANDS: [&str; 4] = ["", "right", "left", "both"];

/// What the cursor is on, top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    Code,
    Age,
    Sex,
    Hand,
    Note,
    Recording,
    Stored,
    Shared,
    Form,
    Experimenter,
}

const ROWS: [Row; 10] =
    [Row::Code, Row::Age, Row::Sex, Row::Hand, Row::Note, Row::Recording, Row::Stored, Row::Shared, Row::Form, Row::Experimenter];

#[derive(Default)]
pub struct ParticipantForm {
    row: usize,
    code: Field,
    note: Field,
    form: Field,
    experimenter: Field,
    age: usize,
    sex: usize,
    hand: usize,
    recording: bool,
    stored: bool,
    shared: bool,
    /// What is wrong, and with which row.
    problem: Option<(Row, &'static str)>,
    /// The participant whose data were filled in, from the store or a draft.
    filled: String,
    /// The code that stood there when other rows were filled in.
    whose: String,
    /// What the form did by itself.
    said: &'static str,
}

const PARTED: &str = "Another code: the rows of the person and the consent were taken out.";

impl ParticipantForm {
    fn at(&self) -> Row {
        ROWS[self.row % ROWS.len()]
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.at() {
            Row::Code => Some(&mut self.code),
            Row::Note => Some(&mut self.note),
            Row::Form => Some(&mut self.form),
            Row::Experimenter => Some(&mut self.experimenter),
            _ => None,
        }
    }

    fn choice(&mut self) -> Option<(&mut usize, usize)> {
        match self.at() {
            Row::Age => Some((&mut self.age, AGES.len())),
            Row::Sex => Some((&mut self.sex, SEXES.len())),
            Row::Hand => Some((&mut self.hand, HANDS.len())),
            _ => None,
        }
    }

    fn toggle(&mut self) {
        match self.at() {
            Row::Recording => self.recording = !self.recording,
            Row::Stored => {
                self.stored = !self.stored;
                // Sharing needs storing.
                self.shared &= self.stored;
            }
            Row::Shared if !self.stored => {
                self.problem = Some((Row::Shared, "what is not stored cannot leave the lab; tick face video first"))
            }
            Row::Shared => self.shared = !self.shared,
            _ => {
                if let Some((value, count)) = self.choice() {
                    *value = (*value + 1) % count;
                }
            }
        }
    }

    /// A known code brings its age band, sex and handedness along, once.
    fn fill(&mut self, snapshot: &Snapshot) {
        let code = self.code.text();
        if self.at() != Row::Code {
            self.whose.clone_from(&code);
        }
        let Some(known) = snapshot.catalogue.participants.iter().find(|p| p.code == code && self.filled != code) else { return };
        let find = |list: &[&str], value: &str| list.iter().position(|v| *v == value).unwrap_or(0);
        self.age = find(&AGES, &known.age_band);
        self.sex = find(&SEXES, &known.sex);
        self.hand = find(&HANDS, &known.handedness);
        self.note.set(&known.note);
        self.filled = code;
    }

    /// Another code is another person: what was known or filled in of the one before, and what that one agreed to, leaves
    /// the form. What was filled in before any code stood there is of whoever's code comes.
    fn code_was(&mut self, before: &str) {
        let another = !self.whose.is_empty();
        if self.code.text() == before || !(another || self.recording || self.stored || self.shared) {
            return;
        }
        if another {
            (self.age, self.sex, self.hand, self.note) = (0, 0, 0, Field::default());
            self.filled.clear();
            self.whose.clear();
        }
        (self.recording, self.stored, self.shared, self.said) = (false, false, false, PARTED);
    }

    fn check(&self, snapshot: &Snapshot) -> Result<(), (Row, &'static str)> {
        let code = self.code.text();
        if code.trim().is_empty() {
            return Err((Row::Code, "a code is needed, e.g. P07; never a name"));
        }
        if !snapshot.catalogue.takes(&code) {
            return Err((Row::Code, CODE_RULE));
        }
        if !self.recording {
            return Err((Row::Recording, "without this consent nothing can be recorded"));
        }
        if self.experimenter.text().trim().is_empty() {
            return Err((Row::Experimenter, "who witnessed the consent? initials are enough"));
        }
        Ok(())
    }

    fn submit(&mut self, snapshot: &Snapshot) -> Next {
        self.fill(snapshot);
        if let Err((row, problem)) = self.check(snapshot) {
            self.row = ROWS.iter().position(|r| *r == row).unwrap_or(0);
            self.problem = Some((row, problem));
            return Next::Stay;
        }
        let participant = Participant {
            code: self.code.text().trim().into(),
            age_band: AGES[self.age % AGES.len()].into(),
            sex: SEXES[self.sex % SEXES.len()].into(),
            handedness: HANDS[self.hand % HANDS.len()].into(),
            note: self.note.text().trim().into(),
        };
        let consent = Consent {
            recording: self.recording,
            face_stored: self.stored,
            face_shared: self.shared,
            form: self.form.text().trim().into(),
            experimenter: self.experimenter.text().trim().into(),
            signed_utc: snapshot.utc,
        };
        Next::DoThen(Action::Prepare { participant, consent }, Place::Devices)
    }
}

impl Screen for ParticipantForm {
    fn title(&self, _: &Snapshot) -> String {
        "1/7 PARTICIPANT".into()
    }

    fn hints(&self, _: &Snapshot) -> Vec<Hint> {
        let mut hints = vec![orders("Enter", "save, go on")];
        match self.at() {
            Row::Age | Row::Sex | Row::Hand => hints.push(orders("Left/Right", "choose")),
            Row::Recording | Row::Stored | Row::Shared => hints.push(orders("Space", "yes/no")),
            _ => {}
        }
        hints.extend([orders("Tab", "next field"), shows("Esc", "home")]);
        hints
    }

    /// Another session begins here.
    fn of_session(&self) -> bool {
        false
    }

    fn letters(&self) -> Letters {
        match self.at() {
            Row::Code | Row::Note | Row::Form | Row::Experimenter => Letters::Text,
            _ => Letters::Keys,
        }
    }

    fn draft(&self) -> Option<(&'static str, String)> {
        Some(("participant", draft::written(self)))
    }

    fn take_up(&mut self, draft: &str) {
        draft::read(self, draft);
    }

    fn paste(&mut self, text: &str) {
        let before = self.code.text();
        if let Some(field) = self.field() {
            field.paste(text);
        }
        self.code_was(&before);
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let count = ROWS.len();
        match key.code {
            KeyCode::Esc => return Next::Go(Place::Home),
            KeyCode::Enter => return self.submit(snapshot),
            KeyCode::Tab | KeyCode::Down => self.row = (self.row + 1) % count,
            KeyCode::BackTab | KeyCode::Up => self.row = (self.row + count - 1) % count,
            _ => {
                self.problem = None;
                let before = self.code.text();
                if let Some(field) = self.field() {
                    let known = field.handle(key);
                    self.code_was(&before);
                    return if known { Next::Stay } else { Next::Pass };
                }
                return self.press(key);
            }
        }
        self.fill(snapshot);
        Next::Stay
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let roomy = pen.height() >= 30;
        let people = if roomy { 9 } else { 8 };
        self.draw_person(&mut pen.part(0, 0, u16::MAX, people), snapshot);
        self.draw_consent(&mut pen.part(0, people, u16::MAX, if roomy { 9 } else { 8 }));
        let mut foot = pen.below(if roomy { 19 } else { 17 });
        if let Some((_, problem)) = self.problem {
            foot.line(1, 0, &[("! ", Ink::Bad), (problem, Ink::Bad)]);
        } else {
            foot.text(1, 0, self.said, Ink::Fair);
        }
        let text = "The signed form stays on paper, outside this program. The participant may stop at any moment without giving a reason.";
        foot.wrap(1, 1, 3, text, Ink::Dim);
    }
}

impl ParticipantForm {
    /// Keys on choices and boxes.
    fn press(&mut self, key: KeyEvent) -> Next {
        match (key.code, self.choice()) {
            (KeyCode::Right, Some((value, count))) => *value = (*value + 1) % count,
            (KeyCode::Left, Some((value, count))) => *value = (*value + count - 1) % count,
            (KeyCode::Char(' '), _) => self.toggle(),
            _ => return Next::Pass,
        }
        Next::Stay
    }

    fn draw_person(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let mut body = pen.panel("Participant");
        self.draw_field(&mut body, 0, Row::Code, &self.code, 14);
        let code = self.code.text();
        let times = snapshot.catalogue.sessions.iter().filter(|s| s.participant == code).count();
        let known = snapshot.catalogue.participants.iter().any(|p| p.code == code);
        let remark = match (code.is_empty(), known) {
            (true, _) => "a pseudonym, never a name".into(),
            (_, true) => format!("known here, {} so far", counted(times, "session")),
            _ => "new here".into(),
        };
        body.text(31, 0, &remark, Ink::Dim);
        self.draw_choice(&mut body, 1, Row::Age, &AGES, self.age);
        self.draw_choice(&mut body, 2, Row::Sex, &SEXES, self.sex);
        self.draw_choice(&mut body, 3, Row::Hand, &HANDS, self.hand);
        self.draw_field(&mut body, 4, Row::Note, &self.note, 44);
    }

    fn draw_consent(&self, pen: &mut Pen) {
        let mut body = pen.panel("Consent");
        for (y, row, on, what) in [
            (0, Row::Recording, self.recording, "EEG and heart may be recorded (needed)"),
            (1, Row::Stored, self.stored, "face video may be STORED on this machine"),
            (2, Row::Shared, self.shared, "face video may LEAVE the lab"),
        ] {
            self.draw_name(&mut body, y, row);
            let ink = if on { Ink::Good } else { Ink::Plain };
            body.line(15, y, &[(if on { "[x] " } else { "[ ] " }, ink), (what, Ink::Plain)]);
        }
        self.draw_field(&mut body, 4, Row::Form, &self.form, 24);
        self.draw_field(&mut body, 5, Row::Experimenter, &self.experimenter, 24);
    }

    fn draw_name(&self, body: &mut Pen, y: u16, row: Row) {
        let name = match row {
            Row::Code => "code",
            Row::Age => "age band",
            Row::Sex => "sex",
            Row::Hand => "handedness",
            Row::Note => "remark",
            Row::Recording => "recording",
            Row::Stored => "face video",
            Row::Shared => "sharing",
            Row::Form => "form version",
            Row::Experimenter => "witnessed by",
        };
        let here = self.at() == row;
        let wrong = self.problem.is_some_and(|(r, _)| r == row);
        let ink = if wrong {
            Ink::Bad
        } else if here {
            Ink::Strong
        } else {
            Ink::Dim
        };
        body.line(0, y, &[(if here { "> " } else { "  " }, Ink::Accent), (name, ink)]);
    }

    fn draw_field(&self, body: &mut Pen, y: u16, row: Row, field: &Field, width: u16) {
        self.draw_name(body, y, row);
        field.draw(body, 15, y, width, self.at() == row);
    }

    fn draw_choice(&self, body: &mut Pen, y: u16, row: Row, choices: &[&str], chosen: usize) {
        self.draw_name(body, y, row);
        let mut x = 14;
        for (i, choice) in choices.iter().enumerate() {
            let word = if choice.is_empty() { "not said" } else { choice };
            let (text, ink) = if i == chosen { (format!("({word})"), Ink::Strong) } else { (format!(" {word} "), Ink::Dim) };
            x = body.text(x, y, &text, ink);
        }
    }
}
