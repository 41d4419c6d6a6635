//! A PostgreSQL of the tests' own: Debian's programs, a temporary folder, a socket in it and a port of its own. Without them these tests fail.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A server that ends with this value.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

/// The user of the database, and of its process where the tests run as root, which PostgreSQL refuses.
const USER: &str = "postgres";

impl Postgres {
    /// Makes a cluster and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("neuvo-pg").tempdir_in("/tmp").unwrap();
        fs_err::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postgres = Self { programs: programs(), folder, port };
        let data = postgres.data();
        postgres.run("initdb", &["-D", &data, "-A", "trust", "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C"]);
        postgres.up();
        postgres
    }

    /// Starts the server, which may have been stopped, and waits until it answers.
    pub(crate) fn up(&self) {
        let socket = self.folder.path().to_str().unwrap();
        let options = format!("-k {socket} -c listen_addresses=127.0.0.1 -p {} -c max_connections=200", self.port);
        let log = format!("{socket}/log");
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log, "-w", "-o", &options, "start"]);
    }

    /// Stops the server without saying goodbye to anyone.
    pub(crate) fn down(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Makes an empty database and gives its address.
    pub(crate) fn database(&self, name: &str) -> String {
        let socket = self.folder.path().to_str().unwrap();
        self.run("createdb", &["-h", socket, "-p", &self.port.to_string(), "-U", USER, name]);
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let done = self.command(program, arguments).status().unwrap();
        assert!(done.success(), "{program} failed: {done}");
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let path = self.programs.join(program);
        let is_root = std::os::unix::fs::MetadataExt::uid(&fs_err::metadata("/proc/self").unwrap()) == 0;
        let mut command = if is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", USER, "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.args(arguments).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may be down already.
        let _ = self.command("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]).status();
    }
}

/// The newest version that is installed.
fn programs() -> PathBuf {
    let installed = fs_err::read_dir("/usr/lib/postgresql").map(|entries| {
        entries.map(|entry| entry.unwrap().path().join("bin")).filter(|bin| is_there(&bin.join("initdb"))).max()
    });
    match installed {
        Ok(Some(bin)) => bin,
        _ => panic!("there is no PostgreSQL under /usr/lib/postgresql: install it with `make tools`"),
    }
}

fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap()
}
