//! Numbers of the command line that something is counted or divided by: refused where they are read.

use std::fmt::Display;
use std::str::FromStr;

/// A whole number of one or more.
///
/// # Errors
/// No number, or none at all of what it counts.
pub fn some<N: FromStr<Err: Display> + From<u8> + PartialOrd>(word: &str) -> Result<N, String> {
    let number: N = word.parse().map_err(|e: N::Err| e.to_string())?;
    if number < N::from(1) { Err("it must be 1 or more".into()) } else { Ok(number) }
}

/// Folds of an evaluation: one to test on, the others to train with.
///
/// # Errors
/// No number, or fewer than two.
pub fn folds(word: &str) -> Result<usize, String> {
    let number: usize = word.parse().map_err(|e: std::num::ParseIntError| e.to_string())?;
    if number < 2 { Err("it must be 2 or more: one fold is tested, the others train".into()) } else { Ok(number) }
}

/// A finite number above zero.
///
/// # Errors
/// No number, or one that is not.
pub fn above_zero(word: &str) -> Result<f64, String> {
    let number: f64 = word.parse().map_err(|_| "it is not a number".to_string())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("it must be more than 0".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_count_is_refused() {
        assert_eq!((some::<usize>("1"), some::<u32>("50")), (Ok(1), Ok(50)));
        assert!(some::<usize>("0").is_err() && some::<usize>("-1").is_err() && some::<u32>("many").is_err());
        assert_eq!(folds("2"), Ok(2));
        assert!(["0", "00", "1"].iter().all(|word| folds(word).is_err_and(|why| why.contains("2 or more"))));
        assert!(folds("-1").is_err() && folds("many").is_err());
        assert_eq!(above_zero("1e-3"), Ok(1e-3));
        assert!(["0", "-1", "NaN", "inf", "fast"].iter().all(|word| above_zero(word).is_err()));
    }
}
