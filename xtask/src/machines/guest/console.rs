//! Reads a guest's console: picks the lines of process 1 from those of the kernel and the programs.

use std::fmt;

use super::words::{End, MARK, Said, SeenNode};

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

/// A command of the script, and how far it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ran {
    pub(crate) program: String,
    /// Absent while it runs.
    pub(crate) end: Option<End>,
    /// Its output.
    pub(crate) text: String,
}

/// All that a guest said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Console {
    /// The last line that is not empty.
    pub(crate) last: Option<String>,
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
    /// Reads the console's text. A malformed line of process 1 counts as output of a program. Then a command
    /// has no end, and the guest has failed.
    pub(crate) fn new(text: &str) -> Self {
        let mut console = Self::default();
        for line in text.lines() {
            match line.strip_prefix(MARK).and_then(|said| serde_json::from_str(said).ok()) {
                Some(Said::Up(seconds)) => console.up = Some(seconds),
                Some(Said::Node(node)) => console.nodes.push(node),
                Some(Said::Run(program)) => {
                    console.commands.push(Ran { program, end: None, text: String::new() });
                }
                Some(Said::End(end)) => {
                    console
                        .commands
                        .last_mut()
                        .into_iter()
                        .for_each(|command| command.end = Some(end.clone()));
                }
                Some(Said::OomKills(number)) => console.oom_kills = number,
                Some(Said::Done) => console.is_done = true,
                Some(Said::Wrong(_)) | None => {
                    if let Some((_, why)) = line.split_once("Kernel panic - ") {
                        console.panic.get_or_insert_with(|| why.to_owned());
                    }
                    if let Some(Ran { end: None, text, .. }) = console.commands.last_mut() {
                        *text += &format!("{line}\n");
                    }
                }
            }
        }
        console.last = text.lines().rfind(|line| !line.trim().is_empty()).map(str::to_owned);
        console
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Lines of process 1.
    pub(crate) fn said(words: &[Said]) -> String {
        words.iter().map(|said| format!("{MARK}{}\r\n", serde_json::to_string(said).unwrap())).collect()
    }

    #[test]
    fn a_script_carried_out_is_read_as_such() {
        let run = |program: &str| Said::Run(program.into());
        let text = said(&[Said::Up(2.31), run("/bin/a")])
            + "one\r\nguest: not ours\r\nopen line\r\n"
            + &said(&[Said::End(End::Code(0)), run("/bin/b"), Said::End(End::Signal(7)), run("/bin/c")])
            + &said(&[Said::End(End::NotRun("No such file".into())), Said::OomKills(Some(3)), Said::Done]);
        let console = Console::new(&text);
        assert!(console.is_done && console.panic.is_none());
        assert_eq!((console.up, console.oom_kills), (Some(2.31), Some(3)));
        let ends: Vec<_> = console.commands.iter().map(|command| command.end.clone().unwrap()).collect();
        assert_eq!(ends, [End::Code(0), End::Signal(7), End::NotRun("No such file".into())]);
        assert_eq!(console.commands[0].text, "one\nguest: not ours\nopen line\n");
        assert!(ends[1].to_string().contains("SIGBUS") && ends[2].to_string().contains("No such file"));
    }

    #[test]
    fn where_it_stopped_is_told() {
        let doing = |words: &[Said]| Console::new(&(said(words) + "half a li")).doing();
        let run = || Said::Run("/bin/a".into());
        assert_eq!(doing(&[]), "it had not started process 1");
        assert_eq!(doing(&[Said::Up(1.0)]), "it had run nothing");
        assert_eq!(doing(&[Said::Up(1.0), run()]), "it was running /bin/a");
        assert_eq!(doing(&[Said::Up(1.0), run(), Said::End(End::Code(1))]), "it had run /bin/a");
        let text = said(&[run()]) + "[    3.1] Kernel panic - not syncing: Attempted to kill init!\nmore\n";
        assert_eq!(Console::new(&text).panic.as_deref(), Some("not syncing: Attempted to kill init!"));
    }
}
