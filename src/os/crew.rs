//! Commands that belong together and are run one after the other by a shell: each keeps the folder
//! and the exported variables of the one before it, what one leaves running goes on beside the next,
//! and all of it is one process group, which ends when this is dropped, and when this program is
//! killed. What they write comes line by line, in the order in which it was written.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::child::Exit;
use super::{child, files, random};

/// The shell.
const SHELL: &str = "/bin/sh";
/// It leads the group, and ends it once the other end of its input is gone: with this program.
const LEADER: &str = "read -r _; kill -KILL 0";
/// Runs a command where the one before it ended, and keeps where it ends. Its arguments are the
/// folder of what is kept, the command, and assignments.
const COMMAND: &str = r#"_kept=$1 _command=$2
shift 2
[ ! -f "$_kept/variables" ] || . "$_kept/variables"
cd "$(cat "$_kept/folder")" || exit 1
for _set; do export "$_set"; done
set --
trap '_code=$?; export -p >"$_kept/variables"; pwd >"$_kept/folder"; exit $_code' EXIT
eval "$_command""#;
/// A longer line is given in pieces.
const LINE: u64 = 64 << 10;
/// So many lines wait to be taken; then the command waits.
const WAITING: usize = 1_024;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line, without its end.
    Line(String),
    /// The command that was ended with [`Crew::over`] wrote no more.
    Over,
}

/// Such commands.
#[derive(Debug)]
pub struct Crew {
    leader: Child,
    group: u32,
    kept: PathBuf,
    variables: BTreeMap<String, String>,
    says: PipeWriter,
    mark: String,
}

impl Drop for Crew {
    fn drop(&mut self) {
        child::kill(self.group);
        // It is waited for by the runtime.
        let _ = self.leader.try_wait();
    }
}

impl Crew {
    /// Nothing runs yet. `kept` is a folder of their own for what one tells the next; the first of
    /// them begins in `folder`, with exactly these variables.
    ///
    /// # Errors
    /// No process can be started, or the folder cannot be used.
    pub fn start(
        kept: &Path,
        folder: &Path,
        variables: BTreeMap<String, String>,
    ) -> io::Result<(Self, mpsc::Receiver<Said>)> {
        files::private_folder(kept)?;
        let begins = [folder.as_os_str().as_encoded_bytes(), b"\n"].concat();
        files::write_whole(&kept.join("folder"), &begins)?;
        let mark = format!("\0{}", hex::encode(random::bytes::<16>()?));
        let (reads, says) = io::pipe()?;
        let (to, lines) = mpsc::channel(WAITING);
        let known = mark.clone();
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || read(reads, &known, &to))?;
        let leader = Command::new(SHELL)
            .args(["-c", LEADER])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = leader.id().ok_or_else(|| io::Error::other("it is gone"))?;
        let crew = Self {
            leader,
            group,
            kept: kept.to_owned(),
            variables,
            says,
            mark,
        };
        Ok((crew, lines))
    }

    /// Begins a command, with these variables beside those that the one before it left.
    ///
    /// # Errors
    /// No process can be started.
    pub fn run(&self, command: &str, set: &BTreeMap<String, String>) -> io::Result<Running> {
        let group = i32::try_from(self.group).map_err(io::Error::other)?;
        let running = Command::new(SHELL)
            .args(["-c", COMMAND, "sh"])
            .arg(&self.kept)
            .arg(command)
            .args(set.iter().map(|(name, value)| format!("{name}={value}")))
            .env_clear()
            .envs(&self.variables)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(self.says.try_clone()?)
            .stderr(self.says.try_clone()?)
            .process_group(group)
            .spawn()?;
        Ok(Running(running))
    }

    /// After a command has ended: once all that it wrote was given, [`Said::Over`] is. It does not wait
    /// for that, because whoever takes the lines may be the caller.
    ///
    /// # Errors
    /// Nothing can be written any more.
    pub fn over(&self) -> io::Result<()> {
        let (mut says, mark) = (self.says.try_clone()?, format!("\n{}\n", self.mark));
        // What was written before it may fill the pipe; where nobody reads, nobody waits for it.
        tokio::task::spawn_blocking(move || says.write_all(mark.as_bytes()));
        Ok(())
    }
}

/// A command that runs.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// How it ends.
    ///
    /// # Errors
    /// The system does not say.
    pub async fn ended(&mut self) -> io::Result<Exit> {
        let status: ExitStatus = self.0.wait().await?;
        Ok(Exit {
            code: status.code(),
            signal: status.signal(),
        })
    }
}

/// The folder is gone with all that is in it, as far as it can be removed.
pub fn clear(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// Gives lines until nobody writes or nobody takes them any more.
fn read(from: PipeReader, mark: &str, to: &mpsc::Sender<Said>) {
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    // A line is cut in pieces; an empty one may be the end that a mark brings with it.
    let (mut is_cut, mut is_held) = (false, false);
    let give = |said| to.blocking_send(said).is_ok();
    loop {
        line.clear();
        match (&mut from).take(LINE).read_until(b'\n', &mut line) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let was_cut = std::mem::replace(&mut is_cut, line.last() != Some(&b'\n'));
        if !is_cut {
            line.pop();
        }
        if line == mark.as_bytes() {
            is_held = false;
            if !give(Said::Over) {
                return;
            }
            continue;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if std::mem::take(&mut is_held) && !give(Said::Line(String::new())) {
            return;
        }
        is_held = line.is_empty() && !was_cut;
        let text = String::from_utf8_lossy(&line).into_owned();
        if !line.is_empty() && !give(Said::Line(text)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stage {
        _folder: tempfile::TempDir,
        crew: Crew,
        lines: mpsc::Receiver<Said>,
    }

    fn stage() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let path = "/usr/local/bin:/usr/bin:/bin".to_owned();
        let variables = BTreeMap::from([
            ("PATH".to_owned(), path),
            ("STAGE".to_owned(), "it's live".to_owned()),
        ]);
        let kept = folder.path().join("kept");
        let (crew, lines) = Crew::start(&kept, folder.path(), variables).unwrap();
        Stage {
            _folder: folder,
            crew,
            lines,
        }
    }

    impl Stage {
        async fn run(&mut self, command: &str) -> (Option<i32>, Vec<String>) {
            let set = BTreeMap::from([("NTH".to_owned(), "1".to_owned())]);
            let mut running = self.crew.run(command, &set).unwrap();
            let exit = running.ended().await.unwrap();
            self.crew.over().unwrap();
            let mut said = Vec::new();
            while let Some(Said::Line(line)) = self.lines.recv().await {
                said.push(line);
            }
            (exit.code, said)
        }
    }

    #[tokio::test]
    async fn each_command_goes_on_where_the_one_before_it_ended() {
        let mut stage = stage();
        for (command, code, said) in [
            (
                "echo \"$STAGE\" $NTH; echo b >&2",
                0,
                &["it's live 1", "b"][..],
            ),
            ("mkdir a; cd a; export B='x y' C=1; own=2", 0, &[]),
            (
                "basename \"$PWD\"; echo \"$B$own\"; printf 'no end'; exit 3",
                3,
                &["a", "x y", "no end"],
            ),
            ("cd ..; unset C; false", 1, &[]),
            ("ls; echo ${C-none} $#", 0, &["a", "kept", "none 0"]),
            ("echo; echo x; echo", 0, &["", "x", ""]),
            ("fi", 2, &[]),
        ] {
            let (exit, lines) = stage.run(command).await;
            assert_eq!(exit, Some(code), "{command}: {lines:?}");
            if !said.is_empty() {
                assert_eq!(lines, said, "{command}");
            }
        }
        let (_, all) = stage.run("export -p").await;
        let other = all
            .iter()
            .filter(|line| line.contains("CARGO") || line.contains("HOME="));
        assert_eq!(other.count(), 0, "{all:?}");
    }

    #[tokio::test]
    async fn what_is_left_running_goes_on_and_ends_with_all() {
        let mut stage = stage();
        let (exit, said) = stage.run("sleep 600 & echo $!").await;
        assert_eq!(exit, Some(0));
        let pid = &said[0];
        let (exit, _) = stage.run(&format!("kill -0 {pid}")).await;
        assert_eq!(exit, Some(0), "it runs beside the next command");
        let group = stage.crew.group;
        drop(stage);
        while child::group_lives(group) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn all_ends_once_the_other_end_of_the_leader_is_gone() {
        let mut stage = stage();
        let mut running = stage
            .crew
            .run("echo up; sleep 600", &BTreeMap::new())
            .unwrap();
        assert_eq!(stage.lines.recv().await, Some(Said::Line("up".to_owned())));
        drop(stage.crew.leader.stdin.take());
        assert_eq!(running.ended().await.unwrap().signal, Some(9));
    }

    #[tokio::test]
    async fn a_long_line_comes_in_pieces() {
        let mut stage = stage();
        let (_, said) = stage.run("yes | tr -d '\\n' | head -c 100000").await;
        let lengths: Vec<usize> = said.iter().map(String::len).collect();
        assert_eq!(lengths, [65_536, 100_000 - 65_536]);
    }
}
