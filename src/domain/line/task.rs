//! What lines of a container of a task are of: the container, and the beginning of the task's id.

/// How many letters of an id tell a task.
const SHORT: usize = 8;
/// How many an id has.
const WHOLE: usize = 32;

/// The part of lines of a container in the task of that id.
#[must_use]
pub fn of_task(container: &str, id: &str) -> String {
    format!("{container} {}", short(id))
}

/// The beginning of a task's id.
#[must_use]
pub fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// The same of a log stream that a task writes: `prefix/container/id`. None of any other.
#[must_use]
pub fn of_stream(stream: &str) -> Option<String> {
    let (before, id) = stream.rsplit_once('/')?;
    let (_, container) = before.rsplit_once('/')?;
    let is_id = id.len() == WHOLE && is_hex(id);
    (is_id && !container.is_empty()).then(|| of_task(container, id))
}

/// Whether a part is of a container of a task.
#[must_use]
pub fn is_of_task(part: &str) -> bool {
    part.rsplit_once(' ')
        .is_some_and(|(container, id)| !container.is_empty() && id.len() == SHORT && is_hex(id))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_a_task_names_its_container_and_the_task() {
        const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        for (stream, part) in [
            (format!("ecs/web/{ID}"), Some("web 0a1b2c3d")),
            (format!("a/b/web/{ID}"), Some("web 0a1b2c3d")),
            (format!("web/{ID}"), None),
            ("ecs/web/i-0a1b2c3d".to_owned(), None),
            ("2026/01/01/[$LATEST]0a1b".to_owned(), None),
        ] {
            let told = of_stream(&stream);
            assert_eq!(told.as_deref(), part, "{stream}");
            assert!(told.is_none_or(|told| is_of_task(&told)), "{stream}");
        }
        assert!(!is_of_task("DOWNLOAD_SOURCE") && !is_of_task("#7 INSTALL"));
    }
}
