//! Decodes x86-64 instructions, as far as the plugin needs it.

use bench::marks::MAGIC;

/// The number of a mark. A mark is `0f 1f 80` and 32 bits: `nopl disp32(%rax)`.
pub(crate) fn mark(code: &[u8]) -> Option<u8> {
    let [0x0f, 0x1f, 0x80, number @ ..] = code else { return None };
    let number = u32::from_le_bytes(number.try_into().ok()?);
    (number & !0xff == MAGIC).then_some(number as u8)
}

/// Whether the instruction reads and writes memory in one atomic step. It does if it has the prefix `lock`,
/// or if it is an `xchg` with memory, which needs no prefix.
pub(crate) fn is_locked(code: &[u8]) -> bool {
    const LOCK: u8 = 0xf0;
    let is_prefix = |byte: &u8| {
        matches!(*byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0x66 | 0x67 | 0xf2 | 0xf3 | LOCK)
    };
    let prefixes = code.iter().take_while(|byte| is_prefix(byte)).count();
    if code[..prefixes].contains(&LOCK) {
        return true;
    }
    let after = &code[prefixes..];
    // The REX prefix.
    let after = if after.first().is_some_and(|byte| byte & 0xf0 == 0x40) { &after[1..] } else { after };
    matches!(after, [0x86 | 0x87, operands, ..] if operands >> 6 != 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::marks::ENTER;

    #[test]
    fn marks_are_told_from_other_instructions() {
        let bytes = [0x0f, 0x1f, 0x80, ENTER, 0x4b, 0x53, 0x42];
        assert_eq!(mark(&bytes), Some(ENTER));
        // Not marks: padding as compilers write it, another number, another length.
        assert_eq!(mark(&[0x0f, 0x1f, 0x80, 0, 0, 0, 0]), None);
        assert_eq!(mark(&bytes[..6]), None);
        assert_eq!(mark(&[0x90]), None);
    }

    #[test]
    fn locked_instructions_are_told_from_others() {
        for locked in [
            &[0xf0, 0x48, 0x0f, 0xb1, 0x0f][..], // lock cmpxchg %rcx,(%rdi)
            &[0x66, 0xf0, 0x0f, 0xc1, 0x07],     // lock xadd %ax,(%rdi)
            &[0x48, 0x87, 0x07],                 // xchg %rax,(%rdi)
            &[0x86, 0x47, 0x08],                 // xchg %al,8(%rdi)
        ] {
            assert!(is_locked(locked), "{locked:x?}");
        }
        for other in [
            &[0x48, 0x8b, 0x07][..],   // mov (%rdi),%rax
            &[0x48, 0x87, 0xc8],       // xchg %rcx,%rax
            &[0x48, 0x0f, 0xb1, 0x0f], // cmpxchg %rcx,(%rdi), not locked
            &[0xf3, 0xa4],             // rep movsb
            &[],
        ] {
            assert!(!is_locked(other), "{other:x?}");
        }
    }
}
