//! The participant's form as a line of text, for the lab to keep while it is being filled in. Consent is no part of it: it
//! is ticked with the participant there.

use super::ParticipantForm;
use serde::{Deserialize, Serialize};

/// What was typed and chosen so far.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Draft {
    code: String,
    note: String,
    form: String,
    experimenter: String,
    choices: [usize; 3],
}

const AGAIN: &str = "Typed before and never saved; tick the consent anew, or Esc leaves it.";

/// Empty for an untouched form.
pub fn written(form: &ParticipantForm) -> String {
    let draft = Draft {
        code: form.code.text(),
        note: form.note.text(),
        form: form.form.text(),
        experimenter: form.experimenter.text(),
        choices: [form.age, form.sex, form.hand],
    };
    if draft == Draft::default() { String::new() } else { serde_json::to_string(&draft).unwrap_or_default() }
}

/// Fills the form; a text that is no draft leaves it as it is.
pub fn read(form: &mut ParticipantForm, text: &str) {
    let Ok(draft) = serde_json::from_str::<Draft>(text) else { return };
    form.code.set(&draft.code);
    form.note.set(&draft.note);
    form.form.set(&draft.form);
    form.experimenter.set(&draft.experimenter);
    [form.age, form.sex, form.hand] = draft.choices;
    // What was typed already is not typed over by what is known of the person.
    (form.filled, form.whose, form.said) = (draft.code.clone(), draft.code, AGAIN);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_survives_its_terminal() {
        let mut form = ParticipantForm::default();
        assert_eq!(written(&form), "");
        form.code.set("P07");
        (form.hand, form.recording) = (2, true);
        let mut other = ParticipantForm::default();
        read(&mut other, &written(&form));
        assert_eq!((other.code.text(), other.hand, other.said), ("P07".into(), 2, AGAIN));
        assert!(!other.recording, "consent is never restored");
        read(&mut other, "no draft");
        assert_eq!(other.code.text(), "P07");
    }
}
