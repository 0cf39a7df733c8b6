//! Keys of a fixed number of words as a kind of keys that nodes hold.

#[cfg(feature = "check")]
use alloc::collections::BTreeMap;

use super::super::kind::{NodeKeys, ShapeOf};
use super::super::locked::Locked;
use super::shape::{WordInner, WordLeaf};
use crate::arena::{AllocError, BlockArena, BlockPool, PoolUsage};
use crate::key::KeyWords;

impl<K: KeyWords> NodeKeys for K {
    type Leaf<V> = WordLeaf<K, V>;
    type Inner = WordInner<K>;
    type Context = ();
    type Store<P: BlockPool> = ();

    fn store<A: BlockArena>(_: &A) -> Result<(), AllocError> {
        Ok(())
    }

    #[inline(always)]
    fn context<P: BlockPool>((): &()) {}

    #[inline(always)]
    fn hold<P: BlockPool>((): &(), _: K) -> Result<(), AllocError> {
        Ok(())
    }

    #[inline(always)]
    fn give_up<P: BlockPool>((): &(), (): ()) {}

    fn usage<P: BlockPool>((): &()) -> PoolUsage {
        PoolUsage::default()
    }

    #[cfg(feature = "check")]
    fn check_store<P: BlockPool>((): &(), references: &BTreeMap<u32, usize>) {
        assert!(references.is_empty(), "nodes of words refer to no strings");
    }
}

impl<K: KeyWords, V> ShapeOf<K> for WordLeaf<K, V> {
    #[inline(always)]
    fn as_inner<'l, 'a>(_: &'l Locked<'a, Self>) -> Option<&'l Locked<'a, WordInner<K>>> {
        None
    }
}

impl<K: KeyWords> ShapeOf<K> for WordInner<K> {
    #[inline(always)]
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l Locked<'a, Self>> {
        Some(node)
    }
}
