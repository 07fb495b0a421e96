//! Which electrodes and bands a network used, by the explainer that the Quality Test finds most faithful.

pub mod report;
