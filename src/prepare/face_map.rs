//! Maps that a frozen backbone makes of face crops, in little memory: values from 0 to 6 (what a ReLU6 lets through) as 256
//! levels, three of them to a number. A float32 holds whole numbers up to 2^24 exactly, so that such rows go the way of
//! all other features, at a third of the size: 151 kB instead of 452 kB for 576 x 14 x 14.

use super::dataset::Recipe;

/// Kind of the recipe.
pub const KIND: &str = "face-map";
/// The recipe's parameter with the map's shape: "576 x 14 x 14".
pub const SHAPE: &str = "map";
/// Levels to a number.
pub const EACH: usize = 3;
/// Largest value.
pub const MOST: f32 = 6.0;
/// Levels above 0.
const LEVELS: f32 = 255.0;

/// "576 x 14 x 14" of [channels, height, width].
pub fn written(shape: [usize; 3]) -> String {
    shape.map(|n| n.to_string()).join(" x ")
}

/// [channels, height, width] of a recipe's maps; `None` where it does not say.
pub fn shape(recipe: &Recipe) -> Option<[usize; 3]> {
    let sizes: Vec<usize> = recipe.parameters.get(SHAPE)?.split(" x ").map_while(|n| n.parse().ok()).collect();
    sizes.try_into().ok()
}

/// Values as levels, three to a number; what lies beyond 0 and [`MOST`] becomes the nearer of them.
pub fn pack(values: &[f32]) -> Vec<f32> {
    let level = |v: &f32| (v.clamp(0.0, MOST) * (LEVELS / MOST) + 0.5) as u32;
    values.chunks(EACH).map(|three| three.iter().rev().fold(0u32, |sum, v| sum << 8 | level(v)) as f32).collect()
}

/// The first `count` values again, each at most [`MOST`] / 510 from what it was.
pub fn unpack(packed: &[f32], count: usize) -> Vec<f32> {
    let step = MOST / LEVELS;
    let three = |number: &f32| [0, 8, 16].map(|shift| ((*number as u32 >> shift) & 255) as f32 * step);
    packed.iter().flat_map(three).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn maps_come_back_to_half_a_level() {
        let mut seed = Seed::new(2);
        let values: Vec<f32> = (0..1000).map(|i| if i % 3 == 0 { 0.0 } else { (6.0 * seed.uniform()) as f32 }).collect();
        let packed = pack(&values);
        assert_eq!(packed.len(), 334);
        let back = unpack(&packed, values.len());
        let worst = values.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(back.len() == 1000 && worst <= MOST / 510.0 + 1e-5, "{worst}");
        assert_eq!(pack(&back), packed, "levels are kept as they are");
        assert_eq!(unpack(&pack(&[-1.0, 6.0, 9.0]), 3), [0.0, 6.0, 6.0]);
    }

    #[test]
    fn the_recipe_says_the_shape() {
        let mut recipe = Recipe { kind: KIND.into(), channels: vec![], bands: vec![], parameters: Default::default() };
        assert_eq!(shape(&recipe), None);
        recipe.parameters.insert(SHAPE.into(), written([576, 14, 14]));
        assert_eq!(shape(&recipe), Some([576, 14, 14]));
        recipe.parameters.insert(SHAPE.into(), "576 x many x 14".into());
        assert_eq!(shape(&recipe), None);
    }
}
