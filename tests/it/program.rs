//! The program as a script meets it: an estate in a folder of its own, a store of its own, an
//! environment with nothing in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use portable_pty::CommandBuilder;
use serde_json::Value;
use tempfile::TempDir;

/// The program with its folders.
pub(crate) struct Program {
    folder: TempDir,
    practice: bool,
}

/// What a run gave.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    /// On the practice estate.
    pub(crate) fn practice() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            practice: true,
        }
    }

    /// With these files as the estate's folder; one is `holdpoint.yaml`.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let program = Self {
            folder: TempDir::new().unwrap(),
            practice: false,
        };
        for (path, text) in files {
            program.write(path, text);
        }
        program
    }

    /// Writes a file of the estate's folder; what lies below `bin/` may be run.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let file = self.estate().with_file_name(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        if path.starts_with("bin/") {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// The estate file.
    pub(crate) fn estate(&self) -> PathBuf {
        self.folder.path().join("estate/holdpoint.yaml")
    }

    /// The folder of the store.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The program's own path.
    pub(crate) fn path() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_holdpoint"))
    }

    /// A command with the estate and the store named.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(Self::path());
        command.env_clear().envs(variables(self.folder.path()));
        command
            .args(self.places())
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }

    /// The same for a terminal.
    pub(crate) fn in_terminal(&self, arguments: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(Self::path());
        command.env_clear();
        for (name, value) in variables(self.folder.path()) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.args(self.places());
        command.args(arguments);
        command.cwd(self.folder.path());
        command
    }

    fn places(&self) -> Vec<OsString> {
        let mut places = vec!["--home".into(), self.home().into()];
        if !self.practice {
            places.extend(["--estate".into(), self.estate().into()]);
        }
        places
    }

    /// The processes that work for this store: its engine, its embedded cloud, keepers and their
    /// tools.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let place = self.folder.path().to_string_lossy().into_owned();
        let ids = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        let named = ids.filter_map(|id| {
            Some((
                id,
                String::from_utf8(std::fs::read(format!("/proc/{id}/cmdline")).ok()?).ok()?,
            ))
        });
        named
            .filter(|(_, line)| line.contains(&place))
            .map(|(id, line)| Process {
                id,
                line: line.replace('\0', " "),
            })
            .collect()
    }

    /// Runs a verb to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(arguments)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        Run {
            command: arguments.join(" "),
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// What was started lives on in the background, as it should; a test leaves nothing behind.
impl Drop for Program {
    fn drop(&mut self) {
        for process in self.processes() {
            process.kill();
        }
    }
}

/// A process in the background.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) id: i32,
    pub(crate) line: String,
}

impl Process {
    /// Ends it with -9, as a crash would.
    pub(crate) fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// Asks it to end, as a service manager would.
    pub(crate) fn ask_to_end(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Stops it, or lets it go on.
    pub(crate) fn stop(&self, stop: bool) {
        self.signal(if stop {
            rustix::process::Signal::STOP
        } else {
            rustix::process::Signal::CONT
        });
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(id) = rustix::process::Pid::from_raw(self.id) {
            let _ = rustix::process::kill_process(id, signal);
        }
    }
}

impl Run {
    /// Fails with all that was said unless the exit code is this one.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "`{}` ended with {}\n{}\n{}",
            self.command, self.code, self.out, self.err
        );
        self
    }

    /// The last line of JSON, or the one document.
    pub(crate) fn json(&self) -> Value {
        let whole = serde_json::from_str(&self.out).ok();
        let last = || {
            self.out
                .lines()
                .rev()
                .find_map(|line| serde_json::from_str(line).ok())
        };
        whole.or_else(last).unwrap_or_else(|| {
            panic!(
                "`{}` gave no JSON:\n{}\n{}",
                self.command, self.out, self.err
            )
        })
    }
}

/// All variables that the program is given in a test: what the shell of whoever runs the tests
/// holds is in none of them.
pub(crate) fn variables(folder: &Path) -> [(&'static str, String); 3] {
    [
        ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
        ("HOME", folder.to_string_lossy().into_owned()),
        ("LANG", "C.UTF-8".into()),
    ]
}
