//! Writes the archive that a kernel unpacks as its first file system: cpio in the format `newc`.

use std::collections::BTreeSet;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
/// The name that ends an archive.
const END: &str = "TRAILER!!!";

/// An archive under construction. A file may hold several archives, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    entries: u32,
}

impl Archive {
    /// Adds an executable file, and the folders on the way to it. `path` begins with `/`.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.folder(parent);
        }
        self.entry(path, PROGRAM, content);
    }

    /// Adds a folder and its parent folders, unless the archive has them already.
    pub(crate) fn folder(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|&end| end > 0) {
            if self.folders.insert(path[..end].to_owned()) {
                self.entry(&path[..end], FOLDER, &[]);
            }
        }
    }

    /// The finished archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry(END, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        let name = path.trim_start_matches('/');
        self.entries += 1;
        let size = u32::try_from(content.len()).expect("a file of a guest is far smaller than 4 GiB");
        // Inode, mode, owner, group, links, time, size, the device's and the node's numbers, name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.len() as u32 + 1, 0];
        self.bytes.extend(b"070701");
        fields.iter().for_each(|field| self.bytes.extend(format!("{field:08x}").bytes()));
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    /// Everything is aligned to four bytes.
    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads names, modes and contents back, by the format's definition.
    fn read(mut bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        loop {
            assert_eq!(&bytes[..6], b"070701");
            let field = |number: usize| {
                let digits = std::str::from_utf8(&bytes[6 + 8 * number..14 + 8 * number]).unwrap();
                u32::from_str_radix(digits, 16).unwrap()
            };
            let (mode, size, name_size) = (field(1), field(6) as usize, field(11) as usize);
            let name = String::from_utf8(bytes[110..109 + name_size].to_vec()).unwrap();
            assert_eq!(bytes[109 + name_size], 0);
            let start = (110 + name_size).next_multiple_of(4);
            if name == END {
                assert_eq!(bytes.len(), start);
                return entries;
            }
            entries.push((name, mode, bytes[start..start + size].to_vec()));
            bytes = &bytes[(start + size).next_multiple_of(4)..];
        }
    }

    #[test]
    fn files_come_after_their_folders_each_once() {
        let mut archive = Archive::default();
        archive.file("/init", b"12345");
        archive.file("/lib/a/b.so", b"");
        archive.file("/lib/a/c.so", b"abcd");
        archive.folder("/proc");
        let entries = read(&archive.finish());
        let names: Vec<_> = entries.iter().map(|(name, mode, _)| (name.as_str(), *mode)).collect();
        let expected = [
            ("init", PROGRAM),
            ("lib", FOLDER),
            ("lib/a", FOLDER),
            ("lib/a/b.so", PROGRAM),
            ("lib/a/c.so", PROGRAM),
            ("proc", FOLDER),
        ];
        assert_eq!(names, expected);
        assert_eq!((&entries[0].2[..], &entries[4].2[..]), (&b"12345"[..], &b"abcd"[..]));
    }

    #[test]
    fn an_empty_archive_is_its_end() {
        assert_eq!(read(&Archive::default().finish()), []);
    }
}
