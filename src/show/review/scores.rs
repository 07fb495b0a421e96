//! Right and wrong in figures: the confusion matrix, and accuracy on trials that no network had seen.

use crate::lab::message::Review;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::widget::bar::bar;
use crate::show::words;

/// How often each class was taken for which.
pub fn confusion(pen: &mut Pen, review: &Review) {
    let mut body = pen.panel(&format!("Confusion (rows: {})", super::target(review)));
    let width = body.width();
    let label = 11;
    let cell = (width.saturating_sub(label + 7) / (review.classes.len() as u16).max(1)).clamp(3, 6);
    for (i, class) in review.classes.iter().enumerate() {
        let name: String = class.chars().take(cell as usize - 1).collect();
        body.text(label + i as u16 * cell, 0, &format!("{name:>w$}", w = cell as usize - 1), Ink::Dim);
    }
    let end = label + review.classes.len() as u16 * cell;
    body.text(end + 1, 0, "recall", Ink::Dim);
    for (y, (row, class)) in review.confusion.iter().zip(&review.classes).enumerate() {
        let y = 1 + y as u16;
        body.text(0, y, &words::cut(class, label as usize - 1), Ink::Plain);
        for (i, count) in row.iter().enumerate() {
            let right = i + 1 == y as usize;
            let ink = if right {
                Ink::Good
            } else if *count > 0 {
                Ink::Bad
            } else {
                Ink::Dim
            };
            let text = if *count == 0 && !right {
                ".".into()
            } else if right {
                format!("[{count}]")
            } else {
                format!("{count} ")
            };
            body.text(label + i as u16 * cell, y, &format!("{text:>w$}", w = cell as usize - 1), ink);
        }
        let total: usize = row.iter().sum();
        let recall = row.get(y as usize - 1).filter(|_| total > 0).map(|hit| *hit as f64 / total as f64);
        body.text(end + 2, y, &words::share(recall), Ink::Plain);
    }
}

/// How many were right, beside chance and the commonest class.
pub fn accuracy(pen: &mut Pen, review: &Review) {
    let mut body = pen.panel("Accuracy on held-out trials");
    if review.scored_trials == 0 {
        let rows = body.height();
        let text = "None: the model was trained on these trials, or no trial has a label that it knows. A score on them would say nothing.";
        body.wrap(0, 0, rows, text, Ink::Fair);
        return;
    }
    let width = body.width().saturating_sub(13);
    let chance = if review.classes.is_empty() { 0.0 } else { 1.0 / review.classes.len() as f64 };
    let rows = [
        ("EEG", review.eeg_accuracy, Ink::Accent),
        ("face", review.face_accuracy, Ink::Accent),
        ("fused", review.fused_accuracy, Ink::Good),
        ("majority", Some(review.majority), Ink::Dim),
    ];
    for (y, (name, value, ink)) in rows.iter().enumerate() {
        let y = y as u16;
        body.text(0, y, &format!("{name:<9}{}", words::share(*value)), Ink::Plain);
        bar(&mut body, (14, y), width.saturating_sub(2), value.unwrap_or(0.0), Some(chance), *ink);
    }
    let mark = body.caps.pick('┃', '|');
    let text = format!("{mark} chance {chance:.2}; {}", crate::signal::counted(review.scored_trials, "trial"));
    body.text(0, 4, &text, Ink::Dim);
}
