//! Interprets the marks: which accesses to watch, and what to report when.

use bench::marks::{self, Class, Counted, Report};

use crate::cache::LINE_SHIFT;
use crate::model::Model;
use crate::physical::Physical;

/// What is done with the accesses of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Ignored: no phase has begun, or something went wrong.
    Idle,
    /// Accesses between the two addresses are known to be on the node.
    Calibrate { node: u64, start: u64, end: u64 },
    /// The caches see them, without counting.
    Warm,
    /// The caches see them, and they are counted.
    Count,
}

/// The message that one processor is sending.
#[derive(Clone, Debug, Default)]
struct Message {
    number: u64,
    numbers: Vec<u64>,
}

/// One access of a processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// The virtual address. All watched accesses belong to one program, so a virtual address identifies a
    /// line as well as a physical one. It is also the same in every run.
    pub(crate) address: u64,
    pub(crate) bytes: u64,
    pub(crate) writes: bool,
}

/// See the module.
pub(crate) struct Watch {
    model: Model,
    physical: Physical,
    mode: Mode,
    messages: Vec<Message>,
    /// The class, the first address, and the first address behind.
    ranges: Vec<(usize, u64, u64)>,
    counted: Counted,
    /// Operations that have begun since counting began.
    entered: u64,
    /// Reports that are not written yet.
    reports: Vec<Report>,
}

impl Watch {
    pub(crate) fn new(model: Model, physical: Physical) -> Self {
        let messages = vec![Message::default(); model.processors()];
        Self {
            model,
            physical,
            mode: Mode::Idle,
            messages,
            ranges: Vec::new(),
            counted: Counted::default(),
            entered: 0,
            reports: Vec::new(),
        }
    }

    /// How many processors there are.
    pub(crate) fn processors(&self) -> usize {
        self.model.processors()
    }

    /// The reports since the last call.
    pub(crate) fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Processor `cpu` executes a mark other than `ENTER` and `LEAVE`.
    pub(crate) fn mark(&mut self, cpu: usize, mark: u8) {
        if mark < marks::DIGITS {
            let message = &mut self.messages[cpu];
            message.number = message.number << 4 | u64::from(mark);
            return;
        }
        if mark == marks::PUSH {
            let message = &mut self.messages[cpu];
            message.numbers.push(std::mem::take(&mut message.number));
            return;
        }
        let numbers = std::mem::take(&mut self.messages[cpu]).numbers;
        if let Err(why) = self.command(mark, &numbers) {
            self.fail(why);
        }
    }

    fn command(&mut self, mark: u8, numbers: &[u64]) -> Result<(), String> {
        match (mark, numbers) {
            (marks::RUN, &[run]) => {
                self.model.clear();
                self.ranges.clear();
                self.counted = Counted { run, ..Counted::default() };
                self.mode = Mode::Idle;
            }
            (marks::RANGE, &[class, start, end]) if (class as usize) < Class::ALL.len() => {
                self.ranges.push((class as usize, start, end));
            }
            (marks::CALIBRATE, &[node, start, end]) => self.mode = Mode::Calibrate { node, start, end },
            (marks::CALIBRATED, &[]) => {
                self.physical.finish()?;
                self.mode = Mode::Idle;
            }
            (marks::WARM, &[phase]) => {
                self.counted.phase = phase;
                self.mode = Mode::Warm;
            }
            (marks::COUNT, &[]) => {
                let Counted { run, phase, .. } = self.counted;
                self.counted = Counted { run, phase, ..Counted::default() };
                self.entered = 0;
                self.model.forget_moves();
                self.mode = Mode::Count;
            }
            (marks::END, &[ops]) => self.end(ops)?,
            _ => return Err(format!("mark {mark} with the numbers {numbers:?} means nothing")),
        }
        Ok(())
    }

    fn end(&mut self, ops: u64) -> Result<(), String> {
        if self.mode != Mode::Count || self.entered != ops {
            return Err(format!("{ops} operations were done and {} seen ({:?})", self.entered, self.mode));
        }
        self.mode = Mode::Idle;
        let ranges = &self.ranges;
        let is_stack = |line| class_of(ranges, line << LINE_SHIFT) == Class::Stack as usize;
        let hottest = self.model.most_moves(|line| !is_stack(line));
        self.reports.push(Report::Counted(Counted { ops, hottest, ..self.counted.clone() }));
        Ok(())
    }

    /// An operation begins.
    pub(crate) fn enter(&mut self) {
        self.entered += 1;
    }

    /// A block of this many instructions runs in an operation.
    pub(crate) fn run(&mut self, instructions: u64) {
        if self.mode == Mode::Count {
            self.counted.instructions += instructions;
        }
    }

    /// An operation's access on processor `cpu`. `physical` gives the access's physical address, if it has
    /// one.
    #[inline]
    pub(crate) fn access(&mut self, cpu: usize, access: Access, physical: impl Fn() -> Option<u64>) {
        let Access { address, bytes, writes } = access;
        let physical =
            || physical().ok_or_else(|| format!("an operation's access to {address:#x} is not to memory"));
        match self.mode {
            Mode::Calibrate { node, start, end } if (start..end).contains(&address) => {
                let learnt = physical().and_then(|physical| self.physical.learn(physical, node));
                learnt.unwrap_or_else(|why| self.fail(why));
            }
            Mode::Idle | Mode::Calibrate { .. } => {}
            Mode::Warm | Mode::Count => {
                let last = address + bytes.max(1) - 1;
                for line in address >> LINE_SHIFT..=last >> LINE_SHIFT {
                    let home = || self.physical.node(physical()?);
                    match self.model.access(cpu, line, writes, home) {
                        Ok(outcome) if self.mode == Mode::Count => {
                            let class = class_of(&self.ranges, address);
                            outcome.add_to(&mut self.counted.classes[class]);
                        }
                        Ok(_) => {}
                        Err(why) => return self.fail(why),
                    }
                }
            }
        }
    }

    /// Stops counting: from here on, no count is reliable.
    fn fail(&mut self, why: String) {
        self.mode = Mode::Idle;
        self.reports.push(Report::Error(why));
    }
}

/// The number of the address's class.
fn class_of(ranges: &[(usize, u64, u64)], address: u64) -> usize {
    let range = ranges.iter().find(|&&(_, start, end)| (start..end).contains(&address));
    range.map_or(Class::Other as usize, |&(class, ..)| class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Size;
    use bench::marks::Counts;

    const MIB: u64 = 1 << 20;

    /// Two nodes of one processor and 256 MiB.
    fn watch() -> Watch {
        let model = Model::new(vec![0, 1], Size { bytes: 64 << 10, ways: 16 }).unwrap();
        Watch::new(model, Physical::new(vec![256 * MIB, 256 * MIB]))
    }

    fn send(watch: &mut Watch, cpu: usize, command: u8, numbers: &[u64]) {
        for number in numbers {
            for digit in (0..16).rev() {
                watch.mark(cpu, (number >> (4 * digit) & 15) as u8);
            }
            watch.mark(cpu, marks::PUSH);
        }
        watch.mark(cpu, command);
    }

    /// An access whose virtual address equals the physical one.
    fn touch(watch: &mut Watch, cpu: usize, address: u64, bytes: u64, writes: bool) {
        watch.access(cpu, Access { address, bytes, writes }, || Some(address));
    }

    fn calibrate(watch: &mut Watch) {
        send(watch, 0, marks::CALIBRATE, &[0, 0, 2 * MIB]);
        touch(watch, 0, MIB, 8, false);
        // An access to the stack, which may be anywhere.
        touch(watch, 0, 300 * MIB, 8, false);
        send(watch, 0, marks::CALIBRATE, &[1, 257 * MIB, 258 * MIB]);
        touch(watch, 0, 257 * MIB, 8, false);
        send(watch, 0, marks::CALIBRATED, &[]);
    }

    #[test]
    fn a_phase_is_counted_by_class() {
        let mut watch = watch();
        send(&mut watch, 0, marks::RUN, &[7]);
        calibrate(&mut watch);
        send(&mut watch, 0, marks::RANGE, &[Class::Leaf as u64, 300 * MIB, 301 * MIB]);
        send(&mut watch, 0, marks::RANGE, &[Class::Stack as u64, 2 * MIB, 3 * MIB]);
        send(&mut watch, 0, marks::WARM, &[3]);
        touch(&mut watch, 0, 300 * MIB, 8, false);
        send(&mut watch, 0, marks::COUNT, &[]);
        watch.enter();
        watch.run(20);
        // One line of the leaf that is in the cache already; two new lines by one access; a line of the
        // stack; a line of the rest.
        touch(&mut watch, 0, 300 * MIB + 8, 8, false);
        touch(&mut watch, 0, 300 * MIB + 124, 8, false);
        touch(&mut watch, 0, 2 * MIB, 8, true);
        touch(&mut watch, 1, 9 * MIB, 8, true);
        send(&mut watch, 1, marks::END, &[1]);
        // After the end, nothing counts.
        touch(&mut watch, 1, 10 * MIB, 8, true);
        let reports = watch.take_reports();
        let [Report::Counted(counted)] = &reports[..] else { panic!("{reports:?}") };
        assert_eq!((counted.run, counted.phase, counted.ops, counted.instructions), (7, 3, 1, 20));
        let [leaf, inner, stack, other] = counted.classes;
        assert_eq!(leaf, Counts { accesses: 3, remote_misses: 2, ..Counts::default() });
        assert_eq!(inner, Counts::default());
        assert_eq!(stack, Counts { accesses: 1, local_misses: 1, ..Counts::default() });
        assert_eq!(other, Counts { accesses: 1, remote_misses: 1, ..Counts::default() });
        assert!(watch.take_reports().is_empty());
    }

    #[test]
    fn a_stack_is_not_the_hottest_line() {
        let mut watch = watch();
        calibrate(&mut watch);
        send(&mut watch, 0, marks::RANGE, &[Class::Stack as u64, 2 * MIB, 3 * MIB]);
        send(&mut watch, 0, marks::WARM, &[0]);
        send(&mut watch, 0, marks::COUNT, &[]);
        for turn in 0..10 {
            touch(&mut watch, turn % 2, 2 * MIB, 8, true);
            touch(&mut watch, turn / 5, 9 * MIB, 8, true);
        }
        send(&mut watch, 0, marks::END, &[0]);
        let reports = watch.take_reports();
        let [Report::Counted(counted)] = &reports[..] else { panic!("{reports:?}") };
        assert_eq!(counted.hottest, 1);
    }

    #[test]
    fn what_cannot_be_believed_is_an_error() {
        let errors = |does: &dyn Fn(&mut Watch)| {
            let mut watch = watch();
            does(&mut watch);
            match &watch.take_reports()[..] {
                [Report::Error(why), ..] => why.clone(),
                other => panic!("{other:?}"),
            }
        };
        let uncalibrated = errors(&|watch| {
            send(watch, 0, marks::WARM, &[0]);
            touch(watch, 0, MIB, 8, false);
        });
        assert!(uncalibrated.contains("before the addresses were calibrated"), "{uncalibrated}");
        let wrong = errors(&|watch| {
            send(watch, 0, marks::CALIBRATE, &[1, 0, 2 * MIB]);
            touch(watch, 0, MIB, 8, false);
        });
        assert!(wrong.contains("does not know"), "{wrong}");
        let lost = errors(&|watch| {
            calibrate(watch);
            send(watch, 0, marks::WARM, &[0]);
            send(watch, 0, marks::COUNT, &[]);
            watch.enter();
            send(watch, 0, marks::END, &[2]);
        });
        assert!(lost.contains("2 operations were done and 1 seen"), "{lost}");
        let device = errors(&|watch| {
            calibrate(watch);
            send(watch, 0, marks::WARM, &[0]);
            watch.access(0, Access { address: 64, bytes: 8, writes: false }, || None);
        });
        assert!(device.contains("not to memory"), "{device}");
        assert!(errors(&|watch| send(watch, 0, marks::RANGE, &[9, 0, 0])).contains("means nothing"));
        assert!(errors(&|watch| send(watch, 0, 99, &[])).contains("means nothing"));
    }
}
