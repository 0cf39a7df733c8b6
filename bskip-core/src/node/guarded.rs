//! A locked node with a section of the platform around its lock.

use core::ops::{Deref, DerefMut};

use super::header::Node;
use super::locked::Locked;
use super::shape::Shape;
use crate::lock::Version;
use crate::platform::Platform;
use crate::section::Section;

/// A node that this thread has locked within a section. Dropping this unlocks the node, then leaves the section.
pub(crate) struct Guarded<'a, S: Shape, R: Platform> {
    node: Locked<'a, S>,
    section: Section<R>,
}

impl<'a, S: Shape> Node<'a, S> {
    /// Enters a section and locks the node in the state `version`; `None` if it has changed or is locked.
    #[inline(always)]
    pub(crate) fn try_guard<R: Platform>(self, version: Version) -> Option<Guarded<'a, S, R>> {
        let section = Section::enter();
        let node = self.try_lock(version)?;
        Some(Guarded { node, section })
    }
}

impl<'a, S: Shape, R: Platform> Guarded<'a, S, R> {
    /// A node that was locked within `section`.
    pub(crate) fn new(section: Section<R>, node: Locked<'a, S>) -> Self {
        Self { node, section }
    }

    /// The section, which must outlive the node's lock.
    #[inline(always)]
    pub(crate) fn into_parts(self) -> (Section<R>, Locked<'a, S>) {
        (self.section, self.node)
    }

    /// Unlocks a node that was not changed.
    #[inline(always)]
    pub(crate) fn unlock_unchanged(self) {
        let (_section, node) = self.into_parts();
        node.unlock_unchanged();
    }
}

impl<'a, S: Shape, R: Platform> Deref for Guarded<'a, S, R> {
    type Target = Locked<'a, S>;
    #[inline(always)]
    fn deref(&self) -> &Locked<'a, S> {
        &self.node
    }
}

impl<S: Shape, R: Platform> DerefMut for Guarded<'_, S, R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.node
    }
}
