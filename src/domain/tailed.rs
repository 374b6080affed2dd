//! What is tailed beside deployments, by the names that specs and screens have for it.

/// How the name of a project's builds begins; no log group has such a name.
const BUILDS: &str = "codebuild:";

/// Something that is tailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tailed<'a> {
    /// The log group of that name.
    Group(&'a str),
    /// The builds of that project, with their phases.
    Builds(&'a str),
}

impl<'a> Tailed<'a> {
    /// What has that name.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        name.strip_prefix(BUILDS)
            .map_or(Self::Group(name), Self::Builds)
    }

    /// The name of the builds of a project.
    #[must_use]
    pub fn builds(project: &str) -> String {
        format!("{BUILDS}{project}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_is_tailed() {
        let name = Tailed::builds("shop");
        assert_eq!(Tailed::of(&name), Tailed::Builds("shop"));
        assert_eq!(
            Tailed::of("/aws/codebuild/shop"),
            Tailed::Group("/aws/codebuild/shop")
        );
    }
}
