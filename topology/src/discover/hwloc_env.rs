//! hwloc's environment variables: finds those that are to blame if hwloc does not show this machine.
//!
//! hwloc takes one source besides the system. If `HWLOC_COMPONENTS` is set, it alone decides. Otherwise hwloc
//! takes the first of [`SOURCES`] that is set and works. `HWLOC_THISSYSTEM` says whether the result counts as
//! this machine.

const COMPONENTS: &str = "HWLOC_COMPONENTS";
const THIS_SYSTEM: &str = "HWLOC_THISSYSTEM";
/// In the order in which hwloc tries them.
const SOURCES: [&str; 4] = ["HWLOC_FSROOT", "HWLOC_CPUID_PATH", "HWLOC_SYNTHETIC", "HWLOC_XMLFILE"];

/// The values of the variables, and which sources hwloc can use.
pub(crate) struct Variables<'a> {
    pub(crate) value: &'a dyn Fn(&str) -> Option<String>,
    /// Whether hwloc accepts this value of a source. It skips a source that does not work.
    pub(crate) works: &'a dyn Fn(&str, &str) -> bool,
}

impl Variables<'_> {
    /// Why hwloc describes another machine, and what to do about it.
    pub(crate) fn another_machine(&self) -> String {
        let mut names: Vec<&str> = self.source();
        if (self.value)(THIS_SYSTEM).is_some_and(|value| value == "0") {
            names.push(THIS_SYSTEM);
        }
        match names.len() {
            0 => "hwloc describes another machine, although no environment variable known here asks for that"
                .into(),
            1 => format!("{} makes hwloc describe another machine: unset it", self.listed(&names)),
            _ => format!("{} make hwloc describe another machine: unset them", self.listed(&names)),
        }
    }

    /// What to add to an error of hwloc; empty if no variable has a part in it.
    pub(crate) fn hint(&self) -> String {
        match self.source()[..] {
            [] if (self.value)(COMPONENTS).is_some() => {
                format!("; {} is set: unset it", self.listed(&[COMPONENTS]))
            }
            [] => String::new(),
            ref names => format!("; hwloc uses {}: unset it", self.listed(names)),
        }
    }

    /// A note, if variables were set that change what hwloc shows of this machine.
    pub(crate) fn note(&self) -> Option<String> {
        let all = [COMPONENTS, THIS_SYSTEM].into_iter().chain(SOURCES);
        let set: Vec<&str> = all.filter(|name| (self.value)(name).is_some()).collect();
        (!set.is_empty())
            .then(|| format!("hwloc may not show this machine as it is, because of {}", self.listed(&set)))
    }

    /// The variables that select the source; empty if the source is the system.
    fn source(&self) -> Vec<&'static str> {
        if let Some(components) = (self.value)(COMPONENTS) {
            let named = |component: &str| components.split(',').any(|name| name == component);
            return match () {
                () if named("synthetic") => vec![COMPONENTS, "HWLOC_SYNTHETIC"],
                () if named("xml") => vec![COMPONENTS, "HWLOC_XMLFILE"],
                () if (self.value)("HWLOC_FSROOT").is_some_and(|root| root != "/") => vec!["HWLOC_FSROOT"],
                () => vec![],
            };
        }
        let first = SOURCES.into_iter().find_map(|name| {
            let value = (self.value)(name)?;
            (self.works)(name, &value).then_some((name, value))
        });
        // The root of the system is the system itself.
        first
            .filter(|(name, value)| (*name, value.as_str()) != ("HWLOC_FSROOT", "/"))
            .map(|(name, _)| name)
            .into_iter()
            .collect()
    }

    /// The names and values of those variables that are set.
    fn listed(&self, names: &[&str]) -> String {
        let set = names.iter().filter_map(|name| Some(format!("{name}={:?}", (self.value)(name)?)));
        set.collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<R>(set: &[(&str, &str)], ask: impl FnOnce(&Variables<'_>) -> R) -> R {
        let value =
            |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let works = |_: &str, value: &str| value != "bad";
        ask(&Variables { value: &value, works: &works })
    }

    #[test]
    fn the_variable_that_hwloc_uses_is_named() {
        for (set, named) in [
            (&[("HWLOC_SYNTHETIC", "pu:4")][..], r#"HWLOC_SYNTHETIC="pu:4" makes"#),
            (&[("HWLOC_XMLFILE", "/x")], r#"HWLOC_XMLFILE="/x" makes"#),
            (&[("HWLOC_SYNTHETIC", "pu:4"), ("HWLOC_XMLFILE", "/x")], r#"HWLOC_SYNTHETIC="pu:4" makes"#),
            (&[("HWLOC_SYNTHETIC", "bad"), ("HWLOC_XMLFILE", "/x")], r#"HWLOC_XMLFILE="/x" makes"#),
            (&[("HWLOC_FSROOT", "/y"), ("HWLOC_SYNTHETIC", "pu:4")], r#"HWLOC_FSROOT="/y" makes"#),
            (&[("HWLOC_CPUID_PATH", "/c"), ("HWLOC_XMLFILE", "/x")], r#"HWLOC_CPUID_PATH="/c" makes"#),
            (&[("HWLOC_THISSYSTEM", "0")], r#"HWLOC_THISSYSTEM="0" makes"#),
            (&[("HWLOC_THISSYSTEM", "0"), ("HWLOC_XMLFILE", "bad")], r#"HWLOC_THISSYSTEM="0" makes"#),
            (
                &[("HWLOC_THISSYSTEM", "0"), ("HWLOC_SYNTHETIC", "pu:4")],
                r#"HWLOC_SYNTHETIC="pu:4" and HWLOC_THISSYSTEM="0" make"#,
            ),
            (
                &[("HWLOC_COMPONENTS", "xml"), ("HWLOC_SYNTHETIC", "pu:4"), ("HWLOC_XMLFILE", "/x")],
                r#"HWLOC_COMPONENTS="xml" and HWLOC_XMLFILE="/x" make"#,
            ),
            (&[], "no environment variable known"),
        ] {
            let said = with(set, |v| v.another_machine());
            assert!(said.starts_with(named) || set.is_empty() && said.contains(named), "{set:?}: {said}");
        }
    }

    #[test]
    fn hints_and_notes_name_the_variables_that_are_set() {
        assert_eq!(with(&[], |v| v.hint()), "");
        assert_eq!(
            with(&[("HWLOC_COMPONENTS", "stop")], |v| v.hint()),
            r#"; HWLOC_COMPONENTS="stop" is set: unset it"#
        );
        assert!(with(&[("HWLOC_XMLFILE", "/x")], |v| v.hint()).contains(r#"HWLOC_XMLFILE="/x""#));
        assert_eq!(with(&[], |v| v.note()), None);
        assert!(with(&[("HWLOC_COMPONENTS", "-linux")], |v| v.note()).unwrap().contains("-linux"));
    }
}
