//! The engine of one map: its tree, the router that suggests where searches start, and the promotion policy.

use core::alloc::Layout;

use crate::arena::{
    AllocError, BlockArena, BlockPool, GlobalPool, HugePages, Platform, StaticArena, StaticPool,
};
use crate::config::{Config, Refresh};
use crate::counter::Counter;
use crate::height::Heights;
use crate::index::route::router::Router;
use crate::index::tree::Tree;
use crate::node::{Inner, Leaf, NodeKeys};

/// See the module.
pub(crate) struct Index<K: NodeKeys, V, P: BlockPool> {
    pub(in crate::index) tree: Tree<K, V, P>,
    pub(in crate::index) router: Router<P::Hints>,
    pub(in crate::index) heights: Heights,
    /// The number of pairs, if the map is counted. A pair that comes or goes is counted right after its leaf is
    /// unlocked.
    pub(in crate::index) pairs: Counter,
}

impl<K: NodeKeys, V, P: Platform> Index<K, V, StaticPool<P>> {
    /// As [`lazy`](Self::lazy), on pools of `arena`.
    pub(crate) const fn lazy_in(
        arena: &'static StaticArena<P>,
        store: K::Store<StaticPool<P>>,
        config: &Config,
    ) -> Self {
        let (leaves, inners) = Self::LAYOUTS;
        Self::lazy(StaticPool::new(arena, leaves), StaticPool::new(arena, inners), store, config)
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Bytes of a leaf and of an inner node.
    pub(crate) const NODE_BYTES: (usize, usize) = (Self::LAYOUTS.0.size(), Self::LAYOUTS.1.size());

    /// The layouts of a leaf and of an inner node.
    pub(crate) const LAYOUTS: (Layout, Layout) = (Leaf::<K, V>::LAYOUT, Inner::<K>::LAYOUT);

    pub(crate) fn new<A: BlockArena<Pool = P>>(arena: &A, config: &Config) -> Result<Self, AllocError> {
        let tree = Tree::new(arena)?;
        tree.make_first_leaf()?;
        let router = Router::new(&tree, config.refresh)?;
        let heights = Heights::new(config, config.seed_of_a_map::<P::Platform>());
        Ok(Self { tree, router, heights, pairs: Counter::new(config.counted)? })
    }

    /// An empty index without a leaf, with an empty store.
    ///
    /// # Panics
    /// If the map is to be counted: a counter takes memory.
    pub(crate) const fn lazy(leaves: P, inners: P, store: K::Store<P>, config: &Config) -> Self {
        assert!(!config.counted, "a map without a first leaf cannot be counted");
        Self {
            tree: Tree::lazy(leaves, inners, store),
            router: Router::without_replicas(),
            heights: Heights::without_seed(config),
            pairs: Counter::NONE,
        }
    }

    /// Called at the start of each operation that may insert: makes the first leaf if there is none.
    ///
    /// # Errors
    /// [`AllocError`] if there is no memory for it. The map was empty at a moment during the call.
    #[inline(always)]
    pub(in crate::index) fn begin_insertion(&self) -> Result<(), AllocError> {
        if self.tree.has_no_leaf() { self.make_first_leaf() } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn make_first_leaf(&self) -> Result<(), AllocError> {
        self.choose_seed();
        self.tree.make_first_leaf()
    }

    /// Chooses the coin's seed, if the map has none yet. Called before other threads can see a first leaf.
    pub(in crate::index) fn choose_seed(&self) {
        if P::LAZY {
            self.heights.choose_seed(P::Platform::seed);
        }
    }

    /// An empty index with the choices that were made for this one.
    pub(crate) fn empty_like<A: BlockArena<Pool = P>>(&self, arena: &A) -> Result<Self, AllocError> {
        let tree = Tree::new(arena)?;
        tree.make_first_leaf()?;
        let router = Router::new(&tree, self.refresh())?;
        let pairs = Counter::new(self.pairs.is_there())?;
        let like = Self { tree, router, heights: self.heights.clone(), pairs };
        // This map may have no seed yet, but the new one has its first leaf.
        like.choose_seed();
        Ok(like)
    }

    /// Bytes of the hint tables.
    pub(crate) fn hint_bytes(&self) -> usize {
        self.router.bytes()
    }

    /// When replicas follow.
    pub(crate) fn refresh(&self) -> Refresh {
        self.router.refresh
    }

    /// Whether every node gets its entry in the level above.
    #[cfg(all(test, shuttle))]
    pub(crate) fn posts(&self) -> bool {
        self.heights.posts
    }
}

impl<K: NodeKeys, V, R: Platform> Index<K, V, GlobalPool<R>> {
    /// What the system gave of huge pages.
    pub(crate) fn huge_pages(&self) -> HugePages {
        self.tree.huge_pages()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;

    use crate::arena::{StaticArena, StaticPool};
    use crate::config::Config;
    use crate::index::engine::Index;
    use crate::index::write::existing::Existing;

    type Map = Index<[u64; 1], u64, StaticPool>;

    fn map(config: &Config) -> (&'static StaticArena, Map) {
        let arena: &'static StaticArena = Box::leak(Box::new(StaticArena::new()));
        arena.add_region(vec![0; 16384].leak()).expect("the first region");
        (arena, Map::lazy_in(arena, (), config))
    }

    /// A map without a first leaf has no seed to copy.
    #[test]
    fn maps_like_one_without_a_leaf_have_seeds_of_their_own() {
        let (arena, map) = map(&Config::new());
        let seed = |like: &Map| like.empty_like(&arena).expect("memory").heights.seed();
        let seeds = [seed(&map), seed(&map)];
        assert_ne!(seeds[0], seeds[1]);
        assert!(!seeds.contains(&0));
        assert!(map.tree.has_no_leaf() && map.heights.seed() == 0, "the map itself is as before");
        // From the first insertion on, there is a seed to copy.
        assert!(map.insert([1], 1, Existing::Replace).is_ok());
        assert_ne!(map.heights.seed(), 0);
        assert_eq!(seed(&map), map.heights.seed());
    }

    #[test]
    fn a_chosen_seed_is_copied() {
        let (arena, map) = map(&Config::new().seed(77));
        assert_eq!(map.empty_like(&arena).expect("memory").heights.seed(), 77);
    }
}
