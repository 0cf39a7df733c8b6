//! Whether the maps of an arena keep hint tables in the global allocator's memory.

use keep::Keeps;

/// Whether the maps of a pool keep hint tables: [`GlobalHints`] or [`NoHints`]. Only this crate implements it.
pub trait HintMemory: Keeps {}

/// Maps keep tables that lead searches past the upper levels, often straight to the leaf. The tables come from the
/// global allocator, and take about a hundredth of a map's memory.
#[derive(Clone, Copy, Debug)]
pub enum GlobalHints {}

/// Maps keep no tables, so each search begins at the root. In return no operation asks the global allocator, but for
/// those whose results are in memory of that allocator.
#[derive(Clone, Copy, Debug)]
pub enum NoHints {}

impl HintMemory for GlobalHints {}
impl HintMemory for NoHints {}

/// How the engine asks. Not public.
pub(crate) mod keep {
    use core::marker::PhantomData;
    use core::panic::UnwindSafe;

    /// What a map may keep or not.
    pub trait New: Send + Sync + UnwindSafe {
        /// Without contents.
        const NEW: Self;
    }

    /// A place for a `T`, or for nothing.
    pub trait Place<T>: Send + Sync + UnwindSafe {
        /// With a new `T`, if it is a place for one.
        const NEW: Self;

        /// The `T`. Only for a place that has one.
        fn get(&self) -> &T;

        fn get_mut(&mut self) -> Option<&mut T>;
    }

    /// Decides which kind of place a map has.
    pub trait Keeps {
        /// Whether there is a place, and the map may ask the global allocator for memory that is no part of a result.
        const GLOBAL: bool;

        type Place<T: New>: Place<T>;
    }

    /// Holds a `T`.
    pub struct Kept<T>(T);

    impl<T: New> Place<T> for Kept<T> {
        const NEW: Self = Self(T::NEW);

        #[inline(always)]
        fn get(&self) -> &T {
            &self.0
        }

        #[inline(always)]
        fn get_mut(&mut self) -> Option<&mut T> {
            Some(&mut self.0)
        }
    }

    /// Takes no memory.
    pub struct LeftOut<T>(PhantomData<fn() -> T>);

    impl<T> Place<T> for LeftOut<T> {
        const NEW: Self = Self(PhantomData);

        #[inline(always)]
        fn get(&self) -> &T {
            unreachable!("the caller asks `Keeps::GLOBAL` first")
        }

        #[inline(always)]
        fn get_mut(&mut self) -> Option<&mut T> {
            None
        }
    }

    impl Keeps for super::GlobalHints {
        const GLOBAL: bool = true;
        type Place<T: New> = Kept<T>;
    }

    impl Keeps for super::NoHints {
        const GLOBAL: bool = false;
        type Place<T: New> = LeftOut<T>;
    }
}
