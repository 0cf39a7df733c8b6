//! Whether the kernel moves pages between NUMA nodes.

use std::fs;
use std::path::Path;

/// Whether the kernel moves pages to the nodes that use them (automatic NUMA balancing), as the file at
/// `path` says.
pub(crate) fn balances(path: &Path) -> bool {
    // 0 is off; 1, 2 and 3 are ways of doing it.
    fs::read_to_string(path).is_ok_and(|mode| mode.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balancing_is_on_if_the_file_says_so() {
        let path = std::env::temp_dir().join(format!("numa-alloc-balancing-{}", std::process::id()));
        let told = ["0\n", "1\n", "2\n"].map(|mode| {
            fs::write(&path, mode).unwrap();
            balances(&path)
        });
        fs::remove_file(&path).unwrap();
        assert_eq!(told, [false, true, true]);
        assert!(!balances(&path), "no file, no balancing");
    }
}
