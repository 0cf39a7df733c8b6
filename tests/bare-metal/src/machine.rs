//! The machine's CPUs and NUMA nodes, as the firmware describes them.

use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::acpi::Acpi;
use crate::cpu::{self, MOST};
use crate::list::List;
use crate::start_info::StartInfo;

/// NUMA nodes at most.
pub(crate) const MOST_NODES: usize = 4;

/// What there is.
pub(crate) struct Machine {
    /// How many CPUs there are. The CPU that boots is the first.
    pub(crate) cpus: usize,
    /// The longest range of usable memory on each node, by the node's number.
    pub(crate) memory: List<(usize, usize), MOST_NODES>,
}

/// The local APIC of each CPU.
static APICS: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];
/// The node of each CPU.
static NODES: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];

// SAFETY: the linker script defines the symbol. The kernel uses its address alone.
unsafe extern "C" {
    /// The linker script's name for the kernel's end.
    static kernel_end: u8;
}

impl Machine {
    /// Looks at the firmware's tables. The first CPU calls this, before the others start.
    pub(crate) fn find(start_info: StartInfo) -> Self {
        let acpi = Acpi::new(start_info.acpi_root());
        let mut cpus = 0;
        for (number, apic) in acpi.cpus().take(MOST).enumerate() {
            cpus += 1;
            // Relaxed: the other CPUs start later.
            APICS[number].store(apic, Ordering::Relaxed);
            NODES[number].store(acpi.node_of_cpu(apic), Ordering::Relaxed);
        }
        let mut memory = List::new();
        for node in 0..MOST_NODES {
            let ranges = acpi.memory().filter(|(of, _)| *of as usize == node);
            let usable =
                ranges.flat_map(|(_, range)| start_info.usable().map(move |other| common(&range, &other)));
            match usable.max_by_key(Range::len).filter(|range| !range.is_empty()) {
                Some(range) => memory.push((range.start, range.end)),
                None => break,
            }
        }
        Self { cpus, memory }
    }
}

/// What two ranges have in common, above the kernel.
fn common(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start).max((&raw const kernel_end).addr())..a.end.min(b.end)
}

/// The NUMA node of the CPU that runs this.
pub(crate) fn node() -> u32 {
    node_of(cpu::number())
}

/// The local APIC of a CPU.
pub(crate) fn apic_of(cpu: usize) -> u32 {
    // Relaxed: the number was stored before the CPU started.
    APICS[cpu].load(Ordering::Relaxed)
}

/// The NUMA node of a CPU.
pub(crate) fn node_of(cpu: usize) -> u32 {
    // Relaxed: the number was stored before the CPU started.
    NODES[cpu].load(Ordering::Relaxed)
}
