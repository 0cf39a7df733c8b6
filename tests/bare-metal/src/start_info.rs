//! What the loader tells: the PVH boot protocol's start information.

use core::ptr::with_exposed_provenance;

use crate::physical::read;

/// The first word of the start information.
const MAGIC: u32 = 0x336e_c578;
/// The type of memory that the kernel may use.
const USABLE: u32 = 1;
/// The longest command line.
const LONGEST: usize = 1024;

/// The start information.
#[derive(Clone, Copy)]
pub(crate) struct StartInfo(usize);

impl StartInfo {
    /// The start information at this address, which the loader has given in `ebx`.
    pub(crate) fn at(address: usize) -> Self {
        // SAFETY: the loader has put the start information there.
        assert_eq!(unsafe { read::<u32>(address) }, MAGIC, "the loader does not speak PVH");
        Self(address)
    }

    /// The address in a field.
    fn address(self, offset: usize) -> usize {
        // SAFETY: the start information has 56 bytes.
        unsafe { read::<u64>(self.0 + offset) as usize }
    }

    /// The words for the kernel.
    pub(crate) fn command_line(self) -> &'static str {
        let start = self.address(24);
        let is_end = |&length: &usize| {
            // SAFETY: the command line is there, and ends in a 0.
            unsafe { read::<u8>(start + length) == 0 }
        };
        let length = (0..LONGEST).find(is_end).expect("the command line ends");
        // SAFETY: the loader has put that many bytes there, and the kernel leaves them alone.
        let bytes = unsafe { core::slice::from_raw_parts(with_exposed_provenance::<u8>(start), length) };
        core::str::from_utf8(bytes).expect("the command line is text")
    }

    /// The address of the ACPI tables' root.
    pub(crate) fn acpi_root(self) -> usize {
        self.address(32)
    }

    /// The memory that the kernel may use, as ranges of addresses.
    pub(crate) fn usable(self) -> impl Iterator<Item = core::ops::Range<usize>> {
        let table = self.address(40);
        // SAFETY: the start information has 56 bytes.
        let entries = unsafe { read::<u32>(self.0 + 48) } as usize;
        (0..entries).map(move |entry| table + 24 * entry).filter_map(|entry| {
            // SAFETY: the table has that many entries of 24 bytes.
            let start = unsafe { read::<u64>(entry) } as usize;
            // SAFETY: as above.
            let size = unsafe { read::<u64>(entry + 8) } as usize;
            // SAFETY: as above.
            let kind = unsafe { read::<u32>(entry + 16) };
            (kind == USABLE).then(|| start..start + size)
        })
    }
}
