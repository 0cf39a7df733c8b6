//! `docs/PROTOCOL.md` as a page of the private documentation: rustdoc fails if a name in it is not in the
//! code any more.
//!
//! ```sh
//! RUSTDOCFLAGS="-D warnings" cargo doc -p bskip-core --document-private-items --all-features
//! ```
//!
//! [`Backoff`]: crate::backoff::Backoff
//! [`Before`]: crate::index::search::probe::Before
//! [`ByteKeys`]: crate::key::ByteKeys
//! [`ByteKeys::MAX_BYTES`]: crate::key::ByteKeys::MAX_BYTES
//! [`Commit`]: crate::index::write::commit::Commit
//! [`DEPTH`]: crate::index::route::node_table::plan::DEPTH
//! [`Drain`]: crate::index::bulk::drain::Drain
//! [`Fill::Tight`]: crate::node::Fill::Tight
//! [`Fresh`]: crate::index::tree::Fresh
//! [`Fresh::make`]: crate::index::tree::Fresh::make
//! [`Held`]: crate::index::tree::Held
//! [`KeyKind`]: crate::key::KeyKind
//! [`KeyWords`]: crate::KeyWords
//! [`LastNodes`]: crate::index::bulk::attach::LastNodes
//! [`LeafCursor`]: crate::index::read::cursor::LeafCursor
//! [`LeafCursor::next`]: crate::index::read::cursor::LeafCursor::next
//! [`LeafCursor::next_back`]: crate::index::read::cursor::LeafCursor::next_back
//! [`LeafTable::find`]: crate::index::route::leaf_table::table::LeafTable::find
//! [`LeafTable::renew`]: crate::index::route::leaf_table::table::LeafTable::renew
//! [`LeafTable::state`]: field@crate::index::route::leaf_table::table::LeafTable::state
//! [`Line::leaf`]: crate::index::route::leaf_table::table::Line::leaf
//! [`Locked`]: crate::node::Locked
//! [`Locked::insert`]: crate::node::Locked::insert
//! [`Locked::remove`]: crate::node::Locked::remove
//! [`Locked::replace`]: crate::node::Locked::replace
//! [`Locked::with_value`]: crate::node::Locked::with_value
//! [`NO_HINT`]: crate::index::route::node_table::table::NO_HINT
//! [`Node`]: crate::node::Node
//! [`Node::from_raw`]: crate::node::Node::from_raw
//! [`Node::find`]: crate::node::Node::find
//! [`Node::find_within`]: crate::node::Node::find_within
//! [`Node::high`]: crate::node::Node::high
//! [`Node::key`]: crate::node::Node::key
//! [`Node::level`]: crate::node::Node::level
//! [`Node::low`]: crate::node::Node::low
//! [`NodeTable::bucket`]: crate::index::route::node_table::table::NodeTable::bucket
//! [`NodeTable::find`]: crate::index::route::node_table::table::NodeTable::find
//! [`NodeTable::tables`]: field@crate::index::route::node_table::table::NodeTable::tables
//! [`PASSED`]: crate::index::beside::PASSED
//! [`Parts`]: crate::index::bulk::load::Parts
//! [`Passed`]: crate::index::beside::Passed
//! [`Passed::validate`]: crate::index::beside::Passed::validate
//! [`Probe`]: crate::index::search::probe::Probe
//! [`Reading`]: crate::node::Reading
//! [`Refresh::Lazy`]: crate::Refresh::Lazy
//! [`Refresh::Synchronous`]: crate::Refresh::Synchronous
//! [`Reshaped`]: crate::node::Reshaped
//! [`Reshaped::absorb`]: crate::node::Reshaped::absorb
//! [`Reshaped::format`]: crate::node::Reshaped::format
//! [`Reshaped::retire`]: crate::node::Reshaped::retire
//! [`Retired`]: crate::node::Retired
//! [`Rightmost`]: crate::index::search::probe::Rightmost
//! [`Router`]: crate::index::route::router::Router
//! [`Router::near`]: crate::index::route::router::Router::near
//! [`SpinLock`]: crate::spin::SpinLock
//! [`SpinLock::with`]: crate::spin::SpinLock::with
//! [`Steps`]: crate::index::steps::Steps
//! [`Table::fill`]: crate::index::route::node_table::table::Table::fill
//! [`Tree::heads`]: field@crate::index::tree::Tree::heads
//! [`Tree::new`]: crate::index::tree::Tree::new
//! [`Tree::release`]: crate::index::tree::Tree::release
//! [`Tree::root`]: field@crate::index::tree::Tree::root
//! [`Unreached`]: crate::node::Unreached
//! [`Version::changed`]: crate::lock::Version::changed
//! [`Witness`]: crate::node::Witness
//! [`absorb`]: crate::index::engine::Index::absorb
//! [`begin_copy`]: crate::lock::VersionLock::begin_copy
//! [`begin_insertion`]: crate::index::engine::Index::begin_insertion
//! [`beside`]: crate::index::engine::Index::beside
//! [`beyond`]: crate::index::engine::Index::beyond
//! [`child_at`]: crate::index::search::settle::child_at
//! [`choose_seed`]: crate::height::Heights::choose_seed
//! [`compact`]: crate::index::engine::Index::compact
//! [`compute_end`]: crate::index::engine::Index::compute_end
//! [`copy_to`]: crate::node::Locked::copy_to
//! [`cover`]: crate::index::route::leaf_table::table::LeafTable::cover
//! [`cursor_after`]: crate::index::engine::Index::cursor_after
//! [`cursor_before`]: crate::index::engine::Index::cursor_before
//! [`end`]: method@crate::index::engine::Index::end
//! [`end_copy`]: crate::lock::VersionLock::end_copy
//! [`fill_up`]: crate::index::engine::Index::fill_up
//! [`find_end`]: crate::index::engine::Index::find_end
//! [`find_two`]: crate::index::route::leaf_table::table::LeafTable::find_two
//! [`follow_up`]: crate::index::engine::Index::follow_up
//! [`gather`]: crate::index::tree::Tree::gather
//! [`give_last`]: crate::node::Reshaped::give_last
//! [`give_left`]: crate::index::engine::Index::give_left
//! [`head`]: crate::index::tree::Tree::head
//! [`hinted`]: crate::index::engine::Index::hinted
//! [`hinted_leaf`]: crate::index::engine::Index::hinted_leaf
//! [`hinted_leaves`]: crate::index::engine::Index::hinted_leaves
//! [`inner_at`]: crate::index::engine::Index::inner_at
//! [`insert_into_full`]: crate::index::engine::Index::insert_into_full
//! [`insert_tall`]: crate::index::engine::Index::insert_tall
//! [`leaf_at`]: crate::index::engine::Index::leaf_at
//! [`leaf_at_and_behind`]: crate::index::engine::Index::leaf_at_and_behind
//! [`learn_leaf`]: crate::index::route::leaf_table::table::LeafTable::learn_leaf
//! [`level_2_changed`]: crate::index::route::router::Router::level_2_changed
//! [`lock_child`]: crate::index::engine::Index::lock_child
//! [`lock_pair`]: crate::index::engine::Index::lock_pair
//! [`lock_path`]: crate::index::engine::Index::lock_path
//! [`lock_unshared`]: crate::node::Node::lock_unshared
//! [`look_up`]: crate::index::engine::Index::look_up
//! [`make_head`]: crate::index::engine::Index::make_head
//! [`make_room_beside`]: crate::index::engine::Index::make_room_beside
//! [`merge_at`]: crate::index::engine::Index::merge_at
//! [`migrate_step`]: crate::index::engine::Index::migrate_step
//! [`move_boundary`]: crate::index::engine::Index::move_boundary
//! [`move_high`]: crate::index::engine::Index::move_high
//! [`move_leaf`]: crate::index::engine::Index::move_leaf
//! [`name`]: crate::index::route::leaf_table::table::LeafTable::name
//! [`near_parent`]: crate::index::engine::Index::near_parent
//! [`plan_split`]: crate::index::engine::Index::plan_split
//! [`post`]: crate::index::engine::Index::post
//! [`post_locked`]: crate::index::engine::Index::post_locked
//! [`post_one`]: crate::index::engine::Index::post_one
//! [`promote_later`]: crate::index::engine::Index::promote_later
//! [`promote`]: crate::index::write::tall::promote
//! [`propose_head`]: crate::index::tree::Tree::propose_head
//! [`publish`]: crate::index::route::leaf_table::table::LeafTable::publish
//! [`raise`]: crate::index::engine::Index::raise
//! [`raise_first_leaf`]: crate::index::tree::Tree::raise_first_leaf
//! [`raise_root`]: crate::index::tree::Tree::raise_root
//! [`read_begin`]: crate::lock::VersionLock::read_begin
//! [`read_locked`]: crate::index::engine::Index::read_locked
//! [`refresh_path`]: crate::index::engine::Index::refresh_path
//! [`refresh_replicas`]: crate::index::engine::Index::refresh_replicas
//! [`remove_leaves`]: crate::index::engine::Index::remove_leaves
//! [`remove_range`]: crate::index::engine::Index::remove_range
//! [`renew_if_stale`]: crate::index::route::router::Router::renew_if_stale
//! [`replica_tables`]: field@crate::index::route::router::Tables::replica_tables
//! [`replicated_leaf`]: crate::index::engine::Index::replicated_leaf
//! [`retry`]: crate::index::engine::Index::retry
//! [`separators_of_level_2`]: crate::index::route::node_table::fill::separators_of_level_2
//! [`Platform`]: crate::Platform
//! [`Taking`]: crate::index::bulk::take::Taking
//! [`settle`]: crate::index::tree::Tree::settle
//! [`settle_existing`]: crate::index::write::existing::settle_existing
//! [`settle_within`]: crate::index::tree::Tree::settle_within
//! [`shrink_node`]: crate::index::engine::Index::shrink_node
//! [`snapshot`]: crate::index::engine::Index::snapshot
//! [`spares_for`]: crate::index::engine::Index::spares_for
//! [`split_and_insert`]: crate::index::write::split::split_and_insert
//! [`split_by`]: crate::index::engine::Index::split_by
//! [`split_off`]: crate::node::Reshaped::split_off
//! [`stem_of`]: crate::index::route::stem::stem_of
//! [`step_down`]: crate::index::engine::Index::step_down
//! [`step_up`]: crate::index::engine::Index::step_up
//! [`to_post_in`]: crate::index::engine::Index::to_post_in
//! [`trail_down`]: crate::index::engine::Index::trail_down
//! [`trail_from`]: crate::index::engine::Index::trail_from
//! [`try_head`]: crate::index::tree::Tree::try_head
//! [`try_inner_at`]: crate::index::engine::Index::try_inner_at
//! [`try_leaf_at`]: crate::index::engine::Index::try_leaf_at
//! [`try_lock`]: crate::lock::VersionLock::try_lock
//! [`try_move_leaf`]: crate::index::engine::Index::try_move_leaf
//! [`try_read_begin`]: crate::node::Node::try_read_begin
//! [`try_with`]: crate::spin::SpinLock::try_with
//! [`unlock`]: crate::lock::VersionLock::unlock
//! [`unlock_unchanged`]: crate::lock::VersionLock::unlock_unchanged
//! [`validate`]: crate::lock::VersionLock::validate
//! [`visit_level_1`]: crate::index::route::leaf_table::fill::visit_level_1
//! [`wait_unlocked`]: crate::index::tree::Tree::wait_unlocked
//! [`walk_right`]: crate::index::tree::Tree::walk_right
//! [`with_value`]: crate::node::Locked::with_value
//! [`withdraw`]: crate::index::route::leaf_table::table::LeafTable::withdraw
#![cfg_attr(doc, doc = include_str!("../../docs/PROTOCOL.md"))]

#[cfg(all(test, feature = "std", not(any(loom, shuttle, miri))))]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Readers of the document follow its own list of links, which rustdoc does not see.
    #[test]
    fn the_links_of_the_document_lead_to_the_names() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        let (document, here) = (include_str!("../../docs/PROTOCOL.md"), include_str!("protocol.rs"));
        let mut links = 0;
        for (label, file) in document.lines().filter_map(|line| line.strip_prefix("[`")?.split_once("`]: ")) {
            let text = fs::read_to_string(docs.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let name = label.rsplit("::").next().unwrap_or(label);
            assert!(text.contains(name), "{file} has no {name}");
            assert!(here.contains(&std::format!("//! [`{label}`]: ")), "rustdoc does not check {label}");
            links += 1;
        }
        assert!(links > 100, "{links} links");
    }
}
