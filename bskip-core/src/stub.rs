use super::*;
use core::alloc::Layout;
use core::ops::RangeBounds;
use std::collections::BTreeMap;
use std::sync::Mutex;
pub trait Key: Copy + Ord + Send + Sync {}
macro_rules! k { ($($t:ty)*) => { $(impl Key for $t {})* } }
k!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
impl<const N: usize> Key for [u8; N] {}
impl<A: Key, B: Key> Key for (A, B) {}
impl<A: Key, B: Key, C: Key> Key for (A, B, C) {}
#[derive(Default, Debug, Clone)]
pub struct GlobalArena;
pub struct GlobalPool;
unsafe impl NodeArena for GlobalArena { type Pool = GlobalPool; fn pool(&self, _: Layout, _: NodeKind) -> Result<GlobalPool, AllocError> { Ok(GlobalPool) } }
unsafe impl NodePool for GlobalPool {
    fn acquire(&self, _: Placement) -> Result<BlockId, AllocError> { unimplemented!() }
    unsafe fn release(&self, _: BlockId) {}
    unsafe fn address(&self, _: BlockId) -> core::ptr::NonNull<u8> { unimplemented!() }
    unsafe fn home(&self, _: BlockId) -> Option<NodeId> { None }
    fn usage(&self) -> PoolUsage { PoolUsage::default() }
}
/// Which nodes a level lists besides its head: see design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Promotion { Coin { one_in: u32 }, CoinAndOverflow { one_in: u32 }, Overflow }
#[derive(Clone, Debug)]
pub struct Config { pub promotion: Promotion, pub seed: u64 }
impl Default for Config { fn default() -> Self { Config { promotion: Promotion::CoinAndOverflow { one_in: 256 }, seed: 0 } } }
#[derive(Debug)]
pub struct InsertError<K, V> { pub key: K, pub value: V, pub cause: AllocError }
pub struct BSkipMap<K, V, A: NodeArena = GlobalArena> { m: Mutex<BTreeMap<K, V>>, a: A }
impl<K: Key, V> BSkipMap<K, V> { pub fn new() -> Self { BSkipMap { m: Mutex::new(BTreeMap::new()), a: GlobalArena } } }
impl<K: Key, V> Default for BSkipMap<K, V> { fn default() -> Self { Self::new() } }
impl<K: Key, V, A: NodeArena> BSkipMap<K, V, A> {
    pub fn with_arena(a: A) -> Result<Self, AllocError> { Self::with_config(a, Config::default()) }
    pub fn with_config(a: A, _: Config) -> Result<Self, AllocError> { Ok(BSkipMap { m: Mutex::new(BTreeMap::new()), a }) }
    pub fn arena(&self) -> &A { &self.a }
    /// issued/reserved bytes of both pools
    pub fn usage(&self) -> PoolUsage { PoolUsage::default() }
    pub fn insert(&self, k: K, v: V) -> Option<V> { self.m.lock().unwrap().insert(k, v) }
    pub fn try_insert(&self, k: K, v: V) -> Result<Option<V>, InsertError<K, V>> { Ok(self.insert(k, v)) }
    pub fn get(&self, k: &K) -> Option<V> where V: Clone { self.m.lock().unwrap().get(k).cloned() }
    pub fn get_with<R>(&self, k: &K, f: impl FnOnce(&V) -> R) -> Option<R> { self.m.lock().unwrap().get(k).map(f) }
    pub fn contains_key(&self, k: &K) -> bool { self.m.lock().unwrap().contains_key(k) }
    pub fn remove(&self, k: &K) -> Option<V> { self.m.lock().unwrap().remove(k) }
    pub fn get_or_insert_with(&self, k: K, f: impl FnOnce() -> V) -> V where V: Clone { self.m.lock().unwrap().entry(k).or_insert_with(f).clone() }
    /// runs f once under the leaf's latch; false if absent
    pub fn update(&self, k: &K, f: impl FnOnce(&mut V)) -> bool { self.m.lock().unwrap().get_mut(k).map(f).is_some() }
    /// DoubleEndedIterator<Item = (K, V)>
    pub fn range(&self, r: impl RangeBounds<K>) -> Range<'_, K, V, A> where V: Clone { Range(self.m.lock().unwrap().range(r).map(|(k, v)| (*k, v.clone())).collect::<Vec<_>>().into_iter(), core::marker::PhantomData) }
    pub fn iter(&self) -> Range<'_, K, V, A> where V: Clone { self.range(..) }
    pub fn first(&self) -> Option<(K, V)> where V: Clone { self.iter().next() }
    pub fn last(&self) -> Option<(K, V)> where V: Clone { self.iter().next_back() }
    pub fn pop_first(&self) -> Option<(K, V)> { self.m.lock().unwrap().pop_first() }
    pub fn pop_last(&self) -> Option<(K, V)> { self.m.lock().unwrap().pop_last() }
    pub fn len(&self) -> usize { self.m.lock().unwrap().len() }
    pub fn is_empty(&self) -> bool { self.len() == 0 }
    pub fn clear(&mut self) { self.m.lock().unwrap().clear() }
    /// feature "check": panics if broken
    pub fn check_invariants(&mut self) -> Structure { Structure { keys: self.len(), leaves: 0, inners: 0, levels: 1 } }
}
/// What `check_invariants` counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure { pub keys: usize, pub leaves: usize, pub inners: usize, pub levels: usize }
pub struct Range<'a, K, V, A: NodeArena = GlobalArena>(std::vec::IntoIter<(K, V)>, core::marker::PhantomData<&'a A>);
impl<K: Key, V: Clone, A: NodeArena> Iterator for Range<'_, K, V, A> { type Item = (K, V); fn next(&mut self) -> Option<(K, V)> { self.0.next() } }
impl<K: Key, V: Clone, A: NodeArena> DoubleEndedIterator for Range<'_, K, V, A> { fn next_back(&mut self) -> Option<(K, V)> { self.0.next_back() } }
#[cfg(feature = "bump")]
/// `BumpArena::with_limit(bytes)`
#[derive(Debug)]
pub struct BumpArena;
#[cfg(feature = "bump")]
impl BumpArena { pub fn with_limit(_: usize) -> Self { BumpArena } }
#[cfg(feature = "bump")]
unsafe impl NodeArena for BumpArena { type Pool = GlobalPool; fn pool(&self, _: Layout, _: NodeKind) -> Result<GlobalPool, AllocError> { Ok(GlobalPool) } }
