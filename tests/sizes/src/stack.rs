//! How deep a function's stack is: the function runs on a stack of its own, which was painted before.

use core::arch::asm;
use core::cell::UnsafeCell;

/// Much more than any call takes.
const BYTES: usize = 64 << 10;
const PAINT: u8 = 0xA5;

#[repr(align(64))]
struct Stack(UnsafeCell<[u8; BYTES]>);

// SAFETY: the program has one thread.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; BYTES]));

/// How deep `code` wrote into its stack, in bytes, its return address included.
pub fn depth(code: extern "C" fn()) -> usize {
    let start = STACK.0.get().cast::<u8>();
    for i in 0..BYTES {
        // SAFETY: within the array, which nothing uses now. Volatile, because the compiler does not know that
        // the function below uses it.
        unsafe { start.wrapping_add(i).write_volatile(PAINT) };
    }
    let top = start.wrapping_add(BYTES);
    // SAFETY: the array is aligned to 16 and large enough, and the old stack is back when the function returns.
    unsafe {
        asm!("mov r12, rsp", "mov rsp, {top}", "call {code}", "mov rsp, r12", top = in(reg) top, code = in(reg) code,
            out("r12") _, clobber_abi("C"));
    }
    // SAFETY: within the array.
    let is_painted = |i: &usize| unsafe { start.wrapping_add(*i).read_volatile() } == PAINT;
    BYTES - (0..BYTES).take_while(is_painted).count()
}
