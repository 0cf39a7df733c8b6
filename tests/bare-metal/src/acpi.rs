//! The firmware's ACPI tables: which CPUs there are (MADT), and which CPU and memory belongs to which NUMA node
//! (SRAT).

use core::ops::Range;

use crate::physical::read;

/// Bytes before the entries of each table.
const MADT_HEADER: usize = 44;
const SRAT_HEADER: usize = 48;

/// A table.
#[derive(Clone, Copy)]
struct Table {
    address: usize,
    size: usize,
}

impl Table {
    /// The table at `address`.
    fn at(address: usize) -> Self {
        // SAFETY: the firmware names only addresses of tables, and these begin with signature and size.
        let size = unsafe { read::<u32>(address + 4) } as usize;
        Self { address, size }
    }

    /// The byte at `offset`.
    fn byte(self, offset: usize) -> u8 {
        assert!(offset < self.size, "an ACPI table ends early");
        // SAFETY: the byte is within the table.
        unsafe { read::<u8>(self.address + offset) }
    }

    /// The number of `bytes` bytes at `offset`, the lowest byte first.
    fn number(self, offset: usize, bytes: usize) -> usize {
        (0..bytes).rev().fold(0, |number, byte| number << 8 | usize::from(self.byte(offset + byte)))
    }

    fn has_signature(self, signature: &[u8; 4]) -> bool {
        signature.iter().enumerate().all(|(offset, &byte)| self.byte(offset) == byte)
    }

    /// The entries behind a header: the kind of each, and its offset.
    fn entries(self, header: usize) -> impl Iterator<Item = (u8, usize)> {
        let mut offset = header;
        core::iter::from_fn(move || {
            let (at, length) = (offset, (offset + 1 < self.size).then(|| self.byte(offset + 1))?);
            assert!(length > 1, "an entry of an ACPI table has no length");
            offset += usize::from(length);
            Some((self.byte(at), at))
        })
    }
}

/// The tables, by the address of their root.
#[derive(Clone, Copy)]
pub(crate) struct Acpi {
    root: Table,
    /// Bytes of an address in the root table.
    width: usize,
}

impl Acpi {
    /// `root` is the address of the structure that firmware calls RSDP.
    pub(crate) fn new(root: usize) -> Self {
        let pointer = Table { address: root, size: 36 };
        // From revision 2 on, there is a table with addresses of 64 bits.
        let (offset, width) = if pointer.byte(15) >= 2 { (24, 8) } else { (16, 4) };
        Self { root: Table::at(pointer.number(offset, width)), width }
    }

    fn table(self, signature: &[u8; 4]) -> Option<Table> {
        let addresses = (36..self.root.size).step_by(self.width);
        let mut tables = addresses.map(|offset| Table::at(self.root.number(offset, self.width)));
        tables.find(|table| table.has_signature(signature))
    }

    /// The local APIC of each CPU that can be started.
    pub(crate) fn cpus(self) -> impl Iterator<Item = u32> {
        let table = self.table(b"APIC").expect("the firmware lists the CPUs");
        let local_apics = table.entries(MADT_HEADER).filter(|(kind, _)| *kind == 0);
        let usable = local_apics.filter(move |(_, entry)| table.byte(entry + 4) & 1 != 0);
        usable.map(move |(_, entry)| table.byte(entry + 3).into())
    }

    /// The NUMA node of the CPU with this local APIC. Without NUMA nodes, everything is on node 0.
    pub(crate) fn node_of_cpu(self, apic: u32) -> u32 {
        let Some(table) = self.table(b"SRAT") else { return 0 };
        let mut cpus = table.entries(SRAT_HEADER).filter(|(kind, _)| *kind == 0);
        let found = cpus.find(|(_, entry)| u32::from(table.byte(entry + 3)) == apic);
        found.map_or(0, |(_, entry)| table.byte(entry + 2).into())
    }

    /// Which memory belongs to which NUMA node. Without NUMA nodes, all memory is on node 0.
    pub(crate) fn memory(self) -> impl Iterator<Item = (u32, Range<usize>)> {
        let table = self.table(b"SRAT");
        let all = table.is_none().then_some((0, 0..usize::MAX));
        let ranges = table.into_iter().flat_map(move |table| {
            let ranges = table.entries(SRAT_HEADER).filter(|(kind, _)| *kind == 1);
            let enabled = ranges.filter(move |(_, entry)| table.byte(entry + 28) & 1 != 0);
            enabled.map(move |(_, entry)| {
                let start = table.number(entry + 8, 8);
                (table.number(entry + 2, 4) as u32, start..start + table.number(entry + 16, 8))
            })
        });
        all.into_iter().chain(ranges)
    }
}
