//! From the entry of a CPU to Rust: 32-bit or real mode, then long mode, a stack, and `kernel_enter`.
//!
//! The first CPU starts at `pvh_start`, in 32-bit mode without paging; `ebx` holds the address of the start
//! information. Every other CPU starts in real mode, in a copy of `trampoline` at [`TRAMPOLINE`]. Both ways meet
//! at `long_mode`. The page tables map the first 4 GiB, each address to itself. [`forget_page_0`] makes a
//! null pointer a fault.

use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::stack::{CPU_STACKS, STACK_SIZE};

/// Where CPUs start in real mode: a page below 1 MiB that the firmware leaves free.
pub(crate) const TRAMPOLINE: usize = 0x8000;

/// The number of the CPU that starts next. The CPU takes it as its own, and the stack of that number.
static NEXT: AtomicU32 = AtomicU32::new(0);

global_asm!(
    r#"
// The note by which a loader finds the entry: XEN_ELFNOTE_PHYS32_ENTRY of the PVH boot protocol.
.section .note.pvh, "a", @note
    .long 4, 8, 18
    .asciz "Xen"
    .quad pvh_start

.section .text.boot, "ax"
.code32
.global pvh_start
pvh_start:
    cld
    lgdt [boot_gdt_pointer]
    mov esi, ebx
    ljmp 0x18, offset long_mode

// Loads segments that reach all of the memory, turns paging and SSE on, and enters long mode. Keeps esi.
long_mode:
    mov eax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr4
    or eax, 0x620           // PAE, OSFXSR, OSXMMEXCPT
    mov cr4, eax
    mov eax, offset page_map
    mov cr3, eax
    mov ecx, 0xc0000080     // EFER
    rdmsr
    or eax, 0x100           // LME
    wrmsr
    mov eax, cr0
    and eax, 0x9ffffffb     // caches on, no emulation of the coprocessor
    or eax, 0x80000023      // PG, NE, MP, PE
    mov cr0, eax
    ljmp 0x08, offset with_stack

.code64
with_stack:
    mov edi, [{next}]
    lea eax, [rdi + 1]
    imul rax, rax, {stack_size}
    lea rsp, [rax + {stacks}]
    xor ebp, ebp
    call kernel_enter
    ud2

// The first instructions of every CPU but the first. They run at {trampoline}, in a copy.
.code16
.global trampoline
trampoline:
    cli
    cld
    xor ax, ax
    mov ds, ax
    .byte 0x0f, 0x01, 0x16  // lgdt [{trampoline} + …]
    .word {trampoline} + (trampoline_gdt_pointer - trampoline)
    mov eax, cr0
    or eax, 1
    mov cr0, eax
    .byte 0x66, 0xea        // ljmp 0x18, offset long_mode, with a 32-bit offset
    .long long_mode
    .word 0x18
trampoline_gdt_pointer:
    .word 31
    .long boot_gdt
.global trampoline_end
trampoline_end:
.code64

.section .rodata.boot, "a"
.balign 8
boot_gdt_pointer:
    .word 31
    .long boot_gdt

.section .data.boot, "aw"
.balign 8
// Nothing, code of 64 bits, data, code of 32 bits. The processor marks them as accessed.
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
.balign 4096
page_map:
    .quad page_directories + 3
    .fill 511, 8, 0
page_directories:
    .quad pages + 0x0003, pages + 0x1003, pages + 0x2003, pages + 0x3003
    .fill 508, 8, 0
// The first 2 MiB have pages of 4 KiB, then come pages of 2 MiB: present, writable, large.
.set address, 0x200000
pages:
    .quad low_pages + 3
.rept 2047
    .quad address + 0x83
    .set address, address + 0x200000
.endr
// Pages of 4 KiB: present, writable.
.set address, 0
.global low_pages
low_pages:
.rept 512
    .quad address + 3
    .set address, address + 0x1000
.endr
.text
"#,
    next = sym NEXT,
    stacks = sym CPU_STACKS,
    stack_size = const STACK_SIZE,
    trampoline = const TRAMPOLINE,
);

// SAFETY: the assembly above defines these bytes.
unsafe extern "C" {
    static trampoline: u8;
    static trampoline_end: u8;
    static low_pages: AtomicU64;
}

/// Copies the trampoline to where CPUs start.
pub(crate) fn prepare() {
    let from = &raw const trampoline;
    let size = (&raw const trampoline_end).addr() - from.addr();
    // SAFETY: the page at `TRAMPOLINE` is memory that nothing else uses, and the trampoline is shorter than it.
    unsafe { from.copy_to_nonoverlapping(core::ptr::with_exposed_provenance_mut(TRAMPOLINE), size) };
}

/// The next CPU that starts gets this number. Only one may be starting.
pub(crate) fn number_next(number: usize) {
    // Relaxed: the CPU is started by a store to its local APIC, which comes later on any x86 processor.
    NEXT.store(u32::try_from(number).expect("there are few CPUs"), Ordering::Relaxed);
}

/// Takes the page of address 0 out of the page tables. The first CPU calls this, before any other starts. The loader's
/// words may be in that page, so the kernel has read them.
pub(crate) fn forget_page_0() {
    // SAFETY: the assembly above defines the table, and only this function uses it as a Rust object.
    let entry = unsafe { &low_pages };
    // Relaxed: this CPU drops its copy below, and the others start later.
    entry.store(0, Ordering::Relaxed);
    // SAFETY: the CPU drops its copy of an entry of the page tables. No Rust object is in that page.
    unsafe { asm!("invlpg [{}]", in(reg) 0_usize, options(nostack, preserves_flags)) };
}
