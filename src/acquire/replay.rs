//! (placeholder until its branch lands)
use super::*;
pub struct Replay;
impl Replay {
    pub fn open(_: &crate::rig::ReplayRig, _: &Surroundings) -> Result<Self, AcquireError> {
        Err(AcquireError::Device { device: "replay".into(), message: "not merged yet".into() })
    }
}
impl Source for Replay {
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
