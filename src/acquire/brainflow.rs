//! (placeholder until its branch lands)
use super::*;
pub struct Board;
impl Board {
    pub fn open(_: &crate::rig::BrainFlowRig, _: &Surroundings) -> Result<Self, AcquireError> {
        Err(AcquireError::Device { device: "brainflow".into(), message: "not merged yet".into() })
    }
}
impl Source for Board {
    fn streams(&self) -> &[StreamInfo] {
        &[]
    }
    fn start(&mut self) -> Result<(), AcquireError> {
        Ok(())
    }
    fn read(&mut self, _: Duration) -> Result<Vec<Packet>, AcquireError> {
        Ok(Vec::new())
    }
    fn stop(&mut self) {}
}
