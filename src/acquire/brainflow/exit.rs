//! BrainFlow's exit codes and what a person can do about each.

/// A code other than 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(pub i32);

impl ExitCode {
    pub const INVALID_ARGUMENTS: ExitCode = ExitCode(13);
    pub const GENERAL: ExitCode = ExitCode(17);

    /// Ok for 0.
    ///
    /// # Errors
    /// The code itself.
    pub fn of(code: i32) -> Result<(), ExitCode> {
        if code == 0 { Ok(()) } else { Err(ExitCode(code)) }
    }
}

impl std::fmt::Display for ExitCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let meaning = match self.0 {
            1 => "the port is already open; close the program that uses it",
            2 => "the port cannot be opened; check serial_port, the plug, and that you may use the port (group dialout)",
            3 => "the serial port failed; check cable and plug",
            4 => "the board does not take commands; switch it off and on",
            5 | 6 => "the board sends nonsense; check that the board's number is the right one, switch it off and on",
            7 => "the board does not answer; check that it is switched on, charged and near",
            8 => "the board streams already",
            9 => "the buffer has an impossible size",
            10 | 11 => "the stream has stopped; switch the board off and on",
            12 => "the board has delivered nothing",
            13 => "a parameter is missing or wrong; compare [device.params] with BrainFlow's page on this board",
            14 => "BrainFlow has no board with this number",
            15 => "the board was not connected",
            16 => "the same board with the same parameters is open already; check for a second [[device]] block",
            17 => "BrainFlow failed; often a library of the system is missing (libbluetooth3, libusb-1.0-0, libdbus-1-3)",
            18 => "the board did not begin to stream in time; check that it is switched on and near",
            19 | 20 => "BrainFlow does not know these rows of the board",
            _ => "BrainFlow failed",
        };
        write!(f, "{meaning} (BrainFlow code {})", self.0)
    }
}
