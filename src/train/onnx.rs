//! The model file: ONNX written and read by ourselves (opset 17, ir 8), with the card as metadata.

mod blocks;
mod dense;
pub mod graph;
mod message;
mod read;
mod values;
mod write;

pub use read::{read, read_logits};
pub use write::{write, write_bare};

/// Name of the graph's input, [batch, channels, height, width].
pub const INPUT: &str = "input";
/// Name of the graph's output, [batch, classes].
pub const OUTPUT: &str = "logits";
/// Metadata key of the card (JSON).
pub const CARD_KEY: &str = "limbic.card";
/// Metadata key of the network's name and size.
pub const NETWORK_KEY: &str = "limbic.network";

const OPSET: i64 = 17;
const OPSET_OF_GELU: i64 = 20;
const IR_VERSION: i64 = 8;

/// A file that limbic cannot run by itself.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OnnxError {
    #[error("not an ONNX model: {0}")]
    Format(String),
    #[error(
        "operator {operator} (node \"{node}\") is not one that limbic runs by itself; install ONNX Runtime with \"limbic setup\" for this model"
    )]
    Operator { operator: String, node: String },
    #[error(
        "node \"{node}\" ({operator}): {why}; limbic by itself runs plain sequences of layers, ONNX Runtime (\"limbic setup\") runs the rest"
    )]
    Node { operator: String, node: String, why: String },
    #[error(transparent)]
    Network(#[from] super::network::NetworkError),
    #[error("network \"{0}\" in this file is not the one that this version of limbic builds by that name; train it again")]
    Rebuilt(String),
    #[error("the card inside the model is not readable: {0}")]
    Card(String),
}

#[cfg(test)]
pub(crate) mod tests;
