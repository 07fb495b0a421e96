//! Structures of which `v4l` only wants the size, because it is part of an ioctl's number.

/// An analogue video standard, as a set of bits.
pub type v4l2_std_id = u64;

/// Structures of so many words of 32 or 64 bits (which also gives them the kernel's alignment).
macro_rules! opaque {
    ($($name:ident: [$word:ty; $n:literal] = $bytes:literal;)*) => {
        $(
            #[repr(C)]
            #[derive(Debug, Clone, Copy)]
            pub struct $name {
                words: [$word; $n],
            }
            const _: () = assert!(size_of::<$name>() == $bytes);
        )*
    };
}

opaque! {
    v4l2_audio: [u32; 13] = 52;
    v4l2_audioout: [u32; 13] = 52;
    v4l2_crop: [u32; 5] = 20;
    v4l2_cropcap: [u32; 11] = 44;
    v4l2_edid: [u64; 5] = 40;
    v4l2_enc_idx: [u64; 259] = 2072;
    v4l2_encoder_cmd: [u32; 10] = 40;
    v4l2_exportbuffer: [u32; 16] = 64;
    v4l2_framebuffer: [u64; 6] = 48;
    v4l2_frequency: [u32; 11] = 44;
    v4l2_input: [u64; 10] = 80;
    v4l2_jpegcompression: [u32; 35] = 140;
    v4l2_modulator: [u32; 17] = 68;
    v4l2_output: [u64; 9] = 72;
    v4l2_queryctrl: [u32; 17] = 68;
    v4l2_sliced_vbi_cap: [u32; 29] = 116;
    v4l2_standard: [u64; 9] = 72;
    v4l2_tuner: [u32; 21] = 84;
}
