//! Talks to QEMU: the plugin interface, version 1, as in QEMU 7.2 (`include/qemu/qemu-plugin.h`), and the
//! functions that QEMU calls back.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bench::marks::{self, PluginSettings};

use crate::cache::Size;
use crate::model::Model;
use crate::physical::Physical;
use crate::watch::{Access, Watch};

/// QEMU's identifier of the plugin.
type Id = u64;
/// Callbacks neither read nor write registers.
const NO_REGISTERS: c_int = 0;
const READS_AND_WRITES: c_int = 3;

/// The start of `qemu_info_t`. The plugin reads no more of it.
#[repr(C)]
struct Info {
    target: *const c_char,
    oldest_version: c_int,
    version: c_int,
    is_system: bool,
    processors: c_int,
}

// SAFETY: the signatures are those of QEMU's header, with its enumerations as `int`.
unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: Id, callback: extern "C" fn(Id, *mut c_void));
    fn qemu_plugin_register_atexit_cb(id: Id, callback: extern "C" fn(Id, *mut c_void), data: *mut c_void);
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut c_void,
        callback: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut c_void,
        callback: extern "C" fn(c_uint, *mut c_void),
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut c_void,
        callback: extern "C" fn(c_uint, u32, u64, *mut c_void),
        flags: c_int,
        which: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_tb_n_insns(block: *const c_void) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const c_void, number: usize) -> *mut c_void;
    fn qemu_plugin_insn_data(instruction: *const c_void) -> *const u8;
    fn qemu_plugin_insn_size(instruction: *const c_void) -> usize;
    fn qemu_plugin_insn_vaddr(instruction: *const c_void) -> u64;
    fn qemu_plugin_mem_is_store(access: u32) -> bool;
    fn qemu_plugin_mem_size_shift(access: u32) -> c_uint;
    fn qemu_plugin_get_hwaddr(access: u32, address: u64) -> *mut c_void;
    fn qemu_plugin_hwaddr_is_io(physical: *const c_void) -> bool;
    fn qemu_plugin_hwaddr_phys_addr(physical: *const c_void) -> u64;
}

/// The version of the interface that the plugin uses.
// SAFETY: QEMU looks the symbol up by this name, and reads an `int`.
#[unsafe(no_mangle)]
pub static qemu_plugin_version: c_int = 1;

/// A bit for each processor that is inside an operation. Most accesses of a guest are outside and go no
/// further than this.
static INSIDE: AtomicU64 = AtomicU64::new(0);
static STATE: Mutex<Option<State>> = Mutex::new(None);

struct State {
    watch: Watch,
    out: BufWriter<File>,
}

impl State {
    fn new() -> Result<Self, String> {
        let settings = std::env::var(PluginSettings::VARIABLE).map_err(|error| error.to_string())?;
        let settings = serde_json::from_str(&settings).map_err(|error| format!("{settings}: {error}"))?;
        let PluginSettings { cpus, backends, cache, ways, out } = settings;
        let watch = Watch::new(Model::new(cpus, Size { bytes: cache, ways })?, Physical::new(backends));
        let file = File::create(&out).map_err(|error| format!("{}: {error}", out.display()))?;
        Ok(Self { watch, out: BufWriter::new(file) })
    }

    /// Writes the pending reports to the file.
    fn write(&mut self) {
        for report in self.watch.take_reports() {
            let line = serde_json::to_string(&report).expect("numbers and words have a JSON form");
            if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
                eprintln!("numa-count-plugin: the report cannot be written: {error}: {line}");
            }
        }
    }
}

/// A panic in a callback ends QEMU, so a poisoned lock is never seen.
fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_inside(cpu: c_uint) -> bool {
    INSIDE.load(Relaxed) >> cpu & 1 == 1
}

/// Whether an address is in the upper half, which belongs to the kernel.
fn is_kernel(address: u64) -> bool {
    address >> 47 != 0
}

extern "C" fn at_mark(cpu: c_uint, mark: *mut c_void) {
    let mark = mark.addr() as u8;
    let Some(state) = &mut *state() else { return };
    match mark {
        marks::ENTER => {
            INSIDE.fetch_or(1 << cpu, Relaxed);
            state.watch.enter();
        }
        marks::LEAVE => {
            INSIDE.fetch_and(!(1 << cpu), Relaxed);
        }
        mark => {
            state.watch.mark(cpu as usize, mark);
            state.write();
        }
    }
}

extern "C" fn at_block(cpu: c_uint, instructions: *mut c_void) {
    if is_inside(cpu)
        && let Some(state) = &mut *state()
    {
        state.watch.run(instructions.addr() as u64);
    }
}

/// Handles an access of an operation. If an interrupt comes within an instruction, QEMU attributes the
/// kernel's accesses on the way there to that instruction. They are skipped.
///
/// `locked` is not null if the instruction reads and writes in one atomic step. A processor asks for such a
/// line to write from the start, so the read counts as a write.
extern "C" fn at_access(cpu: c_uint, access: u32, address: u64, locked: *mut c_void) {
    if !is_inside(cpu) || is_kernel(address) {
        return;
    }
    // SAFETY: `access` is the description that QEMU passed to this callback.
    let shift = unsafe { qemu_plugin_mem_size_shift(access) };
    // SAFETY: as above.
    let stores = unsafe { qemu_plugin_mem_is_store(access) };
    let writes = stores || !locked.is_null();
    let physical = || physical(access, address);
    if let Some(state) = &mut *state() {
        let access = Access { address, bytes: 1 << shift, writes };
        state.watch.access(cpu as usize, access, physical);
        state.write();
    }
}

/// The physical address of an access, for use within its callback. `None` if the access is to a device.
fn physical(access: u32, address: u64) -> Option<u64> {
    // SAFETY: this runs within the callback for this access, as the function requires.
    let physical = unsafe { qemu_plugin_get_hwaddr(access, address) };
    if physical.is_null() {
        return None;
    }
    // SAFETY: not null, so a description that stays valid until the next such call on this thread.
    let is_device = unsafe { qemu_plugin_hwaddr_is_io(physical) };
    // SAFETY: as above.
    (!is_device).then(|| unsafe { qemu_plugin_hwaddr_phys_addr(physical) })
}

/// QEMU translates a block of code. Unless the block is the kernel's, this asks for callbacks at its marks
/// and accesses.
extern "C" fn at_translation(_: Id, block: *mut c_void) {
    // SAFETY: `block` is the block that QEMU passed to this callback.
    let count = unsafe { qemu_plugin_tb_n_insns(block) };
    let mut instructions = 0;
    for number in 0..count {
        // SAFETY: the number is below the count of that block.
        let instruction = unsafe { qemu_plugin_tb_get_insn(block, number) };
        // SAFETY: an instruction of the block that is being translated.
        let address = unsafe { qemu_plugin_insn_vaddr(instruction) };
        if is_kernel(address) {
            continue;
        }
        instructions += 1;
        // SAFETY: as above.
        let data = unsafe { qemu_plugin_insn_data(instruction) };
        // SAFETY: as above.
        let size = unsafe { qemu_plugin_insn_size(instruction) };
        // SAFETY: that many bytes of code, which QEMU keeps until the translation is done.
        let code = unsafe { std::slice::from_raw_parts(data, size) };
        if let Some(mark) = crate::code::mark(code) {
            let data = ptr::without_provenance_mut(usize::from(mark));
            // SAFETY: an instruction of this block; the callback reads the data as a number.
            unsafe { qemu_plugin_register_vcpu_insn_exec_cb(instruction, at_mark, NO_REGISTERS, data) };
            continue;
        }
        let locked = ptr::without_provenance_mut(usize::from(crate::code::is_locked(code)));
        // SAFETY: an instruction of this block; the callback reads the data as a truth value.
        unsafe {
            qemu_plugin_register_vcpu_mem_cb(instruction, at_access, NO_REGISTERS, READS_AND_WRITES, locked);
        }
    }
    if instructions > 0 {
        let data = ptr::without_provenance_mut(instructions);
        // SAFETY: the block that is being translated; the callback reads the data as a number.
        unsafe { qemu_plugin_register_vcpu_tb_exec_cb(block, at_block, NO_REGISTERS, data) };
    }
}

extern "C" fn at_exit(_: Id, _: *mut c_void) {
    if let Some(state) = &mut *state() {
        state.write();
    }
}

/// QEMU calls this after it has loaded the plugin. Reads the settings and registers the callbacks. A result
/// other than 0 ends QEMU.
///
/// # Safety
/// Called by QEMU, with a description of the machine.
// SAFETY: QEMU looks the symbol up by this name, and calls it with this signature.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn qemu_plugin_install(
    id: Id,
    info: *const c_void,
    _: c_int,
    _: *const *const c_char,
) -> c_int {
    // SAFETY: QEMU's description of itself begins with these fields.
    let info = unsafe { &*info.cast::<Info>() };
    // SAFETY: the name of the target is a string.
    let target = unsafe { CStr::from_ptr(info.target) };
    let made = match (target.to_str(), info.is_system) {
        (Ok("x86_64"), true) => State::new(),
        _ => Err(format!("only for whole machines of x86_64, not for {target:?}")),
    };
    let made = made.and_then(|made| match made.watch.processors() as c_int == info.processors {
        true => Ok(made),
        false => {
            Err(format!("its settings name {} processors of {}", made.watch.processors(), info.processors))
        }
    });
    match made {
        Ok(made) => *state() = Some(made),
        Err(why) => {
            eprintln!(
                "numa-count-plugin: {why} (QEMU's plugin interface {} to {})",
                info.oldest_version, info.version
            );
            return 1;
        }
    }
    // SAFETY: this plugin's id; the callback is as declared.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, at_translation) };
    // SAFETY: as above; no data.
    unsafe { qemu_plugin_register_atexit_cb(id, at_exit, ptr::null_mut()) };
    0
}
