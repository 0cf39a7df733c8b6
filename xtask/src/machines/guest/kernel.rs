//! The guests' kernel: Debian's for virtual machines, unpacked so that QEMU starts it without a boot loader.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stop::Stop;
use crate::tree;

/// The package that depends on the newest kernel's package.
const NEWEST: &str = "linux-image-cloud-amd64";

/// What to do if no kernel can be fetched.
const HINT: &str = "run sh .ci/setup --guests on Debian, or give a kernel by --kernel PATH";

/// A kernel that QEMU can start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    /// The file: an ELF `vmlinux`, or a bzImage, which takes longer to start.
    pub(crate) path: PathBuf,
    /// The kernel's package, or the path that the user gave.
    pub(crate) name: String,
}

impl Kernel {
    /// The kernel at `given`. If none is given: the one fetched before, or else one fetched now.
    pub(crate) fn find(given: Option<&Path>) -> Result<Self, Stop> {
        if let Some(path) = given {
            return if path.is_file() {
                Ok(Self { path: path.to_owned(), name: path.display().to_string() })
            } else {
                Err(Stop::usage(format!("--kernel {}: there is no such file", path.display())))
            };
        }
        let folder = tree::target().join("guest/kernel");
        let failed = |what: &str, error: std::io::Error| Stop::failure(format!("{what}: {error}"));
        fs::create_dir_all(&folder).map_err(|error| failed("cannot make target/guest", error))?;
        match Self::kept(&folder) {
            Some(kernel) => Ok(kernel),
            None => Self::fetch(&folder),
        }
    }

    /// The kernel in `folder`, named as its package is.
    fn kept(folder: &Path) -> Option<Self> {
        let files = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let path = files.filter(|path| path.extension().is_some_and(|end| end == "vmlinux")).max()?;
        Some(Self { name: path.file_stem()?.to_string_lossy().into_owned(), path })
    }

    /// Downloads the package with apt, and takes the kernel out of it. Installs nothing.
    fn fetch(folder: &Path) -> Result<Self, Stop> {
        let listing = output(Command::new("apt-cache").args(["depends", NEWEST]))?;
        let package = depends_on(&listing)
            .ok_or_else(|| Stop::failure(format!("apt knows no {NEWEST} (apt-get update?): {HINT}")))?;
        eprintln!("guest: fetching {package}");
        let scratch = folder.join(format!("unpacked-{}", std::process::id()));
        let failed = |error: std::io::Error| Stop::failure(format!("{package}: {error}; {HINT}"));
        fs::create_dir_all(&scratch).map_err(failed)?;
        let fetched = (|| {
            output(Command::new("apt-get").args(["download", "-q", package]).current_dir(&scratch))?;
            let deb = first_in(&scratch, package).map_err(failed)?;
            output(Command::new("dpkg-deb").arg("-x").args([&deb, &scratch]))?;
            let image = first_in(&scratch.join("boot"), "vmlinuz").map_err(failed)?;
            let image = fs::read(image).map_err(failed)?;
            let unpacked = unpack(&image).unwrap_or_else(|why| {
                eprintln!("guest: {package} starts as it is, a little slower: {why}");
                image
            });
            // The file gets its name when it is whole. So a run that is cut short leaves nothing that looks
            // like a kernel.
            let part = scratch.join("vmlinux");
            fs::write(&part, unpacked).map_err(failed)?;
            let path = folder.join(format!("{package}.vmlinux"));
            fs::rename(&part, &path).map_err(failed)?;
            Ok(Self { path, name: package.to_owned() })
        })();
        let _ = fs::remove_dir_all(&scratch);
        fetched
    }
}

/// What a program printed, if it succeeded.
fn output(command: &mut Command) -> Result<String, Stop> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| Stop::failure(format!("{program}: {error}; {HINT}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Stop::failure(format!("{program}: {}; {HINT}", words.lines().last().unwrap_or("failed"))))
}

/// The kernel's package, from the output of `apt-cache depends`.
fn depends_on(listing: &str) -> Option<&str> {
    let named = listing.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    named.into_iter().find(|name| name.starts_with("linux-image-"))
}

/// The file in `folder` whose name begins with `start`.
fn first_in(folder: &Path, start: &str) -> std::io::Result<PathBuf> {
    let names = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut matching =
        names.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)));
    matching.next().ok_or_else(|| std::io::Error::other(format!("no {start} in it")))
}

/// The ELF file inside a bzImage whose payload is LZ4, as Debian's is.
///
/// The header's fields are those of the Linux x86 boot protocol. The payload is an LZ4 legacy frame: a magic
/// number, then blocks of up to 8 MiB, each after its size. The size of the whole stands behind the frame.
fn unpack(image: &[u8]) -> Result<Vec<u8>, String> {
    let word = |bytes: &[u8], at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    if image.get(0x202..0x206) != Some(b"HdrS") {
        return Err("it is no bzImage".into());
    }
    let setup = (usize::from(image[0x1f1]) + 1) * 512;
    let payload = (|| {
        let (start, len) = (setup + word(image, 0x248)?, word(image, 0x24c)?);
        image.get(start..start + len)
    })();
    let payload = payload.ok_or("its header points beyond its end")?;
    if payload.get(..4) != Some(&[0x02, 0x21, 0x4c, 0x18]) {
        return Err("its payload is not LZ4".into());
    }
    let end = payload.len() - 4;
    let size = word(payload, end).filter(|size| *size < 1 << 30).ok_or("its size makes no sense")?;
    let mut elf = vec![0; size];
    let (mut read, mut written) = (4, 0);
    while read < end {
        let len = word(payload, read).unwrap_or(0);
        let block = payload.get(read + 4..read + 4 + len).filter(|_| len > 0).ok_or("a block is cut off")?;
        written += lz4_flex::block::decompress_into(block, &mut elf[written..])
            .map_err(|error| format!("a block is damaged: {error}"))?;
        read += 4 + len;
    }
    if written != size || !elf.starts_with(b"\x7fELF") {
        return Err("no ELF file of the size that it states came out".into());
    }
    Ok(elf)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bzImage with one setup sector and this payload.
    fn image(payload: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 1024 + 16];
        image[0x1f1] = 1;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x248..0x24c].copy_from_slice(&16u32.to_le_bytes());
        image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        image.extend(payload);
        image
    }

    /// The payload of two blocks that hold `elf`.
    fn payload(elf: &[u8]) -> Vec<u8> {
        let mut payload = vec![0x02, 0x21, 0x4c, 0x18];
        for half in elf.chunks(elf.len().div_ceil(2)) {
            let block = lz4_flex::block::compress(half);
            payload.extend((block.len() as u32).to_le_bytes());
            payload.extend(block);
        }
        payload.extend((elf.len() as u32).to_le_bytes());
        payload
    }

    #[test]
    fn the_elf_file_is_unpacked() {
        let elf: Vec<u8> = b"\x7fELF".iter().copied().chain((0..5000u32).map(|i| (i / 7) as u8)).collect();
        assert_eq!(unpack(&image(&payload(&elf))), Ok(elf));
    }

    #[test]
    fn what_is_no_such_image_is_refused_in_words() {
        let whole = payload(b"\x7fELF and more of it");
        let cut = &whole[..whole.len() - 6];
        let not_elf = payload(b"MZ and more of it than that");
        for (image, why) in [
            (b"\x7fELF".to_vec(), "no bzImage"),
            (image(b"\x1f\x8b gzip"), "not LZ4"),
            (image(&not_elf), "no ELF"),
        ] {
            assert!(unpack(&image).unwrap_err().contains(why), "{why}");
        }
        assert!(unpack(&image(cut)).is_err());
        let mut beyond = image(&whole);
        beyond.truncate(1050);
        assert!(unpack(&beyond).unwrap_err().contains("beyond its end"));
    }

    #[test]
    fn the_package_is_found_in_apts_words() {
        let listing = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-1-cloud-amd64\n";
        assert_eq!(depends_on(listing), Some("linux-image-6.1.0-1-cloud-amd64"));
        assert_eq!(depends_on("N: Unable to locate package\n"), None);
    }

    #[test]
    fn a_kernel_that_is_given_must_be_there() {
        let stop = Kernel::find(Some(Path::new("no/such/kernel"))).unwrap_err();
        assert_eq!(stop.code, Stop::USAGE);
        assert!(stop.line.contains("no such file"), "{}", stop.line);
    }
}
