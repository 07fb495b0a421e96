//! Labels, predictions and features of sessions as flat tables, for other programs.

use crate::exchange::npz::{Array, Values};
use crate::exchange::parquet::{Cells, Column};
use crate::prepare::dataset::Dataset;
use crate::signal::{Emotion, seconds};
use crate::store::rows::{PredictionRow, Trial};
use crate::store::{Home, Recording};
use crate::study::StudyError;
use std::collections::BTreeSet;

/// A table: columns of equal length, and for features a block of numbers beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    /// Names of the block's columns, and its values row by row.
    pub block: Option<(Vec<String>, Vec<f32>)>,
    /// What a reader should know: the recipe, the classes, whether people were simulated.
    pub notes: Vec<(&'static str, String)>,
}

impl Table {
    fn text(&mut self, name: &str, cells: impl Iterator<Item = String>) {
        self.columns.push(Column::new(name, Cells::Text(cells.collect())));
    }

    fn whole(&mut self, name: &str, cells: impl Iterator<Item = i64>) {
        self.columns.push(Column::new(name, Cells::I64(cells.collect())));
    }

    /// NaN where there is none.
    fn number(&mut self, name: &str, cells: impl Iterator<Item = Option<f64>>) {
        self.columns.push(Column::new(name, Cells::F64(cells.map(|v| v.unwrap_or(f64::NAN)).collect())));
    }

    fn yes(&mut self, name: &str, cells: impl Iterator<Item = bool>) {
        self.columns.push(Column::new(name, Cells::Bool(cells.collect())));
    }

    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| match &c.cells {
            Cells::F32(v) => v.len(),
            Cells::F64(v) => v.len(),
            Cells::I64(v) => v.len(),
            Cells::Bool(v) => v.len(),
            Cells::Text(v) => v.len(),
        })
    }

    /// As columns only: every number of the block has a column of its own.
    pub fn flat(mut self) -> (Vec<Column>, Vec<(&'static str, String)>) {
        if let Some((names, values)) = self.block.take() {
            let width = names.len().max(1);
            for (c, name) in names.iter().enumerate() {
                let cells = values.iter().skip(c).step_by(width).copied().collect();
                self.columns.push(Column::new(name, Cells::F32(cells)));
            }
        }
        (self.columns, self.notes)
    }

    /// As NumPy arrays: the block is one array of rows x columns, "features", with "feature_names".
    pub fn arrays(self) -> Vec<Array> {
        let rows = self.rows();
        let mut arrays: Vec<Array> = Vec::new();
        if let Some((names, values)) = self.block {
            arrays.push(Array::new("features", &[rows, names.len()], Values::F32(values)));
            arrays.push(Array::labels("feature_names", &names));
        }
        arrays.extend(self.columns.into_iter().map(|column| {
            let values = match column.cells {
                Cells::F32(v) => Values::F32(v),
                Cells::F64(v) => Values::F64(v),
                Cells::I64(v) => Values::I64(v),
                Cells::Bool(v) => Values::I64(v.into_iter().map(i64::from).collect()),
                Cells::Text(v) => Values::Text(v),
            };
            Array::new(&column.name, &[rows], values)
        }));
        // Two arrays of one name are none: what a column says row by row needs no note.
        let notes: Vec<_> = self.notes.into_iter().filter(|(name, _)| arrays.iter().all(|a| a.name != *name)).collect();
        arrays.extend(notes.into_iter().map(|(name, text)| Array::labels(name, &[text])));
        arrays
    }
}

fn word(emotion: Option<Emotion>) -> String {
    emotion.map_or(String::new(), |e| e.name().into())
}

/// One row a trial (its latest attempt): what was shown, meant and answered.
pub fn labels(recordings: &[Recording]) -> Table {
    let rows: Vec<(&Recording, &Trial)> = recordings.iter().flat_map(|r| r.trials.iter().map(move |t| (r, t))).collect();
    let each = || rows.iter();
    let mut table = Table::default();
    table.text("participant", each().map(|(r, _)| r.session.participant.clone()));
    table.text("session", each().map(|(r, _)| r.session.id.to_string()));
    table.whole("session_number", each().map(|(r, _)| i64::from(r.session.number)));
    table.whole("trial", each().map(|(_, t)| i64::from(t.number)));
    table.whole("attempt", each().map(|(_, t)| i64::from(t.attempt)));
    table.text("stimulus", each().map(|(_, t)| t.stimulus.clone()));
    table.yes("usable", each().map(|(r, t)| r.is_usable(t)));
    let since = |r: &Recording, at: Option<i64>| at.map(|at| seconds(at - r.session.started));
    table.number("video_on_s", each().map(|(r, t)| since(r, t.video_on)));
    table.number("video_off_s", each().map(|(r, t)| since(r, t.video_off)));
    table.text("intended", each().map(|(_, t)| word(t.intended)));
    table.text("reported", each().map(|(_, t)| word(t.rating.emotion)));
    table.number("valence", each().map(|(_, t)| t.rating.valence.map(f64::from)));
    table.number("arousal", each().map(|(_, t)| t.rating.arousal.map(f64::from)));
    table.text("rated_by", each().map(|(_, t)| t.rated_by.clone()));
    // Not `sum`, which makes -0 of nothing.
    let felt = |r: &Recording, t: &Trial| r.felt(t).iter().fold(0.0, |sum, s| sum + (s.to_s - s.from_s));
    table.number("felt_s", each().map(|(r, t)| Some(felt(r, t))));
    table.number("quality", each().map(|(_, t)| t.quality));
    table.yes("simulated", each().map(|(r, _)| r.session.simulated));
    table
}

/// One row a trial and model: what was true, what was said, every class' probability, whether the answer abstains, and
/// what it rests on.
///
/// # Errors
/// The home cannot be read.
pub fn predictions(home: &Home, recordings: &[Recording]) -> Result<Table, StudyError> {
    let mut rows: Vec<(&Recording, PredictionRow)> = Vec::new();
    for recording in recordings {
        let mut found = home.predictions(recording.session.id)?;
        found.sort_by(|a, b| (&a.model, a.trial).cmp(&(&b.model, b.trial)));
        rows.extend(found.into_iter().map(|row| (recording, row)));
    }
    let each = || rows.iter();
    let class = |row: &PredictionRow, at: Option<usize>| at.and_then(|i| row.classes.get(i)).cloned().unwrap_or_default();
    let best = |p: &Option<Vec<f32>>| {
        let values = p.as_ref()?;
        (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))
    };
    let mut table = Table::default();
    table.text("participant", each().map(|(r, _)| r.session.participant.clone()));
    table.text("session", each().map(|(_, p)| p.session.to_string()));
    table.whole("session_number", each().map(|(r, _)| i64::from(r.session.number)));
    table.whole("trial", each().map(|(_, p)| i64::from(p.trial)));
    table.text("model", each().map(|(_, p)| p.model.clone()));
    table.text("truth", each().map(|(_, p)| class(p, p.truth)));
    table.yes("held_out", each().map(|(_, p)| p.held_out));
    table.text("runtime", each().map(|(_, p)| p.runtime.clone()));
    let classes: BTreeSet<&String> = rows.iter().flat_map(|(_, p)| &p.classes).collect();
    type Said = fn(&PredictionRow) -> &Option<Vec<f32>>;
    let parts: [(&str, Said); 3] = [("eeg", |p| &p.eeg), ("face", |p| &p.face), ("fused", |p| &p.fused)];
    for (name, of) in parts.into_iter().filter(|(_, of)| rows.iter().any(|(_, p)| of(p).is_some())) {
        table.text(&format!("{name}_said"), each().map(|(_, p)| class(p, best(of(p)))));
        for wanted in &classes {
            let probability = |p: &PredictionRow| {
                let at = p.classes.iter().position(|c| c == *wanted)?;
                of(p).as_ref()?.get(at).map(|v| f64::from(*v))
            };
            table.number(&format!("{name}_{wanted}"), each().map(|(_, p)| probability(p)));
        }
    }
    // What is said stands also where the answer abstains, as its probabilities do: it is scored nevertheless.
    table.yes("abstained", each().map(|(_, p)| p.parts.abstain.is_some()));
    table.text("abstain_why", each().map(|(_, p)| p.parts.abstain.clone().unwrap_or_default()));
    table.text("source", each().map(|(_, p)| p.parts.source.clone()));
    table.number("confidence", each().map(|(_, p)| p.parts.confidence.map(f64::from)));
    table.number("eeg_quality", each().map(|(_, p)| p.parts.eeg_quality.map(f64::from)));
    table.number("face_quality", each().map(|(_, p)| p.parts.face_quality.map(f64::from)));
    table.text("face_from", each().map(|(_, p)| p.parts.face_from.clone().unwrap_or_default()));
    table.yes("simulated", each().map(|(r, _)| r.session.simulated));
    Ok(table)
}

/// One row a window: whose, when, its class, and the features by name. `simulated` are ids of sessions.
pub fn features(data: &Dataset, simulated: &BTreeSet<String>) -> Table {
    let each = || data.examples.iter();
    let mut table = Table::default();
    table.text("participant", each().map(|e| e.participant.clone()));
    table.text("session", each().map(|e| e.session.clone()));
    table.whole("trial", each().map(|e| i64::from(e.trial)));
    table.text("stimulus", each().map(|e| e.stimulus.clone()));
    table.number("time_s", each().map(|e| Some(e.time)));
    table.text("class", each().map(|e| data.classes.get(e.label).cloned().unwrap_or_default()));
    table.yes("simulated", each().map(|e| simulated.contains(&e.session)));
    let width = data.examples.first().map_or(0, |e| e.features.len());
    table.block = Some((names(data, width), each().flat_map(|e| e.features.iter().copied()).collect()));
    let parameters: Vec<String> = data.recipe.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    table.notes = vec![
        ("recipe_id", data.recipe.id()),
        ("recipe_parameters", parameters.join(" ")),
        ("target", format!("{:?}", data.target).to_lowercase()),
        ("simulated", if data.simulated { "SIMULATED" } else { "no" }.into()),
    ];
    table
}

/// "Fz alpha" where a feature belongs to a channel and a band, "f17" elsewhere.
fn names(data: &Dataset, width: usize) -> Vec<String> {
    let (channels, bands) = (&data.recipe.channels, &data.recipe.bands);
    if channels.len() * bands.len() == width {
        return channels.iter().flat_map(|c| bands.iter().map(move |b| format!("{c} {b}"))).collect();
    }
    (0..width).map(|i| format!("f{i}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::dataset::{Example, Recipe, Target};

    #[test]
    fn features_are_named_and_both_forms_agree() {
        let recipe = Recipe {
            kind: "psd".into(),
            channels: vec!["Fz".into(), "Cz".into()],
            bands: vec!["alpha".into()],
            parameters: Default::default(),
        };
        let example = |session: &str, trial: u32, features: [f32; 2]| Example {
            features: features.to_vec(),
            label: 0,
            participant: "P1".into(),
            session: session.into(),
            trial,
            stimulus: "clip".into(),
            time: 1.0,
        };
        let examples = vec![example("s", 1, [1.0, 2.0]), example("t", 2, [3.0, 4.0])];
        let data = Dataset { recipe, target: Target::Valence, classes: vec!["low".into()], examples, simulated: true };
        let table = features(&data, &BTreeSet::from(["t".into()]));
        let arrays = table.clone().arrays();
        assert_eq!((arrays[0].shape.as_slice(), &arrays[0].values), (&[2, 2][..], &Values::F32(vec![1.0, 2.0, 3.0, 4.0])));
        let marks: Vec<&Values> = arrays.iter().filter(|a| a.name == "simulated").map(|a| &a.values).collect();
        assert_eq!(marks, [&Values::I64(vec![0, 1])]);
        let (columns, notes) = table.flat();
        let cz = columns.iter().find(|c| c.name == "Cz alpha").expect("a column a feature");
        assert_eq!(cz.cells, Cells::F32(vec![2.0, 4.0]));
        let mark = columns.iter().find(|c| c.name == "simulated").expect("a mark a row");
        assert_eq!(mark.cells, Cells::Bool(vec![false, true]));
        assert!(notes.contains(&("simulated", "SIMULATED".into())), "{notes:?}");
    }
}
