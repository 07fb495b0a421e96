//! The smallest window: safety marks, answers and the main key stand in it whole; and text is measured in columns.

use super::*;
use limbic::show::picture;
use limbic::signal::{Emotion, Rating};

#[test]
fn the_participants_scales_are_whole_in_the_smallest_window() {
    for size in [(60, 18), (60, 24), (66, 20)] {
        let mut scene = example::scenes().into_iter().find(|s| s.name == "participant rates").expect("the scene");
        scene.snapshot.rating = Rating { valence: Some(9.0), arousal: Some(1.0), emotion: Some(Emotion::Calm) };
        scene.keys = "";
        let text = lines(&picture::draw(&scene, ASCII, size.0, size.1));
        let numbers = |line: &&str| ["1", "2", "3", "4", "5", "6", "7", "8", "9"].iter().all(|n| line.contains(n));
        assert_eq!(text.lines().filter(numbers).count(), 2, "{size:?}:\n{text}");
        assert!(text.contains("[ 9 ]") && text.contains("[ 1 ]") && text.contains("[c calm]"), "{text}");
        for emotion in Emotion::ALL {
            assert!(text.contains(&format!("{} {emotion}", emotion.key())), "{emotion} at {size:?}:\n{text}");
        }
        assert!(text.contains("Enter") && text.contains("SIMULATED"), "{text}");
    }
}
