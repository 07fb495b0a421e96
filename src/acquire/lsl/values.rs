//! Values as an outlet sends them: what single numbers hold exactly is not widened on its way.

/// Row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Values {
    /// What holds every value of LSL's channel format ("float32", "int16", ...).
    pub fn of_format(format: &str) -> Values {
        match format {
            "float32" | "int16" | "int8" => Values::Single(Vec::new()),
            _ => Values::default(),
        }
    }

    pub fn clear(&mut self) {
        match self {
            Values::Single(values) => values.clear(),
            Values::Double(values) => values.clear(),
        }
    }
}

impl Default for Values {
    fn default() -> Values {
        Values::Double(Vec::new())
    }
}
