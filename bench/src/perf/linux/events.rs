//! Which events there are, and the numbers by which processors know them.

use crate::perf::EVENTS;
use perf_event::Builder;
use perf_event::events::{Cache, CacheOp, CacheResult, Hardware, Software, WhichCache};

/// How the kernel is asked for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// By one of the kernel's own names.
    Hardware(Hardware),
    /// The same, for caches.
    Cache(WhichCache, CacheResult),
    /// By the number that the processor's manual gives it.
    Raw(u64),
    /// Counted by the kernel.
    Software(Software),
}

/// An event to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// One of [`EVENTS`].
    pub(super) name: &'static str,
    pub(super) source: Source,
}

impl Event {
    /// Whether the kernel counts it, so that no counter of the processor is needed.
    pub(super) const fn is_software(&self) -> bool {
        matches!(self.source, Source::Software(_))
    }

    /// Whether it happens in kernel mode alone.
    pub(super) const fn is_of_kernel(&self) -> bool {
        matches!(self.source, Source::Software(Software::CONTEXT_SWITCHES | Software::CPU_MIGRATIONS))
    }

    pub(super) fn builder(&self) -> Builder<'static> {
        match self.source.clone() {
            Source::Hardware(event) => Builder::new().kind(event),
            Source::Software(event) => Builder::new().kind(event),
            Source::Cache(which, result) => {
                Builder::new().kind(Cache { which, operation: CacheOp::READ, result })
            }
            Source::Raw(number) => {
                // perf-event knows no raw events. `PERF_TYPE_RAW` is 4 (linux/perf_event.h).
                let mut builder = Builder::new();
                builder.attrs_mut().type_ = 4;
                builder.attrs_mut().config = number;
                builder
            }
        }
    }
}

/// The processor, as `/proc/cpuinfo` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// Intel's Sandy Bridge and Ivy Bridge.
    SandyBridge,
    /// Intel's, from Haswell on, other than those below.
    Haswell,
    /// Intel's servers, from Skylake-SP on.
    SkylakeServer,
    /// AMD's, from Zen 3 on.
    Zen3,
    /// Another one.
    Other,
}

impl Processor {
    pub(super) fn here() -> Self {
        std::fs::read_to_string("/proc/cpuinfo").map_or(Self::Other, |text| Self::of(&text))
    }

    fn of(cpuinfo: &str) -> Self {
        let field = |name: &str| {
            let line =
                cpuinfo.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
            Some(line.split_once(':')?.1.trim())
        };
        let number = |name| field(name).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
        match (field("vendor_id"), number("cpu family"), number("model")) {
            // Atoms have other numbers, and older cores too.
            (Some("GenuineIntel"), 6, ..42) => Self::Other,
            (Some("GenuineIntel"), 6, model) if NEHALEMS.contains(&model) || ATOMS.contains(&model) => {
                Self::Other
            }
            (Some("GenuineIntel"), 6, model) if SANDY_BRIDGES.contains(&model) => Self::SandyBridge,
            (Some("GenuineIntel"), 6, model) if SKYLAKE_SERVERS.contains(&model) => Self::SkylakeServer,
            (Some("GenuineIntel"), 6, _) => Self::Haswell,
            (Some("AuthenticAMD"), 25.., _) => Self::Zen3,
            _ => Self::Other,
        }
    }

    /// Whether the kernel's event of memory loads leaves out those of far memory (arch/x86/events/intel/core.c: its
    /// `NODE` reads have the bit of local memory alone).
    pub(super) const fn memory_is_near(self) -> bool {
        matches!(self, Self::Haswell | Self::SkylakeServer)
    }
}

// Models of Intel's family 6 (arch/x86/include/asm/intel-family.h).

/// Nehalem and Westmere, with a number above that of Sandy Bridge.
const NEHALEMS: [u32; 3] = [44, 46, 47];
const SANDY_BRIDGES: [u32; 4] = [42, 45, 58, 62];
/// Skylake-SP, Ice Lake-SP and -D, Sapphire, Emerald and Granite Rapids.
const SKYLAKE_SERVERS: [u32; 7] = [85, 106, 108, 143, 173, 174, 207];
/// Atoms, servers of such cores, Xeon Phi, and Lakefield.
const ATOMS: [u32; 21] =
    [53, 54, 55, 74, 76, 77, 87, 90, 92, 95, 117, 122, 133, 134, 138, 150, 156, 175, 182, 190, 221];

/// All events that may be counted on this processor, in the order of [`EVENTS`], and the names of those
/// that it has no number for.
pub(super) fn all(processor: Processor) -> (Vec<Event>, Vec<&'static str>) {
    use CacheResult::{ACCESS, MISS};
    use WhichCache::{DTLB, LL, NODE};
    // Loads from memory and lines that another core has had. On Intel (perfmon: MEM_LOAD_L3_HIT_RETIRED.XSNP_HITM or
    // XSNP_FWD, MEM_LOAD_L3_MISS_RETIRED.REMOTE_HITM), these are lines that the other core had changed. Servers before
    // Skylake-SP count other things by the latter's number. On AMD (ls_any_fills_from_sys), these are lines from the
    // caches of another group of cores (CCX), changed or not.
    let raw = |number| Some(Source::Raw(number));
    let [memory, far_memory] = match processor {
        Processor::Zen3 => [0x4844, 0x4044].map(raw),
        _ => [ACCESS, MISS].map(|result| Some(Source::Cache(NODE, result))),
    };
    let [contended, far_contended] = match processor {
        Processor::SandyBridge | Processor::Haswell => [raw(0x04D2), None],
        Processor::SkylakeServer => [0x04D2, 0x04D3].map(raw),
        Processor::Zen3 => [0x0444, 0x1044].map(raw),
        Processor::Other => [None, None],
    };
    let sources = [
        Some(Source::Hardware(Hardware::CPU_CYCLES)),
        Some(Source::Hardware(Hardware::INSTRUCTIONS)),
        Some(Source::Cache(LL, ACCESS)),
        Some(Source::Cache(LL, MISS)),
        memory,
        far_memory,
        contended,
        far_contended,
        Some(Source::Cache(DTLB, MISS)),
        Some(Source::Software(Software::PAGE_FAULTS)),
        Some(Source::Software(Software::CONTEXT_SWITCHES)),
        Some(Source::Software(Software::CPU_MIGRATIONS)),
    ];
    let (mut events, mut unknown) = (Vec::new(), Vec::new());
    for ((name, _), source) in EVENTS.into_iter().zip(sources) {
        match source {
            Some(source) => events.push(Event { name, source }),
            None => unknown.push(name),
        }
    }
    (events, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_recognised() {
        let of = |vendor: &str, family: u32, model: u32| {
            let text = format!(
                "processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: CPU\n"
            );
            Processor::of(&text)
        };
        let intel = |models: &[u32], processor| {
            for &model in models {
                assert_eq!(of("GenuineIntel", 6, model), processor, "{model}");
            }
        };
        intel(&[42, 45, 58, 62], Processor::SandyBridge);
        // Servers with Haswell and Broadwell, then clients up to Arrow Lake.
        intel(&[63, 79, 86, 60, 94, 151, 198], Processor::Haswell);
        intel(&[85, 106, 108, 143, 173, 174, 207], Processor::SkylakeServer);
        // Nehalem and Westmere, then Atoms up to Clearwater Forest.
        intel(&[26, 44, 46, 47, 117, 122, 175, 182, 221], Processor::Other);
        assert_eq!(of("AuthenticAMD", 25, 17), Processor::Zen3);
        assert_eq!(of("AuthenticAMD", 26, 2), Processor::Zen3);
        assert_eq!(of("AuthenticAMD", 23, 49), Processor::Other);
        assert_eq!(Processor::of("CPU implementer\t: 0x41\n"), Processor::Other);
    }

    #[test]
    fn every_processor_has_every_event_or_says_which_it_lacks() {
        let near = [Processor::Haswell, Processor::SkylakeServer];
        for (processor, lacks) in [
            (Processor::SandyBridge, &["far_contended_lines"][..]),
            (Processor::Haswell, &["far_contended_lines"]),
            (Processor::SkylakeServer, &[]),
            (Processor::Zen3, &[]),
            (Processor::Other, &["contended_lines", "far_contended_lines"]),
        ] {
            let (events, unknown) = all(processor);
            assert_eq!(unknown, lacks);
            assert_eq!(processor.memory_is_near(), near.contains(&processor));
            assert_eq!(events.len() + unknown.len(), EVENTS.len());
            assert_eq!(events.iter().filter(|event| event.is_software()).count(), 3);
        }
    }
}
