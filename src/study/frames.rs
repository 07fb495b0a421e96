//! The face frames of one trial, and whether they suffice for an answer.

use crate::infer::aggregate::USABLE_SHARE;
use crate::job::Job;
use crate::prepare::dataset::Example;
use crate::signal::seconds;
use crate::store::Recording;
use crate::store::rows::Trial;
use crate::study::StudyError;
use crate::study::datasets::{face_stream, face_trial};
use crate::study::face_input::FaceInput;

/// The readable frames of one trial in which the face was found.
#[derive(Debug, Clone, Default)]
pub struct FaceFrames {
    pub examples: Vec<Example>,
    /// As many as the camera should have given; 0 without a camera.
    pub expected: usize,
}

impl FaceFrames {
    /// Those of a trial, five a second at most (one where a backbone makes maps of them); none where the session has no camera.
    ///
    /// # Errors
    /// The session cannot be read.
    pub fn of(recording: &Recording, trial: (&Trial, usize), input: &FaceInput, job: &Job) -> Result<FaceFrames, StudyError> {
        let Some(stream) = face_stream(recording) else { return Ok(FaceFrames::default()) };
        let length = seconds(trial.0.video_off.unwrap_or(0) - trial.0.video_on.unwrap_or(0));
        let most = 1.0 / input.every_s(0.0);
        let rate = if stream.info.rate > 0.0 { stream.info.rate.min(most) } else { most };
        let examples = face_trial(recording, stream, trial, (input, 1.0 / most), job)?;
        Ok(FaceFrames { examples, expected: (length * rate) as usize })
    }

    /// Share of the expected frames that show the face, times 100; `None` without a camera.
    pub fn quality(&self) -> Option<f32> {
        (self.expected > 0).then(|| 100.0 * (self.examples.len() as f32 / self.expected as f32).min(1.0))
    }

    /// With fewer the face counts as missing (algorithms 8.4).
    pub fn enough(&self) -> bool {
        !self.examples.is_empty() && self.examples.len() as f64 >= USABLE_SHARE * self.expected as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_ten_frames_are_enough_and_two_are_not() {
        let one = Example {
            features: vec![],
            label: 0,
            participant: String::new(),
            session: String::new(),
            trial: 1,
            stimulus: String::new(),
            time: 0.0,
        };
        let some = |n: usize| FaceFrames { examples: vec![one.clone(); n], expected: 10 };
        assert_eq!((some(3).enough(), some(2).enough()), (true, false));
        assert!(some(3).quality().is_some_and(|percent| (percent - 30.0).abs() < 1e-4));
        assert_eq!((FaceFrames::default().enough(), FaceFrames::default().quality()), (false, None));
    }
}
