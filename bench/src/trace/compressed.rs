//! Traces that are compressed. The first bytes say by which program, so pipes and standard input work too.

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The longest beginning that tells a format.
const START: u64 = 6;
/// Formats that are not read: how their files begin, their names, and the programs that decompress them.
const OTHERS: [(&[u8], &str, &str); 4] = [
    (b"\xFD7zXZ\0", "an xz file", "xz -dc"),
    (b"BZh", "a bzip2 file", "bzip2 -dc"),
    (b"PK\x03\x04", "a zip file", "unzip -p"),
    (b"\x04\x22\x4D\x18", "an lz4 file", "lz4 -dc"),
];

/// The text of `bytes`, which may be compressed by gzip or zstd.
///
/// # Errors
/// The bytes cannot be read, or are compressed by a program that is not supported.
pub(super) fn text<'b>(mut bytes: impl BufRead + 'b) -> io::Result<Box<dyn BufRead + 'b>> {
    let mut start = Vec::new();
    bytes.by_ref().take(START).read_to_end(&mut start)?;
    if let Some((_, what, program)) = OTHERS.into_iter().find(|(magic, ..)| start.starts_with(magic)) {
        let line = format!("this is {what}: decompress it with `{program}`, for example into --trace LOAD -");
        return Err(io::Error::other(line));
    }
    let (is_gzip, is_zstd) = (start.starts_with(b"\x1F\x8B"), is_zstd(&start));
    let whole = Cursor::new(start).chain(bytes);
    Ok(if is_gzip {
        buffered(Decoded { from: MultiGzDecoder::new(whole), format: "gzip" })
    } else if is_zstd {
        let frames = Frames { from: whole, decoder: FrameDecoder::new(), is_inside: false };
        buffered(Decoded { from: frames, format: "zstd" })
    } else {
        Box::new(whole)
    })
}

/// Whether a zstd frame begins here, or one to be skipped, with which `pzstd` begins.
fn is_zstd(start: &[u8]) -> bool {
    matches!(start, [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

fn buffered<'b>(text: impl Read + 'b) -> Box<dyn BufRead + 'b> {
    Box::new(BufReader::with_capacity(1 << 18, text))
}

/// A decoder whose errors say what to do.
struct Decoded<R> {
    from: R,
    format: &'static str,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer).map_err(|error| match error.raw_os_error() {
            // The file cannot be read, or a signal came.
            Some(_) => error,
            None if error.kind() == io::ErrorKind::Interrupted => error,
            None => {
                let format = self.format;
                let what = match ends_early(&error) {
                    true => "the file ends too early".into(),
                    false => error.to_string(),
                };
                io::Error::other(format!("cannot decompress this {format} data: {what} (try `{format} -t`)"))
            }
        })
    }
}

/// Whether the data ended before the decoder had what it needed.
fn ends_early(error: &io::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if io.kind() == io::ErrorKind::UnexpectedEof {
                return true;
            }
            // The cause of such an error is the cause of what it wraps.
            cause = io.get_ref().map(|inner| inner as &(dyn Error + 'static));
        } else {
            cause = error.source();
        }
    }
    false
}

/// All frames of a zstd file, one after the other. `FrameDecoder` knows only one.
struct Frames<R> {
    from: R,
    decoder: FrameDecoder,
    /// Whether a frame has begun and not ended.
    is_inside: bool,
}

impl<R: BufRead> Frames<R> {
    /// Begins the next frame; `false` at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.from.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.from) {
                Ok(()) => {
                    self.is_inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut self.from.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Ends a frame whose bytes were all read.
    fn end(&mut self) -> io::Result<()> {
        self.is_inside = false;
        let expected = self.decoder.get_checksum_from_data();
        match expected.is_none() || expected == self.decoder.get_calculated_checksum() {
            true => Ok(()),
            false => Err(io::Error::other("the checksum is wrong, so the file is damaged")),
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if !self.is_inside && !self.begin()? {
                break;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.from, one).map_err(io::Error::other)?;
            }
            match self.decoder.read(buffer)? {
                0 => self.end()?,
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests;
