//! Reads a guest's console: picks the lines of process 1 from those of the kernel and the programs.

use std::fmt;
use std::ops::Range;

/// What begins a line of process 1; `guest-init` has the same.
const MARK: &str = "guest: ";

/// How a command ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// With this exit code.
    Code(i32),
    /// Killed by this signal: 7 is SIGBUS; 9 usually means that the kernel ran out of memory.
    Signal(i32),
    /// It could not be started.
    NotRun(String),
}

impl End {
    pub(crate) fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(7) => f.write_str("SIGBUS: memory that cannot be had"),
            Self::Signal(9) => f.write_str("killed, as a rule because memory ran out"),
            Self::Signal(11) => f.write_str("segmentation fault"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
            Self::NotRun(why) => write!(f, "could not be started: {why}"),
        }
    }
}

/// A NUMA node as the guest's kernel sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenNode {
    /// In the kernel's list format; empty for none.
    pub(crate) cpus: String,
    /// Memory that the kernel can give away.
    pub(crate) kib: usize,
    /// The distance from this node to each node.
    pub(crate) distances: Vec<usize>,
}

/// A command of the script, and how far it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ran {
    /// The program.
    pub(crate) program: String,
    /// Absent while it runs.
    pub(crate) end: Option<End>,
    /// Where its output lies in the console's text.
    range: Range<usize>,
}

/// All that a guest said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Console {
    text: String,
    /// Seconds from the kernel's start to that of process 1.
    pub(crate) up: Option<f64>,
    pub(crate) nodes: Vec<SeenNode>,
    /// In the script's order.
    pub(crate) commands: Vec<Ran>,
    /// Processes that the kernel killed because memory ran out.
    pub(crate) oom_kills: Option<u64>,
    /// The script was carried out to its end.
    pub(crate) is_done: bool,
    /// The kernel's message when it panicked.
    pub(crate) panic: Option<String>,
}

impl Console {
    /// Reads the text that came over the serial line.
    pub(crate) fn new(text: &str) -> Self {
        let mut console = Self { text: text.replace('\r', ""), ..Self::default() };
        let mut at = 0;
        for line in std::mem::take(&mut console.text).split_inclusive('\n') {
            let start = at;
            at += line.len();
            console.text.push_str(line);
            let line = line.trim_end();
            if let Some(words) = line.strip_prefix(MARK) {
                console.mark(words, start, at);
            } else if let Some((_, why)) = line.split_once("Kernel panic - ") {
                console.panic.get_or_insert_with(|| why.to_owned());
            }
        }
        if let Some(Ran { end: None, range, .. }) = console.commands.last_mut() {
            range.end = at;
        }
        console
    }

    /// Reads a line of process 1, from `start` to `end` in the text. Ignores an unreadable line: the script
    /// then never counts as finished, so the guest fails.
    fn mark(&mut self, words: &str, start: usize, end: usize) {
        let (what, rest) = words.split_once(' ').unwrap_or((words, ""));
        match what {
            "up" => self.up = rest.parse().ok(),
            "node" => self.nodes.extend(seen_node(rest)),
            "run" => {
                if let Some((_, program)) = rest.split_once(' ') {
                    self.commands.push(Ran { program: program.to_owned(), end: None, range: end..end });
                }
            }
            "end" => {
                if let (Some(command), Some((_, how))) = (self.commands.last_mut(), rest.split_once(' ')) {
                    command.end = read_end(how);
                    command.range.end = start;
                }
            }
            "oom-kills" => self.oom_kills = rest.parse().ok(),
            "done" => self.is_done = true,
            _ => {}
        }
    }

    /// The console's whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What `command` printed.
    pub(crate) fn text_of(&self, command: &Ran) -> &str {
        &self.text[command.range.clone()]
    }

    /// What the guest was doing last.
    pub(crate) fn doing(&self) -> String {
        match self.commands.last() {
            _ if self.is_done => "it had carried out its script".into(),
            Some(Ran { program, end: None, .. }) => format!("it was running {program}"),
            Some(Ran { program, .. }) => format!("it had run {program}"),
            None if self.up.is_some() => "it had run nothing".into(),
            None => "it had not started process 1".into(),
        }
    }
}

/// `0-1 252000 10,20`, after the number.
fn seen_node(words: &str) -> Option<SeenNode> {
    let mut words = words.split(' ').skip(1);
    Some(SeenNode {
        cpus: words.next().map(|list| if list == "-" { "" } else { list })?.to_owned(),
        kib: words.next()?.parse().ok()?,
        distances: words.next()?.split(',').map_while(|number| number.parse().ok()).collect(),
    })
}

fn read_end(how: &str) -> Option<End> {
    let (kind, rest) = how.split_once(' ')?;
    match kind {
        "code" => rest.parse().ok().map(End::Code),
        "signal" => rest.parse().ok().map(End::Signal),
        "not-run" => Some(End::NotRun(rest.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: &str = "early words\r\nguest: up 2.31\r\nguest: node 0 0-1 250000 10,20\r\n\
                      guest: node 1 - 64000 20,10\r\nguest: run 0 /bin/a\r\n";

    #[test]
    fn a_script_carried_out_is_read_as_such() {
        let text = format!(
            "{UP}one\r\nguest: not ours\r\nopen line\r\nguest: end 0 code 0\r\nguest: run 1 /bin/b\r\n\r\n\
             guest: end 1 signal 7\r\nguest: run 2 /bin/c\r\n\r\nguest: end 2 not-run No such file\r\n\
             guest: oom-kills 3\r\nguest: done 4.5\r\n"
        );
        let console = Console::new(&text);
        assert!(console.is_done && console.panic.is_none());
        assert_eq!((console.up, console.oom_kills), (Some(2.31), Some(3)));
        let node = SeenNode { cpus: "0-1".into(), kib: 250_000, distances: vec![10, 20] };
        assert_eq!(console.nodes[0], node);
        assert_eq!((console.nodes.len(), console.nodes[1].cpus.as_str()), (2, ""));
        let ends: Vec<_> = console.commands.iter().map(|command| command.end.clone().unwrap()).collect();
        assert_eq!(ends, [End::Code(0), End::Signal(7), End::NotRun("No such file".into())]);
        assert_eq!(console.text_of(&console.commands[0]), "one\nguest: not ours\nopen line\n");
        assert!(ends[0].is_success() && !ends[1].is_success());
        assert!(ends[1].to_string().contains("SIGBUS") && ends[2].to_string().contains("No such file"));
    }

    #[test]
    fn where_it_stopped_is_told() {
        let doing = |text: &str| Console::new(text).doing();
        assert_eq!(doing(""), "it had not started process 1");
        assert_eq!(doing("guest: up 1\n"), "it had run nothing");
        assert_eq!(doing(UP), "it was running /bin/a");
        let console = Console::new(&format!("{UP}half a li"));
        assert_eq!(console.text_of(&console.commands[0]), "half a li");
        assert_eq!(doing(&format!("{UP}guest: end 0 code 1\n")), "it had run /bin/a");
    }

    #[test]
    fn a_panic_is_found() {
        let text = format!("{UP}[    3.1] Kernel panic - not syncing: Attempted to kill init!\nmore\n");
        let console = Console::new(&text);
        assert_eq!(console.panic.as_deref(), Some("not syncing: Attempted to kill init!"));
        assert!(!console.is_done);
    }
}
