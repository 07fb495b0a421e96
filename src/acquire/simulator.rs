//! (placeholder until its branch lands)
use super::*;
pub struct Simulator;
impl Simulator {
    pub fn open(_: &crate::rig::SimulatorRig, _: &Surroundings) -> Result<Self, AcquireError> {
        Err(AcquireError::Device { device: "simulator".into(), message: "not merged yet".into() })
    }
}
impl Source for Simulator {
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
