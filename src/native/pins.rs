//! What is installed: packages by name, version and sha256, with the files that are needed of them.

use super::Library;

/// One package of a Python package index (a wheel is a zip file), pinned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pin {
    pub library: Library,
    pub package: &'static str,
    pub version: &'static str,
    /// File name of the wheel.
    pub wheel: &'static str,
    pub sha256: &'static str,
    /// Tag of the platform that pip is asked for, so that the same file comes whatever Python the user has.
    pub platform: &'static str,
    /// Files inside the wheel that are unpacked, all into one folder.
    pub files: &'static [&'static str],
    pub licence: &'static str,
}

impl Pin {
    /// Its folder below the data folder: "brainflow-5.23.0".
    pub fn folder(&self) -> String {
        format!("{}-{}", self.package, self.version)
    }

    /// Arguments for pip that fetch exactly this wheel.
    pub fn pip_arguments(&self) -> Vec<String> {
        let fixed = ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"];
        let own = ["--platform".into(), self.platform.into(), format!("{}=={}", self.package, self.version)];
        fixed.iter().map(|a| a.to_string()).chain(own).collect()
    }
}

/// The pins of the machine that limbic was built for; empty where nothing is known to work.
pub fn pins() -> &'static [Pin] {
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        &LINUX_X86_64
    } else if cfg!(all(target_os = "linux", target_arch = "aarch64", target_env = "gnu")) {
        &LINUX_AARCH64
    } else {
        &[]
    }
}

/// The pin of one library on this machine.
pub fn pin(library: Library) -> Option<&'static Pin> {
    pins().iter().find(|p| p.library == library)
}

const LINUX_X86_64: [Pin; 3] = [
    Pin {
        library: Library::BrainFlow,
        package: "brainflow",
        version: "5.23.0",
        wheel: "brainflow-5.23.0-py3-none-any.whl",
        sha256: "76817574fcc05dbb6f02e775149f5e400a4b1ebbf757e72a407c0aee4e372be5",
        platform: "manylinux_2_28_x86_64",
        // Without its own libonnxruntime_x64.so: 15 MB for classifiers that limbic does not use.
        files: &[
            "brainflow/lib/libBoardController.so",
            "brainflow/lib/libDataHandler.so",
            "brainflow/lib/libMLModule.so",
            "brainflow/lib/libBrainBitLib.so",
            "brainflow/lib/libBrainFlowBluetooth.so",
            "brainflow/lib/libGanglionLib.so",
            "brainflow/lib/libMuseLib.so",
            "brainflow/lib/libSynchroniLib_x64.so",
            "brainflow/lib/libeego-SDK.so",
            "brainflow/lib/libsensor_x64.so",
            "brainflow/lib/libsimpleble-c.so",
            "brainflow/lib/libunicorn.so",
        ],
        licence: "MIT",
    },
    Pin {
        library: Library::Lsl,
        package: "pylsl",
        version: "1.18.6",
        wheel: "pylsl-1.18.6-py3-none-manylinux_2_35_x86_64.whl",
        sha256: "d184abba5318c85a456ff1ca88a1960e194ab7c7ac2f31b6d0a06726e36b91e1",
        platform: "manylinux_2_35_x86_64",
        files: &["pylsl/lib/liblsl.so"],
        licence: "MIT",
    },
    Pin {
        library: Library::OnnxRuntime,
        package: "onnxruntime",
        version: "1.31.1",
        wheel: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl",
        sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
        platform: "manylinux_2_28_x86_64",
        files: &["onnxruntime/capi/libonnxruntime.so.1.31.1", "onnxruntime/capi/libonnxruntime_providers_shared.so"],
        licence: "MIT",
    },
];

/// BrainFlow's wheel has no libraries for this machine, liblsl's was not tried.
const LINUX_AARCH64: [Pin; 1] = [Pin {
    library: Library::OnnxRuntime,
    package: "onnxruntime",
    version: "1.31.1",
    wheel: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_aarch64.whl",
    sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
    platform: "manylinux_2_28_aarch64",
    files: &["onnxruntime/capi/libonnxruntime.so.1.31.1", "onnxruntime/capi/libonnxruntime_providers_shared.so"],
    licence: "MIT",
}];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_whole_and_say_what_they_pin() {
        for pin in LINUX_X86_64.iter().chain(&LINUX_AARCH64) {
            assert_eq!(pin.sha256.len(), 64);
            assert!(pin.sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
            assert!(pin.wheel.starts_with(&format!("{}-{}-", pin.package, pin.version)) && pin.wheel.ends_with(".whl"));
            assert!(pin.files.iter().any(|f| f.contains(pin.library.file())), "{}", pin.package);
        }
    }
}
