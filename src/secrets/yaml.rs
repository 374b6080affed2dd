//! `yaml:/whole/path#/steps`: a value in a YAML file on the machine of the engine; where SOPS
//! encrypted the file, the tool decrypts it to memory. A step into a mapping is a key; one into a
//! list is `KEY=VALUE`, the item of which that is said, or its number. `~0` stands for `~`, `~1` for
//! `/`, `~2` for `#`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Given, SecretKind};
use crate::domain::masks::Secret;
use crate::os::{open, sops};
use crate::text::document::{self, Content, Limits, Node};

/// What a file may be at most.
const LIMITS: Limits = Limits {
    bytes: 16 << 20,
    depth: 64,
    nodes: 2_000_000,
    aliases: true,
};
/// What to do about a value that is not there.
const HINT: &str = "put it back where it was, or deploy again from the files as they are now";

/// The kind.
#[derive(Debug)]
pub(super) struct Yaml;

impl SecretKind for Yaml {
    fn scheme(&self) -> &'static str {
        "yaml"
    }

    fn form(&self) -> &'static str {
        "yaml:/whole/path#/key/key"
    }

    fn check(&self, name: &str) -> Result<(), String> {
        parted(name).map(|_| ())
    }

    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Given> {
        async move {
            let all = self.read_all(vec![name.to_owned()]).await;
            let none = || Err((String::new(), String::new()));
            all.into_iter().next().unwrap_or_else(none)
        }
        .boxed()
    }

    /// Each file is read, and decrypted, once.
    fn read_all(&self, names: Vec<String>) -> BoxFuture<'_, Vec<Given>> {
        async move {
            let many = names.len();
            let read = tokio::task::spawn_blocking(move || {
                let mut files = BTreeMap::new();
                names
                    .iter()
                    .map(|name| value(name, &mut files))
                    .collect::<Vec<_>>()
            });
            read.await.unwrap_or_else(|why| {
                std::iter::repeat_with(|| Err((why.to_string(), String::new())))
                    .take(many)
                    .collect()
            })
        }
        .boxed()
    }
}

/// A name as the file and the steps in it.
fn parted(name: &str) -> Result<(PathBuf, Vec<String>), String> {
    let (path, steps) = name
        .rsplit_once("#/")
        .ok_or_else(|| format!("{name:?} does not say where in its file it is: PATH#/key/key"))?;
    super::file::whole(path)?;
    let steps = steps.split('/').map(|step| {
        let step = step.replace("~2", "#").replace("~1", "/");
        step.replace("~0", "~")
    });
    Ok((PathBuf::from(path), steps.collect()))
}

/// What a file says, or why nobody knows.
type Read = Result<Node, (String, String)>;

fn value(name: &str, files: &mut BTreeMap<PathBuf, Read>) -> Given {
    let (path, steps) = parted(name).map_err(|why| (why, String::new()))?;
    let root = files
        .entry(path.clone())
        .or_insert_with(|| root(&path))
        .as_ref()
        .map_err(Clone::clone)?;
    let missing = |step: &str| {
        let why = format!("{} has no {step:?} where it was", path.display());
        (why, HINT.to_owned())
    };
    let mut node = root;
    for step in &steps {
        node = below(node, step).ok_or_else(|| missing(step))?;
    }
    match &node.content {
        Content::Scalar { text, .. } => Ok(Secret::new(text.clone())),
        Content::List(_) | Content::Map(_) => {
            let why = format!("{} has {} there", path.display(), node.word());
            Err((why, HINT.to_owned()))
        }
    }
}

fn below<'a>(node: &'a Node, step: &str) -> Option<&'a Node> {
    if let Content::Map(_) = node.content {
        return node.get(step);
    }
    if let Some((key, named)) = step.split_once('=') {
        let is_it = |item: &&Node| item.get(key).and_then(Node::text) == Some(named);
        return node.items().iter().find(is_it);
    }
    node.items().get(step.parse::<usize>().ok()?)
}

fn root(path: &Path) -> Read {
    let unreadable = |why: String| {
        let why = format!("{} cannot be read: {why}", path.display());
        (
            why,
            "the file that was deployed must be there still".to_owned(),
        )
    };
    let bytes = open::bytes(path).map_err(|why| unreadable(why.to_string()))?;
    let named = path.display().to_string();
    let read = |bytes: &[u8]| {
        let root = document::read(&named, bytes, LIMITS).map(|(_, root)| root);
        // What is wrong with it quotes it.
        root.map_err(|_| unreadable("it is no YAML that can be read".to_owned()))
    };
    let root = read(&bytes)?;
    if root.get("sops").is_none_or(|own| own.get("mac").is_none()) {
        return Ok(root);
    }
    let opened = sops::decrypted(path).map_err(|why| {
        let says = format!("{}: {why}", path.display());
        (says, why.hint().to_owned())
    })?;
    read(&opened)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(path: &Path, steps: &str) -> Given {
        Yaml.read(&format!("{}#/{steps}", path.display())).await
    }

    #[tokio::test]
    async fn a_value_is_found_by_what_names_it_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.yml");
        let site = |name: &str| {
            format!("  - {{ identifier: {name}, secrets: {{ \"a/b\": {name}-hunter }} }}\n")
        };
        let steps = "sites/identifier=nl/secrets/a~1b";
        for order in [["nl", "de"], ["de", "nl"]] {
            let text = format!("sites:\n{}{}", site(order[0]), site(order[1]));
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path, steps).await.unwrap().reveal(), "nl-hunter");
        }
        let (why, hint) = read(&path, "sites/identifier=at/secrets/a~1b")
            .await
            .unwrap_err();
        assert!(
            why.contains("has no \"identifier=at\"") && !hint.is_empty(),
            "{why}"
        );
        let (why, _) = read(&path, "sites/0").await.unwrap_err();
        assert!(
            why.contains("a mapping") && !why.contains("hunter"),
            "{why}"
        );
        std::fs::write(&path, "hunter: [").unwrap();
        let (why, _) = read(&path, steps).await.unwrap_err();
        assert!(why.contains("no YAML") && !why.contains("hunter"), "{why}");
    }

    #[test]
    fn a_name_has_a_whole_path_and_steps() {
        assert!(Yaml.check("/a/b.yml#/x/y").is_ok());
        for bad in ["/a/b.yml", "a.yml#/x", "/a/../b#/x"] {
            assert!(Yaml.check(bad).is_err(), "{bad}");
        }
    }
}
