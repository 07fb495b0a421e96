//! What a study is asked to do, what it found, and why it could not.

use crate::explain::report::ExplanationReport;
use crate::prepare::dataset::Target;
use crate::signal::Nanos;
use crate::store::rows::{ModelRow, SessionId};
use crate::study::face_network::FaceNetwork;
use crate::study::{Features, Windows};
use crate::train::card::Scores;
use crate::train::device::Compute;
use serde::Serialize;
use std::path::PathBuf;

/// Which sessions, which label, how much effort.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All usable sessions when empty.
    pub sessions: Vec<SessionId>,
    pub target: Target,
    /// What the EEG examples are made of.
    pub features: Features,
    /// Name of the EEG network; the features' own when absent.
    pub network: Option<String>,
    /// The network of faces, where there are any.
    pub face: FaceNetwork,
    /// Which windows of a clip are learnt from and judged.
    pub windows: Windows,
    /// Folds of the grouped cross-validation.
    pub folds: usize,
    /// Width of the EEG network's dense layer; 512 in the paper.
    pub hidden: usize,
    pub epochs: usize,
    pub seed: u64,
    /// Where to train.
    pub device: Compute,
    /// Wall time that names and dates the models.
    pub created_utc: Nanos,
    pub library_dir: Option<PathBuf>,
    /// Electrode pixels deleted or inserted per step of the Quality Test's curves (1 in the paper).
    pub features_per_step: usize,
    /// Most test samples per class that are explained.
    pub samples_per_class: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            sessions: Vec::new(),
            target: Target::Intended,
            features: Features::default(),
            network: None,
            face: FaceNetwork::default(),
            windows: Windows::All,
            folds: 4,
            hidden: 512,
            epochs: 50,
            seed: 7,
            device: Compute::Cpu,
            created_utc: 0,
            library_dir: None,
            features_per_step: 1,
            samples_per_class: 200,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// One sentence for people.
    pub summary: String,
    pub sessions: Vec<SessionId>,
    pub models: Vec<ModelRow>,
    pub classes: Vec<String>,
    pub eeg: Option<Scores>,
    pub face: Option<Scores>,
    pub fused: Option<Scores>,
    /// Trials on which the fusion abstained.
    pub abstained: usize,
    pub explanation: Option<ExplanationReport>,
    /// Largest difference between the logits of limbic's own forward pass and ONNX Runtime's, where that is installed.
    pub runtime_agreement: Option<(String, f64)>,
}

/// Why a study stops. What was finished before stays stored.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    #[error("there is nothing to train on: {0}")]
    NothingToTrain(String),
    #[error("\"{0}\" is no target; use intended, reported, valence, arousal, valence9 or arousal9")]
    UnknownTarget(String),
    #[error(
        "the model {model} was trained on features {wanted}, but session {session} gives {found}: {difference}; record with the same montage, or train a model for this one"
    )]
    OtherRecipe { model: String, wanted: String, session: String, found: String, difference: String },
    #[error("\"{0}\" is no choice of windows; use all, or labelled (only the seconds in which the emotion was felt)")]
    UnknownWindows(String),
    #[error("\"{0}\" names no features; there are {names}", names = Features::all().iter().map(|f| f.name()).collect::<Vec<_>>().join(", "))]
    UnknownFeatures(String),
    #[error("there is no model called {0}; `limbic models` lists what is there, `limbic train` makes one")]
    NoModel(String),
    #[error("{model} is a face model, which answers beside the EEG model of the same training: {instead}")]
    FaceModel { model: String, instead: String },
    #[error(
        "these maps need InceptionV3, which is not here; bring it with `limbic setup --models`, or name a file with --inception"
    )]
    NoInception,
    #[error("\"{0}\" is no backbone; use scratch, mobilenet-v2 or efficientnet-lite0")]
    UnknownBackbone(String),
    #[error("the network {network} takes {wants}; for faces there are face-small and patt-lite")]
    NoFaceNetwork { network: String, wants: &'static str },
    #[error("the network {0} stands on no backbone; leave --backbone out, or choose patt-lite")]
    NoBackboneFor(String),
    #[error("the backbone {0} is not here; bring it with `limbic setup --models`, or choose --backbone scratch")]
    NoBackbone(&'static str),
    #[error("no network is called {0}; there are {names}", names = crate::train::networks::names())]
    NoNetwork(String),
    #[error("{path}: {why}")]
    Folder { path: PathBuf, why: String },
    #[error("cannot write {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("{0}")]
    Cluster(String),
    #[error("session {session}: {message}")]
    Session { session: String, message: String },
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Prepare(#[from] crate::prepare::PrepareError),
    #[error(transparent)]
    Train(#[from] crate::train::TrainError),
    #[error(transparent)]
    Split(#[from] crate::train::split::SplitError),
    #[error(transparent)]
    Input(#[from] crate::train::input::InputError),
    #[error(transparent)]
    ModelFile(#[from] crate::train::file::FileError),
    #[error(transparent)]
    Epoch(#[from] crate::infer::epoch::EpochError),
    #[error(transparent)]
    Open(#[from] crate::infer::open::OpenError),
    #[error(transparent)]
    Face(#[from] crate::infer::face::FaceError),
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Explain(#[from] crate::explain::ExplainError),
    #[error(transparent)]
    Exchange(#[from] crate::exchange::ExchangeError),
    #[error(transparent)]
    Stopped(#[from] crate::job::Stopped),
    /// With what is kept.
    #[error("stopped on request; {0}")]
    StoppedAfter(String),
}

/// The target of that name.
///
/// # Errors
/// Any other word.
pub fn target_named(name: &str) -> Result<Target, StudyError> {
    match name {
        "intended" => Ok(Target::Intended),
        "reported" => Ok(Target::Reported),
        "valence" => Ok(Target::Valence),
        "arousal" => Ok(Target::Arousal),
        "valence9" => Ok(Target::ValenceLevels),
        "arousal9" => Ok(Target::ArousalLevels),
        other => Err(StudyError::UnknownTarget(other.into())),
    }
}
