//! How a map and its threads are set up: what a configuration recommends.

use core::fmt;

use bskip_core::{Config, Refresh};
use bskip_numa_nodes::parse_list;
use serde::{Deserialize, Serialize};

use super::text;
use crate::arena::{Builder, NumaArena};
use crate::pages::PageSize;
use crate::policy::Policy;

/// A setting of arena, map and threads: sections `[workload.NAME.best]` and `[workload.NAME.next]`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Where leaves are placed.
    #[serde(with = "text")]
    pub placement: Policy,
    /// Where the blocks of inner levels are placed.
    #[serde(with = "text")]
    pub inner_placement: Policy,
    /// The pages that the arena asks for.
    #[serde(with = "text")]
    pub pages: PageSize,
    /// Whether each node has replicas of the inner levels.
    pub replicas: Replicas,
    /// How workers are pinned, in the words of `PinPolicy` of `bskip-topology`: `compact`, `cpus:0,2`.
    pub pin: String,
    /// Worker threads.
    pub threads: usize,
}

/// Replicas of the inner levels, and when they are updated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Replicas {
    /// There are none.
    #[default]
    None,
    /// The thread that changes an inner block updates its replicas at once.
    Synchronous,
    /// A replica is updated when it has led a search astray.
    Lazy,
}

/// The words of `PinPolicy` that have no list. `bskip-topology` depends on neither this crate nor serde, so
/// a test compares them with its own.
const PINS: [&str; 6] = ["none", "compact", "scatter", "per-node", "per-l3", "smt-last"];

/// More threads than any machine has CPUs. A typing error must not become a plan for more workers than memory can
/// hold.
const MOST_THREADS: usize = 4096;

impl Setting {
    /// A builder for the arena, with placement, pages and replicas set. Add limits, or call `build`.
    pub fn arena(&self) -> Builder {
        NumaArena::builder()
            .policy(self.placement.clone())
            .inner_policy(self.inner_placement.clone())
            .page_size(self.pages)
            .replicate_inner(self.replicas != Replicas::None)
    }

    /// The configuration of the map.
    pub fn map(&self) -> Config {
        match self.replicas {
            Replicas::Lazy => Config::new().refresh(Refresh::Lazy),
            Replicas::None | Replicas::Synchronous => Config::new(),
        }
    }

    /// What is wrong with the setting on these nodes, with its key; `None` if it makes sense.
    pub(super) fn problem(&self, nodes: &[u32]) -> Option<(&'static str, String)> {
        if self.threads == 0 {
            return Some(("threads", "0 threads do nothing; at least 1".into()));
        }
        if self.threads > MOST_THREADS {
            return Some((
                "threads",
                format!("{} threads are too many; at most {MOST_THREADS}", self.threads),
            ));
        }
        let is_pin = match self.pin.strip_prefix("cpus:") {
            Some(list) => list.split(',').all(|range| parse_list(range).is_some()),
            None => PINS.contains(&&*self.pin),
        };
        if !is_pin {
            let pins = PINS.join(", ");
            return Some(("pin", format!("{:?} is no pin policy; choose {pins} or cpus:LIST", self.pin)));
        }
        for (key, policy) in [("placement", &self.placement), ("inner_placement", &self.inner_placement)] {
            if let Some(node) = policy.nodes().into_iter().find(|node| !nodes.contains(&node.0)) {
                let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                let nodes = nodes.join(",");
                return Some((
                    key,
                    format!("{policy} names node {node}, but the machine's nodes are {nodes}"),
                ));
            }
        }
        None
    }
}

impl fmt::Display for Setting {
    /// In words: `placement local, transparent pages, pin compact, 2 threads`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "placement {}", self.placement)?;
        if self.inner_placement != self.placement {
            write!(f, " (inner levels {})", self.inner_placement)?;
        }
        match self.replicas {
            Replicas::None => {}
            Replicas::Synchronous => f.write_str(", replicas")?,
            Replicas::Lazy => f.write_str(", lazy replicas")?,
        }
        let plural = if self.threads == 1 { "" } else { "s" };
        write!(f, ", {} pages, pin {}, {} thread{plural}", self.pages, self.pin, self.threads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bskip_core::NumaNodeId;

    fn setting() -> Setting {
        Setting {
            placement: Policy::Node(NumaNodeId(1)),
            inner_placement: Policy::Local,
            pages: PageSize::Small,
            replicas: Replicas::Lazy,
            pin: "cpus:2,0-1".into(),
            threads: 1,
        }
    }

    #[test]
    fn a_setting_has_words() {
        assert_eq!(
            setting().to_string(),
            "placement node:1 (inner levels local), lazy replicas, small pages, pin cpus:2,0-1, 1 thread"
        );
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_key() {
        let key = |setting: Setting, nodes: &[u32]| setting.problem(nodes).map(|(key, _)| key);
        assert_eq!(key(setting(), &[0, 1]), None);
        assert_eq!(key(setting(), &[0]), Some("placement"));
        assert_eq!(key(Setting { threads: 0, ..setting() }, &[0, 1]), Some("threads"));
        for pin in ["", "tight", "cpus:", "cpus:0,", "cpus:b"] {
            assert_eq!(key(Setting { pin: pin.into(), ..setting() }, &[0, 1]), Some("pin"), "{pin}");
        }
    }

    #[test]
    fn arena_and_map_are_as_the_setting_says() {
        let local = Setting { placement: Policy::Interleave, ..setting() };
        let arena = local.arena().build().unwrap();
        assert_eq!((arena.policy(), arena.inner_policy()), (&Policy::Interleave, &Policy::Local));
        assert_eq!(arena.page_size(), PageSize::Small);
        assert_eq!(local.map(), Config::new().refresh(Refresh::Lazy));
        assert_eq!(Setting { replicas: Replicas::None, ..local }.map(), Config::new());
    }

    #[test]
    fn pins_are_those_of_the_topology() {
        for pin in PINS {
            assert!(pin.parse::<bskip_topology::PinPolicy>().is_ok(), "{pin}");
        }
        let error = "?".parse::<bskip_topology::PinPolicy>().unwrap_err().to_string();
        let list = error.split_once("choose ").unwrap().1.split(" or ").next().unwrap();
        assert_eq!(list.split(", ").collect::<Vec<_>>(), PINS);
    }
}
