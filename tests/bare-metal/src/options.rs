//! What the command line asks for.

/// The options, with their defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// CPUs that the machine must have.
    pub(crate) cpus: usize,
    /// NUMA nodes with memory that it must have.
    pub(crate) nodes: usize,
    /// Calls that interrupt handlers make in each check of handlers.
    pub(crate) calls: u64,
}

impl Options {
    /// Reads words such as `cpus=8`.
    pub(crate) fn read(line: &str) -> Self {
        let mut options = Self { cpus: 1, nodes: 1, calls: 50_000 };
        for word in line.split_ascii_whitespace() {
            let Some((name, number)) = word.split_once('=') else { panic!("no number in {word:?}") };
            let number: u64 = number.parse().unwrap_or_else(|error| panic!("{word:?}: {error}"));
            match name {
                "cpus" => options.cpus = number as usize,
                "nodes" => options.nodes = number as usize,
                "calls" => options.calls = number,
                _ => panic!("no option {name:?}; there are cpus, nodes and calls"),
            }
        }
        options
    }
}
