//! Reading containers and their variables.

use super::super::{Container, Demand, Image, Is, Variable};
use super::each;
use crate::systems::message::{Message, Reading, Word};

/// The name of the sidecar's container.
const SIDECAR: &str = "o5_runtime";

/// A container; `called` names one that has no name of its own.
pub(super) fn container(
    mut m: Message<'_>,
    called: Option<&str>,
    reading: &mut Reading<'_>,
) -> Option<Container> {
    let name = match called {
        None => m.needed("name", reading)?,
        Some(called) => m.text("name", reading).unwrap_or(Word {
            text: called.to_owned(),
            at: m.at,
        }),
    };
    m.called(format!("the container {}", name.text));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.text.len() > 255 || !name.text.chars().all(plain) {
        let says = format!("{:?} cannot be the name of a container", name.text);
        reading.say(name.at, says, "use letters, digits, '-' and '_'");
    } else if name.text == SIDECAR {
        let says = format!("{SIDECAR} is the name of the sidecar");
        reading.say(name.at, says, "give the container another name");
    }
    m.exactly_one(&["image_url", "image"], true, reading);
    let url = m.text("image_url", reading);
    if let Some(url) = &url {
        part_of_image(url, "image_url", &m, reading);
    }
    let own = m.message("image", reading);
    let image = url.map(|word| Image::Url(word.text)).or_else(|| {
        let mut m = own?;
        let name = m.needed("name", reading)?;
        let (tag, registry) = (m.text("tag", reading), m.text("registry", reading));
        for (key, part) in [
            ("name", Some(&name)),
            ("tag", tag.as_ref()),
            ("registry", registry.as_ref()),
        ] {
            if let Some(part) = part {
                part_of_image(part, key, &m, reading);
            }
        }
        let image = Image::Named {
            name: name.text,
            tag: tag.map(|word| word.text),
            registry: registry.map(|word| word.text),
        };
        m.end(reading);
        Some(image)
    });
    let sizes = [
        ("LIGHT", Demand::Light),
        ("MEDIUM", Demand::Medium),
        ("HEAVY", Demand::Heavy),
    ];
    let command = m.texts("command", reading);
    let variables = each("env_vars", &mut m, reading, variable);
    for (n, one) in variables.iter().enumerate() {
        if variables[..n]
            .iter()
            .any(|other| other.name.text == one.name.text)
        {
            let says = format!("{} has two variables {:?}", m.what(), one.name.text);
            reading.say(one.name.at, says, "take one of them out");
        }
    }
    let container = Container {
        command: command.into_iter().map(|word| word.text).collect(),
        demand: m
            .one_of("demand", "DEMAND_", &sizes, reading)
            .unwrap_or_default(),
        docker: m.switch("mount_docker_socket", reading),
        variables,
        image: image.unwrap_or_default(),
        name,
    };
    m.end(reading);
    Some(container)
}

fn variable(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Variable> {
    let name = m.needed("name", reading)?;
    m.called(format!("the variable {}", name.text));
    let fits = !name.text.starts_with(|c: char| c.is_ascii_digit())
        && name
            .text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !fits {
        let says = format!("{:?} cannot be the name of a variable", name.text);
        reading.say(
            name.at,
            says,
            "use letters, digits and '_', and no digit first",
        );
    }
    let kinds = [
        "value",
        "database",
        "blobstore",
        "env_map",
        "from_env",
        "secret",
        "o5",
    ];
    m.exactly_one(&kinds, true, reading);
    let value = m.text("value", reading);
    let database = m.message("database", reading);
    let blobstore = m.message("blobstore", reading);
    let from = m.message("from_env", reading);
    let secret = m.message("secret", reading);
    let of_o5 = m.one_of("o5", "O5_VAR_", &[("ADAPTER_ENDPOINT", ())], reading);
    m.unrendered("env_map", "o5 never gave it a meaning", reading);
    m.end(reading);
    let is = if let Some(value) = value {
        Some(Is::Value(value.text))
    } else if let Some(mut m) = database {
        let of = m.needed("database_name", reading);
        m.end(reading);
        of.map(Is::Database)
    } else if let Some(mut m) = blobstore {
        let of = m.needed("name", reading);
        let path = m.text("sub_path", reading);
        if !m.switch("s3_direct", reading) {
            let says = format!("{} does not say s3_direct: true", m.what());
            reading.say(m.at, says, "a bucket is given by its s3:// address alone");
        }
        m.end(reading);
        of.map(|of| Is::Blobstore(of, path.map(|word| word.text)))
    } else if let Some(mut m) = from {
        let of = m.needed("name", reading);
        m.end(reading);
        of.map(Is::Environment)
    } else if let Some(mut m) = secret {
        let (of, key) = (
            m.needed("secret_name", reading),
            m.needed("json_key", reading),
        );
        m.end(reading);
        of.zip(key).map(|(of, key)| Is::Secret(of, key))
    } else {
        of_o5.map(|()| Is::Adapter)
    };
    Some(Variable { name, is: is? })
}

/// Says where a part of the reference of an image cannot be one.
fn part_of_image(part: &Word, key: &str, m: &Message<'_>, reading: &mut Reading<'_>) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    if part.text.is_empty() || !part.text.chars().all(plain) || part.text.contains("://") {
        let says = format!("{key} of {} cannot be {:?}", m.what(), part.text);
        reading.say(
            part.at,
            says,
            "an image is REGISTRY/NAME:TAG, without spaces and without https://",
        );
    }
}
