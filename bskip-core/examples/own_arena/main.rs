//! An index in a static array: it fills up, says so, and goes on.
//!
//! ```sh
//! cargo run -p bskip-core --example own_arena
//! ```

mod region;

use bskip_core::{AllocError, BSkipMap};
use region::Region;

/// 256 KiB for blocks.
static REGION: Region<4096> = Region::new();

fn main() -> Result<(), AllocError> {
    let map = BSkipMap::with_arena(&REGION)?;
    // Scattered keys, until there is no memory for another node.
    let key = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let refused = (0..).find_map(|i| map.try_insert(key(i), i).err()).expect("the region is full at last");
    println!("{} keys in {} of {} bytes", map.len(), REGION.taken(), 4096 * 64);
    println!("refused: {} => {}, because: {}", refused.key, refused.value, refused.cause);

    // Nothing was lost. What is removed makes room.
    assert!((0..refused.value).all(|i| map.get(&key(i)) == Some(i)));
    let blocks = map.usage().issued_blocks;
    let removed = map.remove_range(..1 << 63);
    println!("{removed} removed: of {blocks} blocks, {} are in use", map.usage().issued_blocks);
    assert!(map.try_insert(refused.key, refused.value).is_ok());
    println!("{} keys, the refused one among them: {:?}", map.len(), map.get(&refused.key));
    Ok(())
}
