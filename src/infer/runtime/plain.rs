//! ONNX Runtime's complaints about a model in one sentence that says what to do.

/// What is wrong with the model, in place of the runtime's own words (source files, signatures, several lines).
pub(super) fn plain(message: &str) -> String {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let (Some(opset), Some(known)) = (number_after(&message, "Opset "), number_after(&message, "till opset ")) {
        return format!(
            "it is written for opset {opset} and this ONNX Runtime knows opsets up to {known}; export it again for that"
        );
    }
    if ["protobuf parsing failed", "No graph was found", "ModelProto does not have a graph"].iter().any(|m| message.contains(m)) {
        return "it is no ONNX file, or a damaged one; fetch it or export it again".into();
    }
    if let Some((_, operator)) = message.split_once("No Op registered for ") {
        let operator = operator.split_whitespace().next().unwrap_or_default();
        return format!("it has an operator that ONNX Runtime does not know ({operator}); export it with standard operators");
    }
    // Where it was thrown is of no use to people: "/onnxruntime_src/.../graph.cc:12 void f(...) Sentence".
    let sentence = match message.strip_prefix("/onnxruntime_src/") {
        Some(rest) => rest.rsplit_once(") ").map_or(rest, |(_, sentence)| sentence),
        None => &message,
    };
    sentence.trim_end_matches('.').into()
}

fn number_after(message: &str, word: &str) -> Option<u32> {
    let rest = message.split_once(word)?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn signatures_become_sentences() {
        let opset = "/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::f(const std::string&, int) ONNX \
                     Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 999 \
                     is under development and support for this is limited.\n Current official support for domain ai.onnx is till \
                     opset 26.\n";
        assert!(plain(opset).starts_with("it is written for opset 999 and this ONNX Runtime knows opsets up to 26"));
        assert!(plain("Failed to load model because protobuf parsing failed.").starts_with("it is no ONNX file"));
        let unknown =
            "This is an invalid model. In Node, (\"\", Odd, \"\", -1) : Error No Op registered for Odd with domain_version of 17";
        assert!(plain(unknown).contains("does not know (Odd)"));
        assert_eq!(plain("/onnxruntime_src/a.cc:7 void g(int) The shapes do not match.\n"), "The shapes do not match");
        assert_eq!(plain("Some words."), "Some words");
    }
}
