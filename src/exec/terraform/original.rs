//! The original program makes the Terraform of a node: from the files where they lie, as long as they
//! are those that were asked for. What it makes is taken as it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::folder::{OWN, digest};
use super::{Hand, Tool, laid_out};
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::plan::Output;
use crate::domain::request::{SourceBundle, SourceFile};
use crate::forms::terraform::Original;
use crate::os::open;

impl Hand {
    /// Has the program make the Terraform of all nodes, and lays out that of this one.
    pub(super) async fn original(
        &self,
        tool: &Tool<'_>,
        original: &Original,
    ) -> Result<Output, Failure> {
        are_as_asked(&original.files)?;
        tool.lasting.set_laid(None)?;
        let config = Path::new(&original.config);
        let folder = config.parent().unwrap_or(Path::new("/"));
        let name = config.file_name().unwrap_or_default().to_string_lossy();
        let made = tool.lasting.made(tool.job)?;
        let out = made.to_string_lossy();
        let arguments = ["generate", "--file", &name, "--output-path", &out];
        self.called_in(tool, folder, &original.program, &arguments, &[0])
            .await?;
        // Who changed them meanwhile would have it make another thing than was shown.
        are_as_asked(&original.files)?;
        let node = tool.params.node.as_str();
        let bundle = taken(&made, node)
            .map_err(|why| {
                let hint = "it is called as `mach-composer generate --file FILE --output-path DIR`, and writes DIR/NAME/SITE/main.tf, of a component with a state of its own DIR/NAME/SITE/COMPONENT/main.tf";
                Failure::new(format!("{}: {why}", original.program)).hint(hint)
            })?;
        let laid = tool.lasting.lay_out(&bundle)?;
        if laid.written > 0 {
            // What was fetched may be for others.
            tool.lasting.set_ready(None)?;
        }
        tool.lasting.set_laid(tool.params.files())?;
        Ok(laid_out(tool, &laid))
    }
}

/// The files are those of the release.
fn are_as_asked(files: &BTreeMap<String, Digest>) -> Result<(), Failure> {
    for (path, was) in files {
        if digest(Path::new(path)).ok() != Some(*was) {
            let says = format!("{path} is not as it was when this release was asked for");
            let hint = "the original program reads it where it lies: bring that version back, or deploy the files as they are";
            return Err(Failure::new(says).hint(hint).as_before());
        }
    }
    Ok(())
}

/// The files of a node in what was made: its own folder, without those of other nodes within it.
fn taken(made: &Path, node: &str) -> Result<SourceBundle, String> {
    let io = |why: std::io::Error| why.to_string();
    let configurations: Vec<PathBuf> = fs::read_dir(made)
        .map_err(io)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    let [own] = &configurations[..] else {
        return Err(format!("it made {} folders, not one", configurations.len()));
    };
    let mut bundle = SourceBundle::default();
    let mut folders = vec![(own.join(node), node.to_owned())];
    while let Some((folder, name)) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|why| format!("it made nothing for {node}: {why}"))?;
        for entry in entries {
            let path = entry.map_err(io)?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let below = format!("{name}/{file}");
            if path.is_file() {
                let bytes = open::bytes(&path).map_err(|why| why.to_string())?;
                let executable = false;
                bundle.files.insert(below, SourceFile { bytes, executable });
            } else if path.is_dir() && !path.join(OWN).exists() {
                folders.push((path, below));
            }
        }
    }
    if bundle.files.contains_key(&format!("{node}/{OWN}")) {
        Ok(bundle)
    } else {
        Err(format!("it made no {OWN} for {node}"))
    }
}
