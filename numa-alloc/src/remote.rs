//! What becomes of blocks that threads of other nodes release.

/// What becomes of a block that is released by a thread of another node than the block's.
///
/// | | send home (the default) | adopt |
/// | --- | --- | --- |
/// | placement | stays as asked | drifts to where blocks are freed: each block issued elsewhere than wanted is a miss |
/// | a remote free | one compare-and-swap on the other node's line for 32 blocks | nothing but the thread's own list |
/// | the next acquisition | from the wanted node, which at last takes what came home | from the thread's own list, likely still in its cache |
///
/// Adopting pays where the same threads free and take at a high rate and placement matters little:
/// short-lived keys that are removed by other threads than insert them, on machines whose nodes are near each
/// other. It does not pay where some threads only remove: what they adopt they do not use, and others look
/// for it only when they have nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RemoteFrees {
    /// It goes back to its node, in company of 31 others.
    #[default]
    SendHome,
    /// The thread that released it keeps it, in the list that it shares with others of its node, and issues
    /// it again when the list of the node that is wanted is empty.
    /// [`home`](bskip_core::arena::NumaBlocks::home) still tells the node that the block is on.
    Adopt,
}
