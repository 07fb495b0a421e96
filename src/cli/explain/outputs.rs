//! An explanation as files: by the end of the name a page, a picture, arrays, JSON or text.

use super::{html, picture};
use crate::cli::files;
use crate::exchange::npz::{self, Array, Values};
use crate::explain::report::ExplanationReport;
use std::path::Path;

/// How the names of files end that can be written.
pub const ENDS: [&str; 7] = ["html", "htm", "svg", "png", "npz", "json", "txt"];

/// Writes the report; `page` is its plain text.
///
/// # Errors
/// A name that ends otherwise; a file that cannot be written.
pub fn write(path: &Path, report: &ExplanationReport, page: &str) -> anyhow::Result<()> {
    let end = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let text = match end.as_str() {
        "html" | "htm" => html::page(report),
        "svg" => picture::svg(report),
        "json" => serde_json::to_string_pretty(report)? + "\n",
        "txt" => page.to_string(),
        "png" => {
            let bytes = picture::png(report)?;
            return files::write(path, bytes);
        }
        "npz" => {
            npz::write(path, &arrays(report))?;
            return Ok(());
        }
        _ => return files::ends_with(path, &ENDS),
    };
    files::write(path, text)
}

/// maps [class, explainer, channel, band]; qt, audc, auic, ausc [class, explainer] (NaN where not estimable);
/// deletion and insertion [class, explainer, point]; the names.
fn arrays(report: &ExplanationReport) -> Vec<Array> {
    let names: Vec<String> = explainers(report);
    let (channels, bands) = (report.channels.len(), report.bands.len());
    let (c, e) = (report.classes.len(), names.len());
    let points = report.classes.iter().flat_map(|c| &c.explainers).map(|x| x.deletion.len()).max().unwrap_or(0);
    let each = |of: &dyn Fn(&crate::explain::report::ExplainerResult) -> Vec<f32>, width: usize| -> Vec<f32> {
        let mut all = Vec::with_capacity(c * e * width);
        for class in &report.classes {
            for name in &names {
                let mut values = class.explainers.iter().find(|x| x.explainer == *name).map(of).unwrap_or_default();
                values.resize(width, f32::NAN);
                all.extend(values);
            }
        }
        all
    };
    let one = |name: &str, of: &dyn Fn(&crate::explain::report::ExplainerResult) -> Option<f64>| {
        Array::new(name, &[c, e], Values::F32(each(&|x| vec![of(x).map_or(f32::NAN, |v| v as f32)], 1)))
    };
    let classes: Vec<String> = report.classes.iter().map(|c| c.class.clone()).collect();
    vec![
        Array::new("maps", &[c, e, channels, bands], Values::F32(each(&|x| x.map.clone(), channels * bands))),
        one("qt", &|x| x.qt),
        one("qt_low", &|x| x.qt_interval.map(|i| i.0)),
        one("qt_high", &|x| x.qt_interval.map(|i| i.1)),
        one("audc", &|x| Some(x.audc)),
        one("auic", &|x| Some(x.auic)),
        one("ausc", &|x| x.ausc),
        Array::new("deletion", &[c, e, points], Values::F32(each(&|x| x.deletion.clone(), points))),
        Array::new("insertion", &[c, e, points], Values::F32(each(&|x| x.insertion.clone(), points))),
        Array::labels("classes", &classes),
        Array::labels("explainers", &names),
        Array::labels("channels", &report.channels),
        Array::labels("bands", &report.bands),
    ]
}

fn explainers(report: &ExplanationReport) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for result in report.classes.iter().flat_map(|c| &c.explainers) {
        if !names.contains(&result.explainer) {
            names.push(result.explainer.clone());
        }
    }
    names
}
