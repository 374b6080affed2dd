//! What a node is made of beside Terraform: the artifacts that its modules take from where components
//! publish them. None of it is brought here; whether it is there is known before anything is planned.

use super::tool::Tool;
use crate::aws::registered;
use crate::domain::failure::Failure;
use crate::domain::line::Severity;
use crate::exec::job;
use crate::hosts::images;
use crate::text::safe::Safe;

/// Looks whether the artifacts of its components are there.
pub(super) async fn artifacts(tool: &Tool<'_>) -> Result<(), Failure> {
    let job = tool.job;
    if tool.params.artifacts.is_empty() {
        return Ok(());
    }
    let cloud = job::cloud(tool.clients, job).await?;
    for (component, of) in &tool.params.artifacts {
        let version = &of.version;
        let found = registered::version(&cloud, &of.registry, component, version).await?;
        let mut all = Vec::new();
        if let Some(artifact) = &found.artifact {
            registered::is_there(&cloud, artifact).await?;
            all.push(format!("{}, {} bytes", artifact.at, artifact.bytes));
        }
        if let Some(image) = &found.image {
            match images::digest(image.as_str(), None).await {
                Ok(Some(_)) => all.push(image.to_string()),
                Ok(None) => {
                    let says = format!("{component} {version}: {image} is not there any more");
                    let hint = "publish a newer version of it, and take that";
                    return Err(Failure::new(says).hint(hint));
                }
                // Whoever runs it may have a way there that we have not.
                Err(why) => all.push(format!("{image} (not looked at: {})", why.summary)),
            }
        }
        let says = match &all[..] {
            [] => format!("{version} is registered, and has no artifact"),
            all => format!("{version} is there: {}", all.join("; ")),
        };
        let part = format!("FetchArtifact({component})");
        job.port.line(0, Severity::Info, &part, Safe::new(&says));
    }
    Ok(())
}
