//! Whether the estate file and the store agree about an environment. A console whose file differs
//! shows that and changes nothing there.

use crate::domain::ids::EnvName;

use super::World;

/// How the estate file and the store stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// They agree.
    Same,
    /// The file has it, the store does not yet: `holdpoint apply` records it.
    New,
    /// The store has it, the file does not.
    NotInFile,
    /// Both have it, with these differences: `class prod -> staging` (store, then file).
    Different(Vec<String>),
}

impl Differs {
    /// True where the two say different things; what the store has not heard of yet is only new.
    #[must_use]
    pub fn disagree(&self) -> bool {
        match self {
            Differs::Same | Differs::New => false,
            Differs::NotInFile | Differs::Different(_) => true,
        }
    }

    /// Why nothing can be changed there from here, with what to do; `None` when it can.
    #[must_use]
    pub fn refuses(&self, env: &EnvName) -> Option<String> {
        match self {
            Differs::Same => None,
            Differs::New => Some(format!("{env} is not recorded yet; run `holdpoint apply`")),
            Differs::NotInFile => Some(format!(
                "the estate file in use does not name {env}; use the file that does, or read only"
            )),
            Differs::Different(what) => Some(format!(
                "DIFFERS: the estate file says otherwise of {env} than the store ({}); run `holdpoint apply`, or use the newer file",
                what.join(", ")
            )),
        }
    }
}

impl World {
    /// How the estate file and the store stand to each other about an environment.
    #[must_use]
    pub fn differs(&self, env: &EnvName) -> Differs {
        let kept = self
            .folds
            .environments
            .get(env)
            .and_then(|fold| fold.record.as_ref());
        match (kept, self.catalog.environments.get(env)) {
            (Some(kept), Some(file)) if kept == file => Differs::Same,
            (Some(kept), Some(file)) => Differs::Different(kept.differences(file)),
            (None, Some(_)) => Differs::New,
            (Some(_) | None, None) => Differs::NotInFile,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::class::EnvClass;
    use crate::domain::environment::EnvironmentRecord;
    use crate::world::fixture;

    #[test]
    fn says_what_is_different_and_what_to_do() {
        let kept = fixture::record(EnvClass::Production);
        let file = EnvironmentRecord {
            class: EnvClass::Staging,
            ..fixture::in_account(&kept, "000000000001")
        };
        let differs = Differs::Different(kept.differences(&file));
        let text = differs.refuses(&"prod".parse().unwrap()).unwrap();
        assert!(
            text.contains("class prod -> staging")
                && text.contains("account")
                && text.contains("holdpoint apply"),
            "{text}"
        );
        assert_eq!(Differs::Same.refuses(&"prod".parse().unwrap()), None);
    }
}
