//! Whose process this is: the owner of the store, by the system's word. What the environment claims
//! is the last resort, and only a name to show.

use crate::domain::person::Person;
use crate::text::safe::Safe;

/// The owner of this process.
#[must_use]
pub fn owner() -> Person {
    let uid = rustix::process::geteuid().as_raw();
    let listed = std::fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|text| name_of(&text, uid));
    let name = listed.or_else(|| {
        ["USER", "LOGNAME"]
            .iter()
            .find_map(|key| std::env::var(key).ok())
    });
    let name = name
        .map(|name| Safe::new(&name))
        .filter(|name| !name.is_empty());
    Person::Owner(name.unwrap_or_else(|| Safe::new(&format!("user {uid}"))))
}

/// The number of this process.
#[must_use]
pub fn pid() -> u32 {
    std::process::id()
}

fn name_of(listing: &str, uid: u32) -> Option<String> {
    listing.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_by_number() {
        let listing = "root:x:0:0:root:/root:/bin/sh\nbroken\nana:x:501:501::/home/ana:/bin/sh\n";
        assert_eq!(name_of(listing, 501).as_deref(), Some("ana"));
        assert_eq!(name_of(listing, 50), None);
        assert!(!owner().to_string().is_empty());
    }
}
