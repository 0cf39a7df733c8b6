//! The serial port, and `print!` and `println!` on it. Only the first CPU prints, except that any CPU may report a
//! panic.

use core::fmt;

use crate::port;

/// The first serial port of a PC.
const PORT: u16 = 0x3f8;
/// The register beside it that says whether the port takes another byte.
const STATUS: u16 = PORT + 5;
/// The bit of [`STATUS`] for that.
const READY: u8 = 0x20;

/// Writes to the serial port.
pub(crate) struct Serial;

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the status of the serial port; the device uses no memory.
            while unsafe { port::read(STATUS) } & READY == 0 {
                core::hint::spin_loop();
            }
            // SAFETY: a byte for the serial port; the device uses no memory.
            unsafe { port::write(PORT, byte) };
        }
        Ok(())
    }
}

/// Prints words.
#[macro_export]
macro_rules! print {
    ($($words:tt)*) => {{
        use core::fmt::Write as _;
        // The serial port takes everything.
        let _ = write!($crate::serial::Serial, $($words)*);
    }};
}

/// Prints a line.
#[macro_export]
macro_rules! println {
    ($($words:tt)*) => {{
        $crate::print!("{}\n", format_args!($($words)*));
    }};
}
