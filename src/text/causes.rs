//! An error with its causes, as one sentence.

use std::error::Error;

/// What an error says, and what each of its causes says that was not said by then.
#[must_use]
pub fn causes(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let says = cause.to_string();
        if !said.contains(says.trim()) {
            said = format!("{said}: {says}");
        }
        next = cause.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Wrong {
        #[error("shop.yaml cannot be read: {0}")]
        Told(#[source] io::Error),
        #[error("the engine cannot start")]
        Plain(#[source] Box<Wrong>),
    }

    #[test]
    fn what_an_error_says_of_its_cause_is_said_once() {
        let told = || Wrong::Told(io::Error::other("it is a folder"));
        let once = "shop.yaml cannot be read: it is a folder";
        assert_eq!(causes(&told()), once);
        assert_eq!(
            causes(&Wrong::Plain(Box::new(told()))),
            format!("the engine cannot start: {once}")
        );
    }
}
