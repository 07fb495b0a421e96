//! The same network in an order that is cheaper in eight bits: a mean over neighbours and a 1 x 1 convolution can change
//! places, because one works within a channel and the other within a pixel. The branches of Inception networks take the
//! mean of all their channels first; after the convolution there are four to ten times fewer.

use crate::train::onnx::graph::{Parts, Step};

/// How many nodes read a value; the network's output counts as read once more.
pub(super) fn readers(parts: &Parts, name: &str) -> usize {
    let read = parts.nodes.iter().flat_map(|s| &s.inputs).filter(|i| *i == name).count();
    read + usize::from(parts.output.0 == name)
}

/// Moves every mean over neighbours (steps of 1, borders left out of the count) behind the 1 x 1 convolution that reads
/// it. The answers are the same up to rounding.
pub(super) fn means_last(parts: &mut Parts) {
    let swap = |parts: &Parts, at: usize| -> Option<(usize, [Step; 2])> {
        let mean = &parts.nodes[at];
        if mean.operator != "AveragePool" || !steps_of_one(mean) || readers(parts, &mean.output) != 1 {
            return None;
        }
        let (place, convolution) = parts.nodes.iter().enumerate().find(|(_, s)| s.inputs.first() == Some(&mean.output))?;
        let kernel = parts.weights.iter().find(|w| Some(&w.name) == convolution.inputs.get(1))?;
        let single = convolution.operator == "Conv" && kernel.shape.get(2..) == Some(&[1, 1]) && steps_of_one(convolution);
        let padded = |s: &Step| s.ints.iter().any(|(name, values)| name == "pads" && values.iter().any(|v| *v != 0));
        if !single || padded(convolution) {
            return None;
        }
        let between = format!("{}.unpooled", convolution.output);
        let mut inputs = convolution.inputs.clone();
        inputs[0] = mean.inputs[0].clone();
        let first = Step { inputs, output: between.clone(), ..convolution.clone() };
        let second = Step { inputs: vec![between], output: convolution.output.clone(), ..mean.clone() };
        Some((place, [first, second]))
    };
    for at in 0..parts.nodes.len() {
        if let Some((place, [first, second])) = swap(parts, at) {
            (parts.nodes[at], parts.nodes[place]) = (first, second);
        }
    }
}

/// Strides of 1, and no border counted into a mean.
fn steps_of_one(step: &Step) -> bool {
    let all =
        |key: &str, wanted: i64| step.ints.iter().filter(|(name, _)| name == key).all(|(_, v)| v.iter().all(|v| *v == wanted));
    all("strides", 1) && all("count_include_pad", 0) && all("group", 1)
}

/// Leaves out every ReLU behind a mean: rounding to steps that begin at zero cuts off what is below just the same.
pub(super) fn without_cuts_after_means(parts: &mut Parts) {
    while let Some((mean, cut)) = mean_then_cut(parts) {
        parts.nodes[mean].output = parts.nodes[cut].output.clone();
        parts.nodes.remove(cut);
    }
}

fn mean_then_cut(parts: &Parts) -> Option<(usize, usize)> {
    let of = |mean: &Step| parts.nodes.iter().position(|s| s.operator == "Relu" && s.inputs.first() == Some(&mean.output));
    let fits = |(i, mean): (usize, &Step)| {
        let alone = mean.operator == "AveragePool" && readers(parts, &mean.output) == 1;
        alone.then(|| of(mean)).flatten().map(|cut| (i, cut))
    };
    parts.nodes.iter().enumerate().find_map(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::runtime::{OnnxSession, Runtime};
    use crate::train::onnx::graph::{GraphBuilder, Size, Value, parts};

    fn pooled_first() -> GraphBuilder {
        let mut graph = GraphBuilder::default();
        let any = [Size::Any("batch"), Size::Of(2), Size::Any("h"), Size::Any("w")];
        graph.input("x", &any);
        graph.floats("k", &[1, 2, 1, 1], &[0.5, -2.0]);
        graph.floats("b", &[1], &[0.25]);
        let window = [("kernel_shape", Value::Ints(&[3, 3])), ("pads", Value::Ints(&[1; 4])), ("strides", Value::Ints(&[1, 1]))];
        graph.node("AveragePool", "m", &["x"], &window);
        graph.node("Conv", "c", &["m", "k", "b"], &[("kernel_shape", Value::Ints(&[1, 1]))]);
        graph.node("Relu", "r", &["c"], &[]);
        graph.output("r", &[any[0], Size::Of(1), any[2], any[3]]);
        graph
    }

    #[test]
    fn the_mean_comes_last_and_the_answer_stays() {
        let float = pooled_first().finish("f");
        let mut taken = parts(&float).expect("our own");
        means_last(&mut taken);
        let order: Vec<&str> = taken.nodes.iter().map(|s| s.operator.as_str()).collect();
        assert_eq!(order, ["Conv", "AveragePool", "Relu"]);
        assert_eq!((taken.nodes[0].inputs[0].as_str(), taken.nodes[1].output.as_str()), ("x", "c"));
        let runtime = Runtime::find(None);
        if runtime.version().is_some() {
            let x: Vec<f32> = (0..2 * 5 * 4).map(|i| ((i * 7) % 11) as f32 - 5.0).collect();
            let run = |bytes: &[u8]| {
                OnnxSession::from_bytes(&runtime, "m", bytes).and_then(|s| s.run(&x, &[1, 2, 5, 4])).expect("runs")
            };
            let again = super::super::quantise::rebuilt(&taken).finish("again");
            assert!(run(&float).iter().zip(run(&again)).all(|(a, b)| (a - b).abs() < 1e-5));
        }
        without_cuts_after_means(&mut taken);
        assert_eq!((taken.nodes.len(), taken.nodes[1].output.as_str()), (2, "r"));
    }

    #[test]
    fn wider_convolutions_and_shared_means_stay_where_they_are() {
        let mut shared = pooled_first();
        shared.node("Relu", "other", &["m"], &[]);
        let mut taken = parts(&shared.finish("f")).expect("our own");
        let before = taken.clone();
        means_last(&mut taken);
        assert_eq!(taken, before);
    }
}
