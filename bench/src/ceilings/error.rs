//! Why there are no ceilings.

/// Why there are no ceilings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CeilingsError {
    /// The environment refuses: it lacks memory, pages or CPUs, or forbids pinning.
    Refused(String),
    /// Memory did not hold what was written to it.
    Broken(String),
}

impl CeilingsError {
    /// The program's exit code, and a line for the user.
    #[must_use]
    pub fn exit(self) -> (u8, String) {
        match self {
            Self::Refused(why) => (3, why),
            Self::Broken(why) => (1, why),
        }
    }
}

/// A check of what memory holds failed.
impl From<String> for CeilingsError {
    fn from(why: String) -> Self {
        Self::Broken(why)
    }
}
