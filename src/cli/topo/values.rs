//! Values at electrodes from CSV or JSON text.

use crate::signal::{UnknownElectrode, position_of};
use serde_json::Value;

/// Maps over the same electrodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub labels: Vec<String>,
    /// Name and one value per label.
    pub maps: Vec<(String, Vec<f64>)>,
}

/// What is wrong with the text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ValuesError {
    #[error("there are no values; give lines such as \"Fz,1.2\" or JSON such as {{\"Fz\": 1.2}}")]
    Empty,
    #[error("line {line}: \"{text}\" is no number")]
    Number { line: usize, text: String },
    #[error("line {line} has {found} columns, the first has {wanted}")]
    Columns { line: usize, found: usize, wanted: usize },
    #[error(transparent)]
    Unknown(#[from] UnknownElectrode),
    #[error("the JSON is broken: {0}")]
    Json(String),
    #[error("\"{0}\" is neither a number nor an object of numbers")]
    Shape(String),
    #[error("map \"{map}\" has no value for \"{label}\"; every map needs the same channels")]
    Missing { map: String, label: String },
}

/// Reads CSV or JSON; which of the two, the first character tells.
///
/// # Errors
/// A sentence with the line or the name that is wrong.
pub fn parse(text: &str) -> Result<Table, ValuesError> {
    parse_with(text, |label| position_of(label).is_some())
}

/// The same, with the labels that `known` knows.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(text: &str, known: impl Fn(&str) -> bool) -> Result<Table, ValuesError> {
    let text = text.trim_start_matches('\u{feff}');
    let table = if text.trim_start().starts_with(['{', '[']) { json(text)? } else { csv(text, &known)? };
    if table.labels.is_empty() || table.maps.is_empty() {
        return Err(ValuesError::Empty);
    }
    match table.labels.iter().find(|l| !known(l)) {
        Some(unknown) => Err(UnknownElectrode(unknown.clone()).into()),
        None => Ok(table),
    }
}

fn csv(text: &str, known: &impl Fn(&str) -> bool) -> Result<Table, ValuesError> {
    let mut rows = text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())).filter(|(_, l)| !l.is_empty() && !l.starts_with('#'));
    let split = |line: &str| -> Vec<String> {
        let separator = [',', ';', '\t'].into_iter().find(|s| line.contains(*s)).unwrap_or(',');
        line.split(separator).map(|field| field.trim().trim_matches('"').trim().to_string()).collect()
    };
    let Some((first_line, first)) = rows.next().map(|(i, l)| (i, split(l))) else { return Err(ValuesError::Empty) };
    let wanted = first.len();
    if wanted < 2 {
        return Err(ValuesError::Columns { line: first_line, found: wanted, wanted: 2 });
    }
    // A first line whose channel is no electrode and whose values are no numbers is a header.
    let header = !known(&first[0]) && first[1..].iter().all(|f| f.parse::<f64>().is_err());
    let names = if header { first[1..].to_vec() } else { (1..wanted).map(|i| default_name(i, wanted - 1)).collect() };
    let mut table = Table { labels: Vec::new(), maps: names.into_iter().map(|n| (n, Vec::new())).collect() };
    let data = (!header).then_some((first_line, first)).into_iter().chain(rows.map(|(i, l)| (i, split(l))));
    for (line, fields) in data {
        if fields.len() != wanted {
            return Err(ValuesError::Columns { line, found: fields.len(), wanted });
        }
        for (field, map) in fields[1..].iter().zip(&mut table.maps) {
            let value = field.parse::<f64>().ok().filter(|v| v.is_finite());
            map.1.push(value.ok_or_else(|| ValuesError::Number { line, text: field.clone() })?);
        }
        table.labels.push(fields[0].clone());
    }
    Ok(table)
}

fn default_name(column: usize, of: usize) -> String {
    if of == 1 { "values".into() } else { format!("column {column}") }
}

fn json(text: &str) -> Result<Table, ValuesError> {
    let value: Value = serde_json::from_str(text).map_err(|e| ValuesError::Json(e.to_string()))?;
    let Value::Object(all) = value else { return Err(ValuesError::Shape("the whole".into())) };
    if all.values().all(Value::is_number) {
        let labels: Vec<String> = all.keys().cloned().collect();
        let values = all.values().filter_map(Value::as_f64).collect();
        return Ok(Table { labels, maps: vec![("values".into(), values)] });
    }
    let mut table = Table { labels: Vec::new(), maps: Vec::new() };
    for (name, map) in &all {
        let Value::Object(map) = map else { return Err(ValuesError::Shape(name.clone())) };
        if table.maps.is_empty() {
            table.labels = map.keys().cloned().collect();
        } else if let Some(extra) = map.keys().find(|k| !table.labels.contains(k)) {
            return Err(ValuesError::Missing { map: table.maps[0].0.clone(), label: extra.clone() });
        }
        let number = |label: &String| match map.get(label) {
            None => Err(ValuesError::Missing { map: name.clone(), label: label.clone() }),
            Some(value) => value.as_f64().ok_or_else(|| ValuesError::Shape(format!("{name}.{label}"))),
        };
        let values = table.labels.iter().map(number).collect::<Result<_, _>>()?;
        table.maps.push((name.clone(), values));
    }
    Ok(table)
}

/// Numbers in a montage's order, one a line or with commas between, as "label,value" lines; text with labels of its own
/// is left as it is.
///
/// # Errors
/// There are not as many numbers as labels.
pub fn labelled(text: &str, labels: &[String]) -> anyhow::Result<String> {
    let words: Vec<&str> = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
    if words.iter().any(|w| w.parse::<f64>().is_err()) {
        return Ok(text.into());
    }
    anyhow::ensure!(
        words.len() == labels.len(),
        "the montage has {} electrodes, but there are {} values",
        labels.len(),
        words.len()
    );
    Ok(labels.iter().zip(words).map(|(label, value)| format!("{label},{value}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(labels: &[&str], maps: &[(&str, &[f64])]) -> Result<Table, ValuesError> {
        let labels = labels.iter().map(|l| l.to_string()).collect();
        Ok(Table { labels, maps: maps.iter().map(|(n, v)| (n.to_string(), v.to_vec())).collect() })
    }

    #[test]
    fn every_shape_is_read() {
        let plain = table(&["Fz", "Cz"], &[("values", &[1.5, -2.0])]);
        assert_eq!(parse("Fz,1.5\nCz, -2\n"), plain);
        assert_eq!(parse("\u{feff}Fz;1.5\r\nCz;-2\r\n"), plain);
        assert_eq!(parse("{\"Fz\": 1.5, \"Cz\": -2}"), plain);
        let named = table(&["Fz", "Cz"], &[("theta", &[1.0, 3.0]), ("alpha", &[2.0, 4.0])]);
        assert_eq!(parse("label,theta,alpha\nFz,1,2\n\n# note\nCz,3,4\n"), named);
        assert_eq!(parse("{\"theta\": {\"Fz\": 1, \"Cz\": 3}, \"alpha\": {\"Cz\": 4, \"Fz\": 2}}"), named);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let sentence = |text: &str| parse(text).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(sentence("Fz,1\nXX,2").contains("\"XX\""));
        assert_eq!(sentence("Fz,1\nCz,high"), "line 2: \"high\" is no number");
        assert_eq!(sentence("Fz,1\nCz,nan"), "line 2: \"nan\" is no number");
        assert_eq!(sentence("Fz,1\nCz,1,2"), "line 2 has 3 columns, the first has 2");
        assert!(sentence("").contains("no values"));
        assert!(sentence("{\"Fz\": 1").contains("broken"));
        assert!(sentence("{\"theta\": {\"Fz\": 1}, \"alpha\": {\"Cz\": 1}}").contains("no value for \"Cz\""));
        assert!(sentence("{\"theta\": {\"Fz\": \"x\"}}").contains("theta.Fz"));
    }
}
