//! Interrupts and faults: each CPU's segment table and task state, and the one table of handlers.
//!
//! A handler saves all registers that Rust functions may change, SSE's included. It runs on a stack of its own
//! (the processor's interrupt stack table). That makes the red zone of the interrupted function safe. Handlers
//! run with interrupts off, so they do not interrupt each other.

use core::arch::{asm, global_asm};
use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use crate::cpu::MOST;
use crate::exit::{Status, exit};
use crate::stack::{FAULT_STACKS, HANDLER_STACKS};
use crate::{apic, cpu, panic, println};

/// The handler that a check has chosen.
const TICK: u8 = 0x40;
/// Another CPU wants this one to wake up.
const POKE: u8 = 0x41;
/// The local APIC had an interrupt for the CPU, and has it no longer.
const SPURIOUS: u8 = 0xff;

/// Vectors of the processor's own faults.
const FAULTS: usize = 32;
/// Code and data, as `boot` has them.
const CODE: u16 = 0x08;
const CODE_SEGMENT: u64 = 0x00af_9b00_0000_ffff;
const DATA_SEGMENT: u64 = 0x00cf_9300_0000_ffff;
/// The task state, in a CPU's segment table.
const TASK: u16 = 0x18;

/// Entries of the processor's interrupt stack table.
#[derive(Clone, Copy)]
enum Stack {
    Handler = 1,
    Fault = 2,
}

/// Nothing, code, data, and two words for the task state.
static SEGMENTS: [[AtomicU64; 5]; MOST] = [const { [const { AtomicU64::new(0) }; 5] }; MOST];
/// The task states. The kernel uses their interrupt stack tables alone.
static TASKS: [[AtomicU32; 26]; MOST] = [const { [const { AtomicU32::new(0) }; 26] }; MOST];
/// The handlers, by vector.
static GATES: [[AtomicU64; 2]; 256] = [const { [const { AtomicU64::new(0) }; 2] }; 256];
/// The function for [`TICK`].
static ON_TICK: AtomicPtr<()> = AtomicPtr::new(null_mut());

global_asm!(
    r#"
.macro handler name, function
\name:
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    sub rsp, 512            // The stack is aligned to 16 here: the processor has pushed 5 words.
    fxsave64 [rsp]
    cld
    call \function
    fxrstor64 [rsp]
    add rsp, 512
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    iretq
.endm

.text
handler tick_entry, {tick}
handler poke_entry, {poke}
spurious_entry:
    iretq

// An entry of 16 bytes for each fault. If the processor pushes no error code, the entry pushes 0.
.set vector, 0
.balign 16
fault_entries:
.rept {faults}
    .balign 16
    .if ((0x60227d00 >> vector) & 1) == 0
    push 0
    .endif
    .byte 0x6a, vector      // push vector
    jmp fault_entry
    .set vector, vector + 1
.endr
fault_entry:
    mov rdi, rsp
    sub rsp, 8
    cld
    call {fault}
    ud2
"#,
    tick = sym ticked,
    poke = sym poke,
    fault = sym fault,
    faults = const FAULTS,
);

// SAFETY: the assembly above defines these places.
unsafe extern "C" {
    static tick_entry: u8;
    static poke_entry: u8;
    static spurious_entry: u8;
    static fault_entries: u8;
}

/// Fills the table of handlers. The first CPU calls this, before any other starts.
pub(crate) fn prepare() {
    for fault in 0..FAULTS {
        set_gate(fault, (&raw const fault_entries).addr() + 16 * fault, Stack::Fault);
    }
    set_gate(TICK.into(), (&raw const tick_entry).addr(), Stack::Handler);
    set_gate(POKE.into(), (&raw const poke_entry).addr(), Stack::Handler);
    set_gate(SPURIOUS.into(), (&raw const spurious_entry).addr(), Stack::Handler);
}

/// An interrupt gate: the processor turns interrupts off on the way.
fn set_gate(vector: usize, address: usize, stack: Stack) {
    let address = address as u64;
    let low = address & 0xffff
        | u64::from(CODE) << 16
        | (stack as u64) << 32
        | 0x8e << 40
        | (address >> 16 & 0xffff) << 48;
    // Relaxed: the CPUs that use the table load it later, and this one sees its own stores.
    GATES[vector][0].store(low, Ordering::Relaxed);
    GATES[vector][1].store(address >> 32, Ordering::Relaxed);
}

/// Makes this CPU ready for interrupts and faults, and turns its local APIC on. Interrupts stay off.
pub(crate) fn load(number: usize) {
    let task = &TASKS[number];
    for (stack, top) in
        [(Stack::Handler, HANDLER_STACKS[number].top()), (Stack::Fault, FAULT_STACKS[number].top())]
    {
        let word = 7 + 2 * stack as usize;
        // Relaxed, here and below: this CPU alone reads its tables.
        task[word].store(top as u32, Ordering::Relaxed);
        task[word + 1].store((top >> 32) as u32, Ordering::Relaxed);
    }
    let (address, last_byte) = (task.as_ptr().addr() as u64, size_of_val(task) as u64 - 1);
    let task_segment = last_byte | (address & 0xff_ffff) << 16 | 0x89 << 40 | (address >> 24 & 0xff) << 56;
    let words = [0, CODE_SEGMENT, DATA_SEGMENT, task_segment, address >> 32];
    SEGMENTS[number].iter().zip(words).for_each(|(segment, word)| segment.store(word, Ordering::Relaxed));

    let segments = Table::of(&SEGMENTS[number]);
    // SAFETY: the segments of code and data are where `boot` has them. The table is static.
    unsafe { asm!("lgdt [{}]", in(reg) &segments, options(readonly, nostack, preserves_flags)) };
    // SAFETY: the table has the task state there, and no CPU has loaded this one yet.
    unsafe { asm!("ltr {:x}", in(reg) TASK, options(nostack, preserves_flags)) };
    let gates = Table::of(&GATES);
    // SAFETY: `prepare` has filled the table, and it is static.
    unsafe { asm!("lidt [{}]", in(reg) &gates, options(readonly, nostack, preserves_flags)) };
    apic::turn_on(SPURIOUS);
}

/// A table, as the processor loads it.
#[repr(C, packed)]
struct Table {
    last_byte: u16,
    address: u64,
}

impl Table {
    fn of<T>(table: &'static T) -> Self {
        let last_byte = u16::try_from(size_of::<T>() - 1).expect("tables have less than 64 KiB");
        Self { last_byte, address: (&raw const *table).addr() as u64 }
    }
}

/// Wakes all other CPUs up.
pub(crate) fn wake_others() {
    apic::interrupt_others(POKE);
}

/// From now on, `handler` runs whenever [`tick_after`] or [`tick_others`] interrupts a CPU.
pub(crate) fn on_tick(handler: fn()) {
    // Release pairs with the Acquire in `ticked`: the handler sees what was ready before.
    ON_TICK.store(handler as *mut (), Ordering::Release);
}

/// Interrupts all other CPUs now.
pub(crate) fn tick_others() {
    apic::interrupt_others(TICK);
}

/// Interrupts this CPU once, in that many nanoseconds.
pub(crate) fn tick_after(nanoseconds: u32) {
    apic::interrupt_after(nanoseconds, TICK);
}

extern "C" fn ticked() {
    // Acquire pairs with the Release in `on_tick`.
    let handler = ON_TICK.load(Ordering::Acquire);
    // SAFETY: only `on_tick` stores here, and only functions of this type. Ticks come only after that.
    let handler = unsafe { transmute::<*mut (), fn()>(handler) };
    apic::end_of_interrupt();
    handler();
}

extern "C" fn poke() {
    apic::end_of_interrupt();
}

/// What the stack holds after a fault.
#[repr(C)]
struct Fault {
    vector: u64,
    error: u64,
    instruction: u64,
    code: u64,
    flags: u64,
    stack: u64,
}

extern "C" fn fault(fault: &Fault) -> ! {
    panic::be_last();
    let address: u64;
    // SAFETY: the register holds the address of the last page fault.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    println!(
        "\nCPU {}: fault {}, error {:#x}, at {:#x}, stack {:#x}, flags {:#x}, segment {:#x}, address {address:#x}",
        cpu::number(),
        fault.vector,
        fault.error,
        fault.instruction,
        fault.stack,
        fault.flags,
        fault.code
    );
    exit(Status::Failed)
}
