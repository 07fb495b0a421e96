//! A key and what it does, as the footer and the help print it.

/// One key that works on a screen right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// "Enter", "j/k".
    pub key: &'static str,
    /// "to the montage".
    pub what: &'static str,
    /// Says something to the lab, which takes orders from one terminal only, or writes in a form for that. A terminal that
    /// looks on is not offered it.
    pub orders: bool,
}

/// A key that only changes what this terminal shows.
pub const fn shows(key: &'static str, what: &'static str) -> Hint {
    Hint { key, what, orders: false }
}

/// A key that gives the lab an order, or writes in a form for that.
pub const fn orders(key: &'static str, what: &'static str) -> Hint {
    Hint { key, what, orders: true }
}

/// The keys for one who looks on, and the one that leaves.
pub fn for_looking_on(mut hints: Vec<Hint>) -> Vec<Hint> {
    hints.retain(|hint| !hint.orders);
    // Works everywhere; q is an answer or closes the help on some screens.
    hints.push(shows("Ctrl-C", "leave"));
    hints
}
