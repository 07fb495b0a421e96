//! The bench's figures, for people and as JSON.

use super::fast::Fast;
use crate::cli::text;
use crate::signal::Nanos;
use serde_json::json;

/// Medians over the epochs.
pub struct Figures {
    pub runtime: String,
    /// What the epochs are of.
    pub about: String,
    pub side: usize,
    pub spectrograms: Nanos,
    pub network: Nanos,
    pub head: Nanos,
    pub fusion: Nanos,
    pub psd: Nanos,
    pub face: Option<Nanos>,
    pub fast: Option<Fast>,
}

fn ms(nanos: Nanos) -> f64 {
    (nanos as f64 / 1e4).round() / 100.0
}

impl Figures {
    pub fn print(&self, epochs: usize, as_json: bool) -> anyhow::Result<()> {
        let rest = (self.spectrograms + self.head + self.fusion) as f64 / self.network.max(1) as f64;
        if as_json {
            let fast = self.fast.as_ref().map(|f| {
                json!({ "network_ms": ms(f.network), "ratio": f.ratio, "cosine_least": f.cosine_least,
                        "cosine_mean": f.cosine_mean, "agree": f.agree,
                        "same_recording": f.recordings.map(|r| r.0), "right_recording": f.recordings.map(|r| r.1) })
            });
            let stages = json!({ "spectrograms": ms(self.spectrograms), "network": ms(self.network), "head": ms(self.head),
                                 "fusion": ms(self.fusion) });
            let value = json!({ "runtime": self.runtime, "epochs": epochs, "of": self.about, "side": self.side, "stages_ms": stages,
                                "rest_share": rest, "psd_ms": ms(self.psd), "face_ms": self.face.map(ms), "fast": fast });
            println!("{}", serde_json::to_string_pretty(&value)?);
            return Ok(());
        }
        let row = |what: &str, time: Nanos| vec![what.to_string(), format!("{:.2}", ms(time))];
        let mut rows = vec![
            row("bands and spectrograms", self.spectrograms),
            row("InceptionV3, 28 pictures", self.network),
            row("head", self.head),
            row("fusion", self.fusion),
            row("the whole epoch", self.spectrograms + self.network + self.head + self.fusion),
            row("band powers and their network", self.psd),
        ];
        rows.extend(self.face.map(|t| row("a face, per frame", t)));
        rows.extend(self.fast.as_ref().map(|f| row("InceptionV3 in eight bits", f.network)));
        print!("{}", text::table(&["3 s of EEG", "ms"], &rows));
        println!("all but InceptionV3: {:.1} % of it; the paper's pipeline takes 1500 ms an epoch", 100.0 * rest);
        if let Some(f) = &self.fast {
            println!(
                "eight bits: {:.2} of the time; features' cosine {:.4} on average, {:.4} at least; same class in {:.0} %",
                f.ratio,
                f.cosine_mean,
                f.cosine_least,
                100.0 * f.agree
            );
        }
        if let Some((same, right)) = self.fast.as_ref().and_then(|f| f.recordings) {
            println!(
                "which recording a picture is from: both say the same in {:.1} %, the float network is right in {:.1} %",
                100.0 * same,
                100.0 * right
            );
        }
        println!("{} epochs of {}, pictures of {2} x {2}, {3}", epochs, self.about, self.side, self.runtime);
        Ok(())
    }
}
