//! The variables on which the way to AWS depends, in one place: those of a shell where no profile
//! is named, and only what a named profile itself needs where one is. So a profile signs the same
//! everywhere, and a test meets nobody's shell.

use std::collections::HashMap;

use aws_types::os_shim_internal::Env;

/// Says where the shared AWS configuration is.
const FILES: [&str; 3] = ["HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
/// How a container is given the keys of its task.
const CONTAINER: [&str; 4] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/// Takes the keys of the machine away from whoever would fall back on them.
const NO_MACHINE: &str = "AWS_EC2_METADATA_DISABLED";

/// Variables as one process has them.
#[derive(Debug, Clone)]
pub struct Variables(Env);

impl Variables {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self(Env::real())
    }

    /// These and no others; the keys of the machine are out of reach.
    #[must_use]
    pub fn only(these: &[(&str, &str)]) -> Self {
        let these = these
            .iter()
            .chain([&(NO_MACHINE, "true")])
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self(these.collect::<HashMap<_, _>>().into())
    }

    /// All of them.
    pub(super) fn all(&self) -> Env {
        self.0.clone()
    }

    /// Those that say where the configuration is.
    pub(super) fn of_files(&self) -> Vec<(&'static str, String)> {
        let all = FILES.iter();
        all.filter_map(|name| Some((*name, self.0.get(name).ok()?)))
            .collect()
    }

    /// Where the configuration is, and nothing else.
    pub(super) fn files(&self) -> Env {
        self.some(FILES.iter(), true)
    }

    /// What a profile needs that takes its keys from the machine that it runs on.
    pub(super) fn with_machine(&self) -> Env {
        self.some(FILES.iter(), false)
    }

    /// What a profile needs that takes its keys from the container that it runs in.
    pub(super) fn with_container(&self) -> Env {
        self.some(FILES.iter().chain(&CONTAINER), true)
    }

    fn some<'a>(&self, names: impl Iterator<Item = &'a &'a str>, no_machine: bool) -> Env {
        // A variable that is no text is none that the SDK could use.
        let mut these: HashMap<String, String> = names
            .filter_map(|name| Some(((*name).to_owned(), self.0.get(name).ok()?)))
            .collect();
        if no_machine {
            these.insert(NO_MACHINE.to_owned(), "true".to_owned());
        }
        these.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_sees_where_its_files_are_and_nothing_else() {
        let all = [
            "HOME",
            "AWS_CONFIG_FILE",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_ENDPOINT_URL",
            "AWS_ROLE_ARN",
            CONTAINER[0],
        ];
        let shell = Variables::only(&all.map(|name| (name, "x")));
        let seen = |env: &Env| {
            all.into_iter()
                .filter(|name| env.get(name).is_ok())
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&shell.files()), ["HOME", "AWS_CONFIG_FILE"]);
        assert_eq!(
            seen(&shell.with_container()),
            ["HOME", "AWS_CONFIG_FILE", CONTAINER[0]]
        );
        assert_eq!(seen(&shell.all()), all);
        assert!(
            shell.files().get(NO_MACHINE).is_ok() && shell.with_machine().get(NO_MACHINE).is_err()
        );
    }
}
