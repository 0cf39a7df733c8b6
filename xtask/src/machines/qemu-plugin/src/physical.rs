//! Finds the node of a physical address.
//!
//! The machine gives each node one memory backend, in the order of the nodes. QEMU's versions report
//! addresses within a backend differently: 7.2 adds the backend's start twice. So the plugin tries both
//! readings on addresses whose node is known. It drops a reading as soon as that is wrong once.

/// Where each backend lies, by one reading of QEMU's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reading {
    /// For each node, its first address and the first address behind it.
    ranges: Vec<(u64, u64)>,
}

impl Reading {
    /// `backends` has each backend's size in bytes. A backend starts at `times` times the sizes of those
    /// before it.
    fn new(backends: &[u64], times: u64) -> Self {
        let mut before = 0;
        let range = |&bytes: &u64| {
            let start = before * times;
            before += bytes;
            (start, start + bytes)
        };
        Self { ranges: backends.iter().map(range).collect() }
    }

    fn node(&self, address: u64) -> Option<u8> {
        self.ranges.iter().position(|&(start, end)| (start..end).contains(&address)).map(|node| node as u8)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Physical {
    backends: Vec<u64>,
    /// The readings that agree with all known addresses.
    readings: Vec<Reading>,
    /// For each node, how many of its addresses are known.
    known: Vec<u64>,
    is_calibrated: bool,
}

impl Physical {
    /// `backends` has the bytes of each NUMA node; a node without memory has 0.
    pub(crate) fn new(backends: Vec<u64>) -> Self {
        let readings = [2, 1].map(|times| Reading::new(&backends, times)).to_vec();
        Self { known: vec![0; backends.len()], backends, readings, is_calibrated: false }
    }

    /// Learns that `address` belongs to `node`.
    ///
    /// # Errors
    /// A message, if no reading agrees.
    pub(crate) fn learn(&mut self, address: u64, node: u64) -> Result<(), String> {
        match self.known.get_mut(node as usize) {
            Some(known) => *known += 1,
            None => return Err(format!("node {node} is not one of the {}", self.backends.len())),
        }
        self.readings.retain(|reading| reading.node(address) == Some(node as u8));
        if self.readings.is_empty() {
            return Err(format!(
                "QEMU says address {address:#x} for memory of node {node}, which agrees with no reading of the \
                 backends {:?}: this QEMU counts addresses in a way that the plugin does not know",
                self.backends
            ));
        }
        Ok(())
    }

    /// Ends the calibration.
    ///
    /// # Errors
    /// A message, if a node has memory but none of its addresses is known.
    pub(crate) fn finish(&mut self) -> Result<(), String> {
        let unknown = |&node: &usize| self.backends[node] > 0 && self.known[node] == 0;
        if let Some(node) = (0..self.backends.len()).find(unknown) {
            return Err(format!("no address of node {node} was seen while calibrating"));
        }
        self.is_calibrated = true;
        Ok(())
    }

    /// The node of `address`.
    ///
    /// # Errors
    /// A message, if no node has the address, or before the calibration.
    pub(crate) fn node(&self, address: u64) -> Result<u8, String> {
        if !self.is_calibrated {
            return Err("an operation before the addresses were calibrated".to_owned());
        }
        let node = self.readings.first().and_then(|reading| reading.node(address));
        node.ok_or_else(|| format!("address {address:#x} is of no node's memory"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_backends_start_counted_once_or_twice_is_found_out() {
        for times in [1, 2] {
            let mut physical = Physical::new(vec![512 * MIB, 256 * MIB, 256 * MIB]);
            for (node, start) in [(0, 0), (1, 512), (2, 768)] {
                physical.learn(start * MIB * times + 4096, node).unwrap();
            }
            physical.finish().unwrap();
            assert_eq!(physical.node((768 * times + 255) * MIB), Ok(2));
            assert_eq!(physical.node(511 * MIB), Ok(0));
            assert!(physical.node(1 << 40).unwrap_err().contains("no node's memory"));
        }
    }

    #[test]
    fn addresses_that_agree_with_no_reading_are_an_error() {
        let mut physical = Physical::new(vec![256 * MIB, 256 * MIB]);
        physical.learn(600 * MIB, 1).unwrap();
        assert!(physical.learn(300 * MIB, 1).unwrap_err().contains("does not know"));
        assert!(physical.learn(0, 2).unwrap_err().contains("not one of the 2"));
    }

    #[test]
    fn nothing_is_said_before_every_node_is_known() {
        let mut physical = Physical::new(vec![256 * MIB, 256 * MIB, 0]);
        physical.learn(0, 0).unwrap();
        assert!(physical.node(0).unwrap_err().contains("before"));
        assert!(physical.finish().unwrap_err().contains("node 1"));
        physical.learn(600 * MIB, 1).unwrap();
        physical.finish().unwrap();
        assert_eq!(physical.node(767 * MIB), Ok(1));
    }
}
