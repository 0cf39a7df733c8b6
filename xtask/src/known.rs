//! Names on a command line, of which there is a list.

/// `name` if it is one of `names`.
///
/// # Errors
///
/// One line with all of them.
pub(crate) fn known<'a>(
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<String, String> {
    let names: Vec<&str> = names.into_iter().collect();
    match names.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("no {what} {name:?}; there are {}", names.join(", "))),
    }
}
